"""What agreement of the eyes is worth, against SciPy's bivariate normal and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from igwas.loci.eyes import (
    EyePairs,
    best_of_variants,
    both_eyes_log10p,
    chance_of_both,
    pair_up,
)
from igwas.phenotypes.eye_names import EyeColumns, labels_from_names


def pairs_of(correlation, n=2):
    return EyePairs(
        [f"dim_{k}" for k in range(n)], np.arange(n), np.arange(n) + n,
        np.full(n, correlation, float), "residuals",
    )  # fmt: skip


@pytest.mark.parametrize("p", [0.3, 0.01, 1e-4])
@pytest.mark.parametrize("r", [-0.5, 0.0, 0.3, 0.7, 0.95])
def test_the_chance_of_both_eyes_is_twice_a_bivariate_tail(p, r):
    z = stats.norm.isf(p / 2)
    tail = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([-z, -z])
    assert chance_of_both(p, r) == pytest.approx(2 * tail, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(("r", "hits"), [(0.5, 0.0078), (0.7, 0.118), (0.9, 1.263)])
def test_expected_null_hits_of_the_design_are_found(r, hits):
    expected = pairs_of(r, 128).expected_null_hits(5e-8, 1_000_000)
    assert expected["both_eyes"] == pytest.approx(hits, rel=0.01)
    assert expected["one_eye"] == pytest.approx(6.4)
    assert expected["both_eyes_if_independent"] == pytest.approx(1.6e-7)


@given(st.floats(1e-12, 0.5), st.floats(-0.999, 0.999))
def test_both_eyes_are_never_likelier_than_one(p, r):
    assert 0 <= chance_of_both(p, r) <= p * (1 + 1e-6)
    assert (
        chance_of_both(p, r) <= chance_of_both(p, min(1.0, r + 0.05)) * (1 + 1e-6) + p * p * 1e-15
    )


def test_the_bounds_of_the_correlation_are_understood():
    assert chance_of_both(0.01, 1.0) == pytest.approx(0.01, rel=1e-6)
    assert chance_of_both(0.01, -1.0) == 0.0


def test_simulated_eyes_agree_as_often_as_expected():
    rng = np.random.default_rng(3)
    z = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 200_000)
    least = stats.norm.isf(0.01 / 2)
    hits = ((np.abs(z) > least).all(axis=1) & (z[:, 0] * z[:, 1] > 0)).sum()
    assert hits == pytest.approx(200_000 * chance_of_both(0.01, 0.6), abs=4 * np.sqrt(hits))


def test_a_variant_counts_only_if_both_eyes_have_it_in_one_dimension_with_one_sign():
    rows = [
        # variant, column, log10p, beta: columns 0, 1 left; 2, 3 right.
        (5, 0, 9.0, 0.1), (5, 2, 8.0, 0.2),
        (6, 0, 9.0, 0.1), (6, 2, 9.0, -0.2),
        (7, 0, 9.0, 0.1), (7, 3, 9.0, 0.2),
        (8, 0, 8.0, 0.1), (8, 2, 7.5, 0.1), (8, 1, 10.0, -1), (8, 3, 9.5, -1),
    ]  # fmt: skip
    tests = pd.DataFrame(rows, columns=["variant", "column", "log10p", "beta"])
    found = pairs_of(0.5).both_eyes(tests)
    assert found["variant"].tolist() == [5, 8]
    assert found["log10p"].tolist() == [8.0, 9.5]
    assert found["column"].tolist() == [0, 1]


def test_no_test_gives_no_variant():
    tests = pd.DataFrame({"variant": [], "column": [], "log10p": [], "beta": []})
    assert pairs_of(0.5).both_eyes(tests).empty


def test_equal_eyes_have_no_heterogeneity_and_the_mean_of_two():
    beta, se = np.array([0.3, 0.0, 0.3, 0.0]), np.full(4, 0.1)
    found = pairs_of(0.0).compare(0, beta, se)
    assert found["beta_mean_of_eyes"] == pytest.approx(0.3)
    assert found["log10p_heterogeneity"] == 0.0
    expected = -stats.chi2.logsf((0.3 / (0.1 / np.sqrt(2))) ** 2, 1) / np.log(10)
    assert found["log10p_mean_of_eyes"] == pytest.approx(expected, rel=1e-9)


def test_comparison_is_calibrated_where_eyes_are_correlated():
    rng = np.random.default_rng(4)
    z = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 4_000)
    pairs = pairs_of(0.6, 1)
    p = {"log10p_mean_of_eyes": [], "log10p_heterogeneity": []}
    for left, right in z:
        found = pairs.compare(0, np.array([left * 0.2, right * 0.1]), np.array([0.2, 0.1]))
        for name, values in p.items():
            values.append(10 ** -found[name])
    assert stats.kstest(p["log10p_mean_of_eyes"], "uniform").pvalue > 1e-3
    # The difference of the scaled effects has another null variance: that of unequal errors.
    assert 0.03 < np.mean(np.array(p["log10p_heterogeneity"]) < 0.05) < 0.07


def test_an_untested_eye_gives_no_comparison():
    found = pairs_of(0.5).compare(0, np.array([np.nan, 0, 1, 0]), np.ones(4))
    assert all(np.isnan(value) for value in found.values())


def test_the_best_test_of_a_variant_is_kept_in_file_order():
    tests = pd.DataFrame({"variant": [3, 3, 1], "column": [0, 1, 0], "log10p": [1.0, 2.0, 5.0]})
    assert best_of_variants(tests).to_numpy().tolist() == [[1, 0, 5.0], [3, 1, 2.0]]


def test_both_eyes_take_the_larger_p_and_ask_for_one_sign():
    log10p = np.array([[9.0, 3.0, 8.0, 7.0], [np.nan, 3.0, 8.0, 7.0]])
    beta = np.array([[0.1, -0.1, 0.2, 0.1], [np.nan, 0.1, 0.2, 0.0]])
    found = both_eyes_log10p(log10p, beta, np.array([0, 1]), np.array([2, 3]))
    np.testing.assert_array_equal(found, [[8.0, np.nan], [np.nan, np.nan]])


def test_correlation_is_of_residuals_in_one_mask_and_of_statistics_in_two():
    eyes = EyeColumns.of(labels_from_names(["left_a", "right_a"]))
    covariance = np.array([[4.0, 1.0], [1.0, 1.0]])
    same = pair_up(eyes, np.array([0, 0]), covariance, [0.1])
    assert (same.correlation[0], same.correlation_from) == (0.5, "residuals")
    other = pair_up(eyes, np.array([0, 1]), np.full((2, 2), np.nan), [0.1])
    assert (other.correlation[0], other.correlation_from) == (0.1, "statistics")
