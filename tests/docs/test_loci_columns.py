from pathlib import Path

from igwas.loci.tables import COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "loci.md"


def test_every_column_of_loci_tsv_is_documented_with_its_meaning():
    text = PAGE.read_text()
    for name, meaning in COLUMNS.items():
        assert f"| `{name}` | {meaning} |" in text, name
