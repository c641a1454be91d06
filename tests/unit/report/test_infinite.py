"""A p of exactly 0: its -log10 is infinite in every file, shown, and the largest of all."""

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from igwas.association.statistics_file import open_statistics
from igwas.loci.options import LociOptions
from igwas.loci.run import run_loci
from igwas.report.loci_document import read_loci_document
from igwas.report.options import ReportOptions
from igwas.report.run import run_report


@pytest.fixture(scope="module")
def made(scanned, tmp_path_factory):
    """The scan with an infinite omnibus test at its strongest lead, and its loci."""
    folder = tmp_path_factory.mktemp("infinite")
    statistics = folder / "statistics.h5"
    shutil.copy(scanned.statistics, statistics)
    with h5py.File(statistics, "a") as file:
        log10p = file["/omnibus/log10p"][:]
        strongest = np.unravel_index(np.nanargmax(log10p), log10p.shape)
        file["/omnibus/f_statistic"][strongest] = np.inf
        file["/omnibus/log10p"][strongest] = np.inf
    run_loci(
        statistics, folder / "loci.tsv", json_output=folder / "loci.json",
        options=LociOptions(genotypes=scanned.cohort.bed),
    )  # fmt: skip
    return folder


def test_the_table_and_the_document_have_it(made):
    table = pd.read_csv(made / "loci.tsv", sep="\t")
    assert np.isinf(table["log10p_omnibus"]).any()
    assert np.isinf(table.loc[table["test"] == "omnibus", "log10p"]).any()
    loci = json.loads((made / "loci.json").read_text())["loci"]
    assert "inf" in [one["log10p_omnibus"] for one in loci]
    with open_statistics(made / "statistics.h5") as file:
        read = read_loci_document(made / "loci.json", file)
    np.testing.assert_array_equal(
        np.isinf(read.table["log10p_omnibus"]), np.isinf(table["log10p_omnibus"])
    )
    assert any(np.isinf(one["log10p"]).any() for one in read.members)
    # Loci come in the order of the genome; the strongest of them is the infinite one.
    assert read.table["log10p"].max() == np.inf


def test_the_page_shows_it_and_sorts_it_as_the_largest(made):
    run_report(
        made / "statistics.h5", made / "loci.json", made / "report.html",
        options=ReportOptions(),
    )  # fmt: skip
    page = (made / "report.html").read_text()
    assert 'data-sort="Infinity"' in page
    assert ">inf<" in page.replace("\n", "").replace(" ", "")
