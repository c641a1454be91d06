import numpy as np
import pytest

from igwas.association.effective_tests import effective_number_of_tests


def test_uncorrelated_phenotypes_count_fully_whatever_their_scale():
    assert effective_number_of_tests(np.diag([1.0, 9.0, 0.01])) == pytest.approx(3)


def test_copies_of_one_phenotype_count_once():
    column = np.array([1.0, -2.0, 3.0, 0.5])
    assert effective_number_of_tests(np.outer(column, column)) == pytest.approx(1, abs=1e-6)


def test_two_phenotypes_of_given_correlation_follow_the_formula():
    # Eigenvalues 1 +- r.
    r = 0.6
    expected = (np.sqrt(1 + r) + np.sqrt(1 - r)) ** 2 / 2
    assert effective_number_of_tests(np.array([[1, r], [r, 1]])) == pytest.approx(expected)


def test_unknown_covariances_count_as_uncorrelated():
    assert effective_number_of_tests(np.array([[1, np.nan], [np.nan, 1]])) == pytest.approx(2)
