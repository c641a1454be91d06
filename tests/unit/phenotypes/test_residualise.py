import numpy as np
import pytest

from igwas.errors import InputError, ShapeError
from igwas.phenotypes.residualise import find_untestable, residualise

ROUNDING = 1e-12  # a projection of standard normal values, some hundred samples


def random_basis(rng, n_samples, n_covariates):
    columns = np.column_stack([np.ones(n_samples), rng.standard_normal((n_samples, n_covariates))])
    return np.linalg.qr(columns)[0]


def test_residuals_are_those_of_least_squares():
    rng = np.random.default_rng(1)
    q, y = random_basis(rng, 300, 4), rng.standard_normal((300, 70))
    expected = y - q @ np.linalg.lstsq(q, y, rcond=None)[0]
    np.testing.assert_allclose(residualise(y, q), expected, atol=ROUNDING)


def test_residuals_stay_orthogonal_under_a_huge_offset():
    rng = np.random.default_rng(2)
    q = random_basis(rng, 300, 4)
    residuals = residualise(1e9 + rng.standard_normal((300, 3)), q)
    assert np.abs(q.T @ residuals).max() < ROUNDING * 100


def test_input_is_left_alone():
    rng = np.random.default_rng(3)
    y = rng.standard_normal((50, 2))
    before = y.copy()
    residualise(y, random_basis(rng, 50, 2))
    np.testing.assert_array_equal(y, before)


def untestable_phenotypes():
    rng = np.random.default_rng(4)
    q = random_basis(rng, 200, 3)
    y = rng.standard_normal((200, 70))
    y[:, 1] = 0.1
    y[:, 65] = 3 + q @ rng.standard_normal(4)
    y[:, 66] = np.where(np.arange(200) == 7, np.nan, 1.0)
    return y, q, [f"dim_{i:03d}" for i in range(70)]


def test_untestable_phenotypes_are_all_named_with_reasons():
    y, q, names = untestable_phenotypes()
    assert find_untestable(y, q, names) == {
        "dim_001": "is constant",
        "dim_065": "is explained by the covariates",
        "dim_066": "has missing or infinite values where none may be",
    }


def test_residualise_refuses_what_find_untestable_finds():
    y, q, names = untestable_phenotypes()
    with pytest.raises(InputError, match=r"phenotype 'dim_001' is constant \(and 2 more\)"):
        residualise(y, q, names=names)
    testable = [i for i in range(70) if i not in (1, 65, 66)]
    assert residualise(y[:, testable], q).shape == (200, 67)


def test_a_constant_with_an_offset_is_constant_to_rounding():
    q = random_basis(np.random.default_rng(5), 100, 2)
    y = np.full((100, 1), 1e9)
    y[::2] += 2e-7
    assert find_untestable(y, q, ["a"]) == {"a": "is constant"}


def test_a_phenotype_with_a_small_residual_share_is_tested():
    rng = np.random.default_rng(6)
    q = random_basis(rng, 200, 3)
    y = (q @ rng.standard_normal(4))[:, None] * 1e3 + rng.standard_normal((200, 1))
    assert find_untestable(y, q, ["a"]) == {}


def test_no_samples_is_a_reason_not_a_crash():
    reasons = find_untestable(np.empty((0, 2)), np.empty((0, 1)), ["a", "b"])
    assert list(reasons) == ["a", "b"]


def test_arrays_that_disagree_are_refused():
    with pytest.raises(ShapeError, match="3 samples but covariates 4"):
        residualise(np.zeros((3, 1)), np.zeros((4, 1)))
    with pytest.raises(ShapeError, match="1 names for 2 phenotypes"):
        find_untestable(np.zeros((3, 2)), np.zeros((3, 1)), ["a"])
