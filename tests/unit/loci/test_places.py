import numpy as np
import pandas as pd
import pytest
from tests.cohort_files import write_bed
from tests.reference.statistics_fixture import write_statistics

from igwas.association.statistics_file import open_statistics
from igwas.errors import InputError
from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci import places as module
from igwas.loci.places import match_variants, read_places, rows_near_leads


@pytest.fixture
def genotypes(tmp_path):
    write_bed(tmp_path / "g.bed", np.ones((6, 5), int))
    (tmp_path / "g.bim").write_text(
        "1\ta\t0\t10\tA\tG\n1\tb\t0\t20\tA\tG\n1\tb2\t0\t20\tA\tC\n1\tc\t0\t30\tA\tG\n"
        "2\td\t0\t10\tT\tG\nX\te\t0\t20\tA\tG\n"
    )
    with open_genotypes(tmp_path / "g.bed") as file:
        yield file


def variants(*rows):
    return pd.DataFrame(
        [(*row[:2], "id", *row[2:]) for row in rows],
        columns=["chromosome", "position", "id", "effect_allele", "other_allele"],
    )


def test_variants_are_matched_by_place_and_alleles_in_either_order(genotypes, monkeypatch):
    monkeypatch.setattr(module, "_SLAB", 2)
    wanted = variants(
        ("1", 20, "C", "A"), ("X", 20, "A", "G"), ("1", 20, "A", "G"), ("1", 30, "A", "T"),
        ("2", 20, "A", "G"), ("7", 20, "A", "G"),
    )  # fmt: skip
    assert match_variants(genotypes, wanted).tolist() == [2, 5, 1, -1, -1, -1]


def test_genotypes_with_other_variants_are_refused(genotypes):
    with pytest.raises(InputError, match="none of the 1 variants in question") as caught:
        match_variants(genotypes, variants(("1", 11, "A", "G")))
    assert "id at 1:11" in str(caught.value)


def test_places_are_read_slab_by_slab(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SLAB", 7)
    truth = write_statistics(tmp_path / "s.h5")
    rows = np.array([0, 6, 7, 100, 199])
    with open_statistics(truth.path) as file:
        found = read_places(file, rows)
        assert found.index.tolist() == rows.tolist()
        pd.testing.assert_frame_equal(
            found, file.variants_at(rows).drop(columns="info"), check_index_type=False
        )
        assert read_places(file, np.zeros(0, np.int64)).empty


@pytest.mark.parametrize("window", [0, 40, 500, 10**6])
def test_rows_near_leads_lose_nothing_that_is_near_one(tmp_path, monkeypatch, window):
    monkeypatch.setattr(module, "_SLAB", 16)
    truth = write_statistics(tmp_path / "s.h5", n_variants=150)
    rng = np.random.default_rng(3)
    rows = np.sort(rng.choice(150, 70, replace=False))
    leads = np.sort(rng.choice(rows, 4, replace=False))
    position = truth["/variants/position"]
    with open_statistics(truth.path) as file:
        found = rows_near_leads(file, rows, leads, window)
        assert len(rows_near_leads(file, rows, leads[:0], window)) == 0
    distance = np.abs(position[rows][:, None] - position[leads]).min(axis=1)
    assert found.tolist() == rows[distance <= window].tolist()


def test_variants_without_an_id_are_named_by_place_and_alleles():
    table = variants(("1", 10, "A", "G"), ("X", 20, "T", "C"), ("2", 5, "G", "A"))
    table["id"] = [".", "rs7", ""]
    assert module.variant_names(table) == ["1:10:G:A", "rs7", "2:5:A:G"]
