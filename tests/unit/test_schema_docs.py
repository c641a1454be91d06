from pathlib import Path

from igwas.schema import FILE_KINDS, REASONS
from igwas.schema_docs import render, write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-model.md"


def test_the_committed_page_is_what_the_registry_gives():
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs` and commit the page"


def test_every_array_and_reason_is_on_the_page():
    page = render()
    for kind in FILE_KINDS:
        assert all(f"| `{array.path}` |" in page for array in kind.arrays)
    assert all(f"| {code} | `{name}` |" in page for code, (name, _) in REASONS.items())


def test_writing_gives_the_page(tmp_path):
    write(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == render()
