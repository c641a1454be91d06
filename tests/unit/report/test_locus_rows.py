import numpy as np
import pandas as pd

from igwas.loci.tables import COLUMNS
from igwas.report.locus_rows import HEADINGS, MOST_ROWS, locus_rows


def table(n, **columns):
    base = {"test": "omnibus", "chromosome": "1", "position": np.arange(n), "log10p": 9.0,
            "lead_variant": [f"v{i}" for i in range(n)]}  # fmt: skip
    return pd.DataFrame({**dict.fromkeys(COLUMNS), **base, **columns}, index=range(n))


def test_headings_are_columns_of_loci_tsv():
    assert set(HEADINGS) <= set(COLUMNS)


def test_columns_without_a_value_are_left_out():
    names = [column.name for column in locus_rows(table(2), {}).columns]
    assert names == ["test", "chromosome", "position", "lead_variant", "log10p"]


def test_chromosomes_sort_as_the_genome_does():
    rows = locus_rows(table(3, chromosome=["2", "10", "X"]), {}).rows
    assert [row[1].sort for row in rows] == ["0", "1", "2"]
    assert [row[1].text for row in rows] == ["2", "10", "X"]


def test_long_texts_are_cut_and_kept_in_the_title():
    cell = locus_rows(table(1, lead_variant=["A" * 5000]), {}).rows[0][3]
    assert len(cell.text) == 40
    assert len(cell.whole) == 300
    assert len(cell.sort) == 80


def test_the_weakest_of_too_many_loci_are_left_out():
    n = MOST_ROWS + 10
    found = locus_rows(table(n, log10p=np.arange(n, dtype=float)), {})
    assert found.n_left_out == 10
    assert found.rows[0][3].text == "v10"


def test_a_lead_variant_links_to_its_plot():
    rows = locus_rows(table(2), {1: "locus_001"}).rows
    assert [row[3].link for row in rows] == ["", "locus_001"]


def test_an_infinite_number_is_shown_and_sorts_as_the_largest():
    found = locus_rows(table(2, log10p=[9.0, np.inf], log10p_omnibus=[np.inf, np.nan]), {})
    by_name = {column.name: at for at, column in enumerate(found.columns)}
    assert [row[by_name["log10p"]].text for row in found.rows] == ["9.00", "inf"]
    assert [row[by_name["log10p"]].sort for row in found.rows] == ["9.0", "Infinity"]
    assert [row[by_name["log10p_omnibus"]].text for row in found.rows] == ["inf", ""]
