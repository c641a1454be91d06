import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from igwas.phenotypes.transform import rank_inverse_normal


def test_blom_scores_of_five_values():
    scores = rank_inverse_normal(np.array([[50.0], [10], [30], [20], [40]])).ravel()
    ranks = np.array([5, 1, 3, 2, 4])
    np.testing.assert_allclose(scores, norm.ppf((ranks - 0.375) / 5.25), rtol=1e-12, atol=1e-15)


def test_ties_take_the_average_rank():
    scores = rank_inverse_normal(np.array([[1.0], [1.0], [2.0], [3.0]])).ravel()
    np.testing.assert_allclose(scores[:2], norm.ppf((1.5 - 0.375) / 4.25))


def test_missing_values_stay_and_do_not_count():
    values = np.array([[1.0, np.nan], [np.nan, 2.0], [3.0, 1.0]])
    scores = rank_inverse_normal(values)
    np.testing.assert_array_equal(np.isnan(scores), np.isnan(values))
    np.testing.assert_allclose(scores[[0, 2], 0], rank_inverse_normal(np.array([[1], [3.0]]))[:, 0])


def test_constant_and_empty_columns_do_not_crash():
    scores = rank_inverse_normal(np.array([[2.0, np.nan], [2.0, np.nan]]))
    np.testing.assert_array_equal(scores, [[0, np.nan], [0, np.nan]])


@given(arrays(float, st.integers(2, 40), elements=st.floats(-1e9, 1e9)))
def test_order_is_kept(values):
    scores = rank_inverse_normal(values[:, None]).ravel()
    order = np.argsort(values, kind="stable")
    steps = np.diff(scores[order])
    assert (steps[np.diff(values[order]) > 0] > 0).all()
    assert (steps[np.diff(values[order]) == 0] == 0).all()


@given(arrays(float, st.integers(2, 40), elements=st.integers(-1000, 1000).map(float)))
def test_any_increasing_function_of_the_values_gives_the_same(values):
    plain = rank_inverse_normal(values[:, None])
    np.testing.assert_array_equal(plain, rank_inverse_normal(values[:, None] ** 3))
