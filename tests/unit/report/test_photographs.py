"""From photographs to people: what phenotypes.h5 says of it, and whether it is that of the scan."""

import json

import h5py
import numpy as np
import pytest
from tests.cohort_files import write_table
from tests.reference.eye_cohort import write_eye_cohort

from igwas.association.options import ScanOptions
from igwas.association.project import project
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import subset_weights
from igwas.errors import InputError, SchemaError
from igwas.loci.run import run_loci
from igwas.report.options import ReportOptions
from igwas.report.photographs import read_photograph_account
from igwas.report.run import run_report

ACCOUNT = {
    "n_images": 2345,
    "images_left_out": {"eye unknown": 12, "quality below 0.4 or unknown": 200},
    "n_participants": {"all": 900, "left": 810, "right": 805, "both": 715, "none": 7},
}


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """A scan of phenotypes that say how they were made."""
    folder = tmp_path_factory.mktemp("made")
    cohort = write_eye_cohort(folder, n_blocks=4)
    with h5py.File(cohort.phenotypes, "r+") as file:
        file.attrs["account"] = json.dumps(ACCOUNT)
        file.attrs["left_right_correlation"] = 0.61
        file.attrs["options"] = json.dumps(
            {"choice": "best", "eyes": ["left", "mean"], "regress_out": ["quality"],
             "categorical_columns": ["camera"], "transform": "rank-inverse-normal"}
        )  # fmt: skip
    run_scan(cohort.bed, cohort.phenotypes, folder / "s.h5", options=ScanOptions())
    return cohort, folder / "s.h5"


def page_of(statistics, folder, **options):
    run_loci(statistics, folder / "l.tsv", json_output=folder / "l.json")
    options = ReportOptions(regional=0, **options)
    run_report(statistics, folder / "l.json", folder / "r.html", options=options)
    return (folder / "r.html").read_text()


def test_the_page_follows_photographs_to_people(scanned, tmp_path):
    cohort, statistics = scanned
    page = page_of(statistics, tmp_path, phenotypes=cohort.phenotypes)
    assert 'id="photographs"' in page
    for words in (
        "<td class=\"number\">2,345</td>", "not left out: eye unknown", "2,333", "2,133",
        "900 people of 2,133 photographs: 810 with a left eye, 805 with a right eye, 715 with both",
        "7 more have no photograph that was used", "Left-right correlation over all dimensions",
        "the best one by quality was taken", "Image covariates (quality, camera)",
        "r = 0.61 being the left-right correlation", "Each was transformed (rank-inverse-normal)",
    ):  # fmt: skip
        assert words in page, words


def test_without_phenotypes_the_page_says_so(scanned, tmp_path):
    page = page_of(scanned[1], tmp_path)
    assert 'id="photographs"' not in page
    assert "no phenotypes were given (--phenotypes)" in page


def test_a_table_says_nothing_of_photographs(scanned, tmp_path):
    cohort, _ = scanned
    values = np.random.default_rng(1).normal(size=(900, 2))
    write_table(tmp_path / "p.tsv", values, ["a", "b"])
    run_scan(cohort.bed, tmp_path / "p.tsv", tmp_path / "s.h5", options=ScanOptions())
    page = page_of(tmp_path / "s.h5", tmp_path, phenotypes=tmp_path / "p.tsv")
    assert "do not say how they were made of photographs" in page


def test_a_copy_of_the_phenotypes_will_do_and_others_will_not(scanned, tmp_path):
    cohort, statistics = scanned
    copy = tmp_path / "copy.h5"
    copy.write_bytes(cohort.phenotypes.read_bytes())
    other = write_eye_cohort(tmp_path, seed=9, n_blocks=4)
    with open_statistics(statistics) as file:
        assert read_photograph_account(copy, file).n_used == 2133
        with pytest.raises(InputError, match=r"is not the phenotype file of .*s\.h5"):
            read_photograph_account(other.phenotypes, file)


def test_a_projection_goes_by_the_names_of_what_was_combined(scanned, tmp_path):
    cohort, statistics = scanned
    project(statistics, tmp_path / "p.h5", lambda f: subset_weights(f, ["mean_dim_000"]))
    with open_statistics(tmp_path / "p.h5") as file:
        assert read_photograph_account(cohort.phenotypes, file).n_images == 2345
        write_table(tmp_path / "p.tsv", np.zeros((3, 1)), ["left_dim_000"])
        (tmp_path / "weights.csv").write_text("phenotype,a\nmean_dim_000,1\n")
        wrong = {"p.tsv": "lacks phenotype '", "weights.csv": "is no table of phenotypes"}
        for name, words in wrong.items():
            with pytest.raises(InputError, match=rf"{words}.*, and .*p\.h5 is a proj") as error:
                read_photograph_account(tmp_path / name, file)
            assert str(error.value).endswith("Leave --phenotypes out.")


@pytest.mark.parametrize("account", ["[]", "{", '{"n_images": 3}', '{"n_images": "x"}'])
def test_an_account_that_makes_no_sense_is_refused(tmp_path, account):
    cohort = write_eye_cohort(tmp_path, n_blocks=4)
    with h5py.File(cohort.phenotypes, "r+") as file:
        file.attrs["account"] = account
    run_scan(cohort.bed, cohort.phenotypes, tmp_path / "s.h5", options=ScanOptions())
    with open_statistics(tmp_path / "s.h5") as file, pytest.raises(SchemaError, match="account"):
        read_photograph_account(cohort.phenotypes, file)
