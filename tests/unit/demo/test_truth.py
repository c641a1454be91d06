from pathlib import Path

import pandas as pd
import pytest

from igwas.demo.truth import WINDOW_BP, compare_with_truth


def write(path: Path, rows: list[dict]) -> Path:
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return path


def planted(variant_id: str, position: int, phenotype: str, share: float, power: float) -> dict:
    return {"variant_id": variant_id, "chromosome": variant_id.split(":")[0], "position": position,
            "phenotype": phenotype, "variance_explained": share, "power": power}  # fmt: skip


def locus(test: str, chromosome: str, position: int, log10p: float) -> dict:
    return {"test": test, "chromosome": chromosome, "position": position,
            "lead_variant": f"{chromosome}:{position}", "log10p": log10p}  # fmt: skip


@pytest.fixture
def truth(tmp_path):
    return write(
        tmp_path / "truth.tsv",
        [
            planted("1:5000000", 5_000_000, "macula", 0.01, 0.4),
            planted("1:5000000", 5_000_000, "pigment", 0.2, 1.0),
            planted("X:9000000", 9_000_000, "cup_ratio", 0.15, 0.95),
            planted("2:5000000", 5_000_000, "pigment", 0.003, 0.01),
        ],
    )


def test_loci_are_matched_by_place_and_by_test(tmp_path, truth):
    loci = write(
        tmp_path / "loci.tsv",
        [
            locus("omnibus", "1", 5_000_000 + WINDOW_BP, 12),
            locus("minimum_p", "1", 5_000_100, 30),
            locus("both_eyes", "X", 9_000_000, 8),
            locus("omnibus", "2", 5_000_001 + WINDOW_BP, 9),
            locus("minimum_p", "9", 5_000_000, 10),
        ],
    )
    found = compare_with_truth(loci, truth)
    table = found.planted.set_index("variant_id")
    assert list(table.index) == ["1:5000000", "X:9000000", "2:5000000"]
    assert table["omnibus"].tolist() == [True, False, False]
    assert table["minimum p"].tolist() == [True, False, False]
    assert table["both eyes"].tolist() == [False, True, False]
    assert table.loc["1:5000000", "lead_variant"] == "1:5000100"
    assert found.false_loci["chromosome"].tolist() == ["2", "9"]
    assert (found.n_false("omnibus"), found.n_false("minimum p")) == (1, 1)
    assert found.n_loci == {"omnibus": 2, "minimum p": 2, "both eyes": 1}


def test_a_variant_stands_for_the_phenotype_that_it_moves_most(tmp_path, truth):
    found = compare_with_truth(write(tmp_path / "loci.tsv", [locus("omnibus", "1", 1, 8)]), truth)
    row = found.planted.set_index("variant_id").loc["1:5000000"]
    assert (row["phenotype"], row["power"], row["n_phenotypes"]) == ("pigment", 1.0, 2)
    assert found.is_sure.tolist() == [True, True, False]
    assert not found.is_found.any()


def test_the_omnibus_of_a_mask_counts_as_omnibus(tmp_path, truth):
    loci = write(tmp_path / "loci.tsv", [locus("omnibus_mask_2", "2", 5_000_000, 8)])
    assert compare_with_truth(loci, truth).planted["omnibus"].tolist() == [False, False, True]


def test_no_locus_and_nothing_planted_are_results_like_others(tmp_path, truth):
    loci = tmp_path / "loci.tsv"
    loci.write_text("test\tchromosome\tposition\tlead_variant\tlog10p\n")
    found = compare_with_truth(loci, truth)
    assert not found.is_found.any()
    assert found.false_loci.empty
    empty = tmp_path / "none.tsv"
    empty.write_text(truth.read_text().splitlines()[0] + "\n")
    write(loci, [locus("omnibus", "2", 5, 8)])
    found = compare_with_truth(loci, empty)
    assert found.planted.empty
    assert found.n_false("omnibus") == 1


def test_where_the_power_of_the_omnibus_is_known_it_is_the_one_that_counts(tmp_path):
    rows = [
        planted("1:5", 5, "phenotype_000", 0.01, 0.1) | {"omnibus_power": 0.99},
        planted("1:5", 5, "phenotype_001", 0.02, 0.4) | {"omnibus_power": 0.99},
        planted("2:5", 5, "phenotype_001", 0.03, 0.95) | {"omnibus_power": 0.5},
    ]
    truth = write(tmp_path / "truth.tsv", rows)
    found = compare_with_truth(write(tmp_path / "loci.tsv", [locus("omnibus", "1", 5, 9)]), truth)
    assert found.power_column == "omnibus_power"
    assert found.is_sure.tolist() == found.is_found.tolist() == [True, False]
