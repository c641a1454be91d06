"""Dosages with many digits through the GPU backend, on a simulated GPU, against statsmodels."""

import gzip

import numpy as np
import pytest
import statsmodels.api as sm
from tests.gpu_array_library import GpuLibrary

import igwas
from igwas.association import device_arrays

# Dosages are rounded to 2^-21 of a copy: t moves by 1.4e-7 over the standard deviation of the
# genotype, which is above .1 here; five times that.
T_TOLERANCE = 7e-6


@pytest.fixture(scope="module")
def dosage(data_dir):
    """Copies of the second allele (variants, samples) from the probabilities of the BGEN project's
    example; NaN where it gives none."""
    rows = []
    with gzip.open(data_dir / "genotypes" / "bgen_spec" / "example.gen.gz", "rt") as lines:
        for line in lines:
            triples = np.array(line.split()[-1500:], float).reshape(-1, 3)
            dosage = (triples[:, 1] + 2 * triples[:, 2]) / triples.sum(axis=1).clip(min=1e-9)
            rows.append(np.where(triples.sum(axis=1) == 0, np.nan, dosage))
    return np.array(rows)


@pytest.fixture(scope="module")
def phenotypes():
    return np.random.default_rng(40).normal(size=(500, 3))


@pytest.fixture(scope="module")
def covariates():
    return np.random.default_rng(41).normal(size=(500, 2))


def least_squares(dosage, phenotypes, covariates):
    """(beta, t), each (variants, phenotypes), missing calls as the mean."""
    found = np.full((2, len(dosage), phenotypes.shape[1]), np.nan)
    for v, row in enumerate(dosage):
        filled = np.where(np.isnan(row), np.nanmean(row), row)
        design = sm.add_constant(np.column_stack([filled, covariates]))
        for k in range(phenotypes.shape[1]):
            fit = sm.OLS(phenotypes[:, k], design).fit()
            found[:, v, k] = fit.params[1], fit.tvalues[1]
    return found


def test_every_t_is_that_of_statsmodels(simulated_gpu, dosage, phenotypes, covariates, monkeypatch):
    monkeypatch.setattr(device_arrays, "check_once", lambda gpu: None)
    assert dosage.shape == (199, 500)
    assert ((dosage % 1 > 0) & (dosage % 1 < 1)).mean() > 0.5
    simulated_gpu.reset(streams="random", threads="shuffled")
    given = GpuLibrary(simulated_gpu).put(dosage)
    result = igwas.associate(given, phenotypes, covariates).as_numpy()
    beta, t = least_squares(dosage, phenotypes, covariates)
    assert (result.reason == 0).all()
    assert np.sqrt(result.genotype_sum_of_squares / 500).min() > 0.1
    np.testing.assert_allclose(result.t, t, rtol=0, atol=T_TOLERANCE)
    np.testing.assert_allclose(result.beta, beta, rtol=0, atol=T_TOLERANCE)
    assert simulated_gpu.n_violations == 0
