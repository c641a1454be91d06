"""A cohort whose scan takes a few seconds, and what one undisturbed run makes of it."""

from types import SimpleNamespace

import pytest
from tests import command
from tests.cohort_files import write_random_cohort
from tests.statistics_arrays import read_arrays


def assoc_arguments(cohort, output, *more):
    """Arguments of the command; random calls miss a quarter, so no variant may fail --geno."""
    return (
        "assoc", cohort.bed, cohort.phenotypes, "-o", output, "--covariates", cohort.covariates,
        "--geno", "1", "--hit-log10p", "3", "--threads", "2", "-q", *more,
    )  # fmt: skip


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """30,000 variants of 2,000 samples, 128 phenotypes: about three seconds on two cores."""
    return write_random_cohort(
        tmp_path_factory.mktemp("cohort"), n_samples=2_000, n_variants=30_000, n_phenotypes=128
    )


@pytest.fixture(scope="session")
def one_run(cohort, tmp_path_factory):
    """Arrays of a run that nothing disturbed."""
    output = tmp_path_factory.mktemp("one_run") / "statistics.h5"
    finished = command.run(*assoc_arguments(cohort, output))
    assert finished.returncode == 0, finished.stderr
    return SimpleNamespace(path=output, arrays=read_arrays(output))
