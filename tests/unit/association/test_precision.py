"""Fixed-point sums: one limb is as good as two, and every instruction set gives the same bits."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_cohort, write_table

from igwas import ScanOptions, open_statistics, run_scan
from igwas.errors import OptionError

# 2^-20 of the largest value of a phenotype, a few standard deviations, summed over 60 samples.
STANDARD_Z_TOLERANCE = 2e-5
# What is promised, whatever the phenotype.
PROMISED_Z_TOLERANCE = 1e-4

_SCAN = """
import sys
from igwas import ScanOptions, run_scan
run_scan(*sys.argv[1:4], options=ScanOptions(mac=0, geno=1))
"""


def _z(cohort, folder, precision, **options):
    output = folder / f"{precision}.h5"
    options = ScanOptions(mac=0, geno=1, precision=precision, **options)
    run_scan(cohort.bed, cohort.phenotypes, output, options=options)
    with open_statistics(output) as statistics:
        return statistics.t[:]


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_standard_precision_moves_z_by_less_than_it_says(tmp_path, missing):
    cohort = write_cohort(tmp_path, chromosomes=("1",) * 40)
    full, standard = (_z(cohort, tmp_path, p, missing=missing) for p in ("full", "standard"))
    assert not np.array_equal(full, standard)
    assert np.nanmax(np.abs(full - standard)) < STANDARD_Z_TOLERANCE


def test_a_value_far_out_costs_a_phenotype_no_precision(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=3000, chromosomes=("1",) * 40)
    values = np.random.default_rng(3).normal(size=(3000, 2))
    values[17] = 1e7  # the other samples would be all but zero in one limb
    write_table(cohort.phenotypes, values, "p")
    full, standard = (_z(cohort, tmp_path, p) for p in ("full", "standard"))
    assert np.nanmax(np.abs(full - standard)) < PROMISED_Z_TOLERANCE


def test_a_genotype_that_covariates_all_but_explain_is_as_exact(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=500, chromosomes=("1",) * 20)
    dosage = np.nan_to_num(cohort.dosage[:8].T, nan=1.0)
    # Noise of a ten-thousandth: S is a small difference of large sums.
    noise = np.random.default_rng(4).normal(scale=1e-4, size=dosage.shape)
    write_table(cohort.covariates, dosage + noise, "c")
    full, standard = (
        _z(cohort, tmp_path, p, covariates=cohort.covariates) for p in ("full", "standard")
    )
    assert np.nanmax(np.abs(full - standard)) < PROMISED_Z_TOLERANCE
    assert np.isfinite(full).all()


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3, 1e-4])
def test_phenotypes_that_nearly_determine_each_other(tmp_path, missing, noise):
    # The omnibus test divides by what is left of one beside the others.
    cohort = write_cohort(tmp_path, n_samples=300, chromosomes=("1",) * 30)
    values = np.random.default_rng(8).normal(size=(300, 4))
    values[:, 3] = values[:, 0] + values[:, 1] + noise * values[:, 3]
    write_table(cohort.phenotypes, values, "p")
    found = {}
    for precision in ("full", "standard"):
        _z(cohort, tmp_path, precision, missing=missing)
        with open_statistics(tmp_path / f"{precision}.h5") as statistics:
            found[precision] = statistics.omnibus_log10p[:]
    np.testing.assert_allclose(found["standard"], found["full"], rtol=1e-4, atol=1e-4)


def test_a_nearly_perfect_fit_is_as_exact(tmp_path):
    # The residual is a small difference; with --missing drop its standard error is stored.
    cohort = write_cohort(tmp_path, n_samples=300, chromosomes=("1",) * 30)
    values = np.random.default_rng(14).normal(size=(300, 3))
    values[:, 0] = 2 * np.nan_to_num(cohort.dosage[0]) + 1e-3 * values[:, 0]
    write_table(cohort.phenotypes, values, "p")
    full, standard = (_z(cohort, tmp_path, p, missing="drop") for p in ("full", "standard"))
    assert np.nanmax(np.abs(full)) > 1e4
    np.testing.assert_allclose(standard, full, rtol=1e-5, atol=PROMISED_Z_TOLERANCE)


def test_a_phenotype_that_differs_where_calls_are_missing(tmp_path):
    # Among those with a call it keeps a ten-thousandth of its variance.
    cohort = write_cohort(tmp_path, n_samples=300, chromosomes=("1",) * 30)
    random = np.random.default_rng(9)
    is_missing = np.isnan(cohort.dosage[1])
    assert is_missing.sum() > 2
    values = random.normal(size=(300, 2))
    values[:, 1] = 3 * is_missing + 0.01 * values[:, 1]
    write_table(cohort.phenotypes, values, "p")
    full, standard = (_z(cohort, tmp_path, p, missing="drop") for p in ("full", "standard"))
    assert np.nanmax(np.abs(full - standard)) < PROMISED_Z_TOLERANCE


def test_unknown_precision_is_refused():
    with pytest.raises(OptionError, match="--precision is 'half'"):
        ScanOptions(precision="half")


def test_every_instruction_set_gives_the_same_bits(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=700, chromosomes=("1",) * 30)
    found = {}
    for level in ("generic", "avx2", "avx512"):
        output = tmp_path / f"{level}.h5"
        subprocess.run(
            [sys.executable, "-c", _SCAN, str(cohort.bed), str(cohort.phenotypes), str(output)],
            env={**os.environ, "IGWAS_SIMD": level},
            check=True,
        )
        with h5py.File(output) as file:
            found[level] = file["/beta"][:]
    assert found["generic"].tobytes() == found["avx2"].tobytes() == found["avx512"].tobytes()
