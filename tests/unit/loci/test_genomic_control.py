import numpy as np
import pytest
from scipy import stats

from igwas.loci.genomic_control import (
    MedianCounter,
    lambda_of_chisq,
    lambda_of_median_log10p,
    lambda_range,
)

# Bins are 0.024 % wide.
BIN = 2.5e-4


def test_medians_of_columns_are_found_without_keeping_them():
    rng = np.random.default_rng(1)
    values = rng.chisquare(1, (20_000, 3)) * [1, 1.3, 0.7]
    values[rng.random(values.shape) < 0.1] = np.nan
    counter = MedianCounter(3)
    for start in range(0, 20_000, 3_000):
        counter.add(values[start : start + 3_000])
    np.testing.assert_allclose(counter.medians(), np.nanmedian(values, axis=0), rtol=BIN)
    np.testing.assert_array_equal(counter.n, np.isfinite(values).sum(axis=0))


@pytest.mark.parametrize("value", [1e-9, 0.0, 0.5, 3.7, 31.0])
def test_a_single_value_is_its_own_median(value):
    counter = MedianCounter(1)
    counter.add(np.array([[value]]))
    assert counter.medians()[0] == pytest.approx(max(value, 2.0**-8), rel=BIN)


def test_what_is_beyond_the_range_counts_at_its_bound():
    counter = MedianCounter(1)
    counter.add(np.array([[1e6], [np.inf], [5e3]]))
    assert counter.medians()[0] == pytest.approx(32, rel=BIN)


def test_nothing_has_no_median():
    counter = MedianCounter(2)
    counter.add(np.full((5, 2), np.nan))
    assert np.isnan(counter.medians()).all()


def test_null_statistics_have_lambda_one():
    assert lambda_of_chisq(stats.chi2.median(1)) == pytest.approx(1, abs=1e-12)
    assert lambda_of_median_log10p(np.array([-np.log10(0.5)]))[0] == pytest.approx(1, abs=1e-9)


def test_phenotypes_that_were_not_tested_have_no_part_in_the_range():
    assert lambda_range(np.array([np.nan, 1.0, 1.2])) == (1.1, 1.0, 1.2)
    assert all(np.isnan(value) for value in lambda_range(np.array([np.nan])))
