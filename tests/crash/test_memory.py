"""Peak memory of the command at the size of a biobank's images: 65,629 people, 128 phenotypes."""

import os

import pytest
from tests import command
from tests.cohort_files import write_bim, write_random_cohort

N_SAMPLES, N_PHENOTYPES, N_COVARIATES = 65_629, 128, 14
N_VARIANTS = 8_000

GIBIBYTE = 2**30
# Chunks and batches are of fixed size, and so are per-variant columns next to everything else here;
# what is left is the allocator's mood.
GROWTH_BYTES = 64 * 2**20


def peak_bytes(*arguments):
    """Largest resident set of the command, which must succeed."""
    process = command.start(*arguments, stdout=None, stderr=None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_random_cohort(
        tmp_path_factory.mktemp("biobank"),
        n_samples=N_SAMPLES, n_variants=N_VARIANTS,
        n_phenotypes=N_PHENOTYPES, n_covariates=N_COVARIATES,
    )  # fmt: skip


@pytest.fixture(scope="module")
def first_quarter(cohort):
    """The first 2,000 variants of the same cohort, as a .bed of their own."""
    bed = cohort.bed.with_name("quarter.bed")
    n_variants = N_VARIANTS // 4
    n_bytes = 3 + n_variants * -(-N_SAMPLES // 4)
    with cohort.bed.open("rb") as stream:
        bed.write_bytes(stream.read(n_bytes))
    write_bim(bed.with_suffix(".bim"), n_variants)
    bed.with_suffix(".fam").write_bytes(cohort.fam.read_bytes())
    return bed


@pytest.mark.slow
def test_memory_stays_under_a_gibibyte_and_does_not_grow_with_variants(
    cohort, first_quarter, tmp_path
):
    peaks = {}
    for name, bed in (("quarter", first_quarter), ("whole", cohort.bed)):
        peaks[name] = peak_bytes(
            "assoc", bed, cohort.phenotypes, "-o", tmp_path / f"{name}.h5",
            "--covariates", cohort.covariates, "--geno", "1", "--threads", "2", "-q",
        )  # fmt: skip
    assert max(peaks.values()) < GIBIBYTE, peaks
    assert peaks["whole"] - peaks["quarter"] < GROWTH_BYTES, peaks
