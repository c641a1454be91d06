"""What rounding may do to tests of fractions, and what it may not."""

import dataclasses

import numpy as np
import pytest

from igwas.association.associate import associate
from igwas.association.tails import log10p_student_t
from igwas.benchmark.fine_rounding import require_near
from igwas.errors import IgwasError

N, N_VARIANTS = 400, 30


@pytest.fixture(scope="module")
def genotypes():
    """Common to rare; every third with non-carriers at zero."""
    rng = np.random.default_rng(1)
    dosage = 2 * rng.random((N_VARIANTS, N)) ** np.linspace(0.5, 9, N_VARIANTS)[:, None]
    dosage[::3][dosage[::3] < 0.2] = 0
    return dosage


@pytest.fixture(scope="module")
def phenotypes(genotypes):
    """Noise, and one that a variant nearly explains."""
    values = np.random.default_rng(2).normal(size=(N, 4))
    values[:, 3] = 5 * genotypes[4] + 0.01 * values[:, 3]
    values[:30, 1] = np.nan
    return values


@pytest.fixture(scope="module")
def expected(genotypes, phenotypes):
    return associate(genotypes, phenotypes, maf=0.01)


def test_rounded_dosages_are_near(genotypes, phenotypes, expected):
    rounded = np.floor(genotypes * 2**21 + 0.5) / 2**21
    found = associate(rounded, phenotypes, maf=0.01)
    assert np.nanmax(expected.t) > 1_000
    require_near(found, expected)
    require_near(expected, expected)


def test_dosages_rounded_a_hundred_times_more_are_not(genotypes, phenotypes, expected):
    found = associate(np.round(genotypes * 2**14) / 2**14, phenotypes, maf=0.01)
    with pytest.raises(IgwasError, match="of fractions is off by more than rounding explains"):
        require_near(found, expected)


@pytest.mark.parametrize("name", [
    "beta", "se", "t", "genotype_sum_of_squares", "minor_allele_count", "effect_allele_frequency",
    "omnibus_f",
])  # fmt: skip
@pytest.mark.parametrize("change", [lambda x: x * 1.001, lambda x: np.full_like(x, np.nan)])
def test_another_scale_and_nan_are_no_rounding(expected, name, change):
    found = dataclasses.replace(expected, **{name: change(getattr(expected, name))})
    with pytest.raises(IgwasError, match=f"^{name} of fractions is off"):
        require_near(found, expected)


@pytest.mark.parametrize("name", ["n", "reason", "degrees_of_freedom", "missing_count"])
def test_counts_are_the_same(expected, name):
    found = dataclasses.replace(expected, **{name: getattr(expected, name) + 1})
    with pytest.raises(IgwasError, match=f"^{name} of fractions differs from the CPU's"):
        require_near(found, expected)


def test_p_is_that_of_t(expected):
    dof = expected.degrees_of_freedom + 5.0
    found = dataclasses.replace(expected, log10p=log10p_student_t(expected.t, dof))
    with pytest.raises(IgwasError, match="log10p of fractions is not that of t"):
        require_near(found, expected)
