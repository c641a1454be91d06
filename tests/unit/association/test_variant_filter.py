import gzip
import logging

import numpy as np
import pandas as pd
import pytest

from igwas.association import variant_filter
from igwas.association.variant_filter import parse_chromosomes, read_id_list, select_variants
from igwas.errors import InputError, OptionError
from igwas.genotypes.chromosomes import normalise_chromosome


class FakeGenotypes:
    """Variants in memory; counts the slabs that are read."""

    def __init__(self, ids, chromosomes):
        self.ids = list(ids)
        names = list(dict.fromkeys(chromosomes))
        codes = np.array([names.index(name) for name in chromosomes], dtype=np.int16)
        self.chromosomes = (names, codes)
        self.slabs = []

    @property
    def n_variants(self):
        return len(self.ids)

    def variants(self, start, stop):
        self.slabs.append((start, stop))
        return pd.DataFrame({"id": self.ids[start:stop]})


GENOTYPES = ("rs1", "rs2", ".", "rs3", "rs2", "rs5"), ("1", "1", "2", "2", "X", "X")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-22,X", (*map(str, range(1, 23)), "X")),
        ("22", ("22",)),
        ("chr3-chr5", ("3", "4", "5")),
        ("X,1,chrX,23, 1", ("X", "1")),
        ("22-26", ("22", "X", "Y", "XY", "MT")),
        ("MT,PAR1", ("MT", "PAR1")),
        ("scaffold_12", ("scaffold_12",)),
    ],
)
def test_chromosomes_keep_their_order_and_are_normalised(text, expected):
    assert parse_chromosomes(text) == expected


@pytest.mark.parametrize("text", ["", ",", "22-1", "1-X", "1-99", "0-3", "1-2-3"])
def test_bad_chromosomes_are_a_usage_error(text):
    with pytest.raises(OptionError, match="expected"):
        parse_chromosomes(text)


def test_id_list_is_a_set(tmp_path):
    path = tmp_path / "ids"
    path.write_text("rs1\n\nrs2\r\nrs1\n")
    assert read_id_list(path) == {"rs1", "rs2"}
    path.write_bytes(gzip.compress(b"rs9\n"))
    assert read_id_list(path) == {"rs9"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"17\trs1\t0\t5\tA\tG\n", r"line 1 has 6 fields \(first: '17'\)"),
        (b"\n", "has no variant id"),
        (b"rs1\n\xff\n", "line 2 is no UTF-8 text"),
    ],
)
def test_bad_id_lists_are_refused(tmp_path, content, message):
    path = tmp_path / "ids"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_id_list(path)


def test_all_variants_without_any_filter():
    genotypes = FakeGenotypes(*GENOTYPES)
    assert select_variants(genotypes).rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert genotypes.slabs == []


def test_filters_narrow_each_other_and_account_for_it(tmp_path):
    (tmp_path / "out").write_text("rs5\nrs5\nrs77\n")
    selection = select_variants(
        FakeGenotypes(*GENOTYPES), chromosomes="1,X", extract={"rs2", "rs5", "rs3"},
        exclude=tmp_path / "out", name="g.bed",
    )  # fmt: skip
    assert selection.rows.tolist() == [1, 4]
    assert selection.rows.dtype == np.int64
    assert [(line.step, line.n_before, line.n_after) for line in selection.account] == [
        ("in g.bed", 6, 6),
        ("on chromosome 1,X", 6, 4),
        ("named in --extract (3 ids)", 4, 3),
        ("not named in --exclude out", 3, 2),
    ]
    assert selection.account[3].examples == ("rs5",)


def test_slabs_outside_the_chromosomes_are_not_read(monkeypatch):
    monkeypatch.setattr(variant_filter, "_SLAB_VARIANTS", 2)
    genotypes = FakeGenotypes(*GENOTYPES)
    assert select_variants(genotypes, chromosomes="X", extract={"rs2"}).rows.tolist() == [4]
    assert genotypes.slabs == [(4, 6)]


@pytest.mark.parametrize("slab", [1, 2, 4, 5, 100])
def test_slab_size_changes_nothing(monkeypatch, slab):
    monkeypatch.setattr(variant_filter, "_SLAB_VARIANTS", slab)
    selection = select_variants(FakeGenotypes(*GENOTYPES), extract={"rs2", "rs3"}, exclude={"rs3"})
    assert selection.rows.tolist() == [1, 4]
    assert selection.account[1].examples == ("rs1", ".", "rs5")


def test_extract_that_names_nothing_shows_both_sides():
    with pytest.raises(InputError, match=r'none of the 6 variants.*"1:5:A:G".*"rs1", "rs2"'):
        select_variants(FakeGenotypes(*GENOTYPES), extract={"1:5:A:G"})


def test_exclude_that_names_nothing_is_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "igwas"):
        rows = select_variants(FakeGenotypes(*GENOTYPES), exclude={"rs77"}).rows
    assert len(rows) == 6
    assert "names no variant" in caplog.text


def test_nothing_left_is_an_error():
    genotypes = FakeGenotypes(*GENOTYPES)
    with pytest.raises(InputError, match="has chromosomes 1, 2, X but none of 7"):
        select_variants(genotypes, chromosomes="7")
    with pytest.raises(InputError, match=r"no variant of .* is left after not named in --exclude"):
        select_variants(genotypes, extract={"rs1"}, exclude={"rs1"})
    with pytest.raises(InputError, match="has no variant"):
        select_variants(FakeGenotypes([], []))


def test_real_lists_name_the_variants_that_the_bim_has(data_dir):
    folder = data_dir / "genotypes/kg_eur379"
    bim = [line.split() for line in (folder / "EUR_subset.bim").read_text().splitlines()]
    genotypes = FakeGenotypes([row[1] for row in bim], [normalise_chromosome(r[0]) for r in bim])
    listed = read_id_list(folder / "EUR_subset.exclude")
    selection = select_variants(
        genotypes, exclude=folder / "EUR_subset.exclude", chromosomes="17-22"
    )
    expected = [row for row, fields in enumerate(bim) if fields[1] not in listed]
    assert selection.rows.tolist() == expected
    assert len(expected) < len(bim)
