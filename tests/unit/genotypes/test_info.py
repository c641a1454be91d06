import numpy as np
import pytest

from igwas.genotypes.info import dosage_r2, information_of_variances


def impute_info(probabilities):
    """The published formula, sample by sample, for diploid samples."""
    expected = [p[1] + 2 * p[2] for p in probabilities]
    squares = [p[1] + 4 * p[2] for p in probabilities]
    theta = sum(expected) / (2 * len(probabilities))
    lost = sum(f - e * e for e, f in zip(expected, squares, strict=True))
    return 1 - lost / (2 * len(probabilities) * theta * (1 - theta))


def moments(probabilities):
    mean = probabilities[:, 1] + 2 * probabilities[:, 2]
    return probabilities[:, 1] + 4 * probabilities[:, 2] - mean**2, mean


def test_information_is_impute_s():
    probabilities = np.random.default_rng(3).dirichlet([3, 1, 0.5], 50)
    variance, mean = moments(probabilities)
    found = information_of_variances(variance, mean, np.full(50, 2.0))
    assert found == pytest.approx(impute_info(probabilities), rel=1e-12)


def test_certain_calls_have_information_1_and_no_information_is_0():
    mean = np.array([0.0, 1.0, 2.0, 1.0])
    assert information_of_variances(np.zeros(4), mean, np.full(4, 2.0)) == 1
    prior = np.tile([0.49, 0.42, 0.09], (10, 1))
    variance, mean = moments(prior)
    assert information_of_variances(variance, mean, np.full(10, 2.0)) == pytest.approx(0, abs=1e-12)


def test_missing_samples_do_not_count():
    variance, mean = np.array([0.5, np.nan, 0.1]), np.array([1.0, np.nan, 0.2])
    found = information_of_variances(variance, mean, np.full(3, 2.0))
    assert found == information_of_variances(variance[[0, 2]], mean[[0, 2]], np.full(2, 2.0))


def test_two_haploid_samples_are_as_one_diploid():
    p = np.array([0.3, 0.8])
    haploid = information_of_variances(p * (1 - p), p, np.ones(2))
    diploid = information_of_variances(
        np.array([(p * (1 - p)).sum()]), np.array([p.sum()]), np.array([2.0])
    )
    assert haploid == pytest.approx(diploid)


def test_constant_variant_has_information_1_and_all_missing_nan():
    assert information_of_variances(np.zeros(3), np.zeros(3), np.full(3, 2.0)) == 1
    nan = np.full(3, np.nan)
    assert np.isnan(information_of_variances(nan, nan, np.full(3, 2.0)))


def test_dosage_r2_is_variance_over_hardy_weinberg():
    dosage = np.random.default_rng(4).uniform(0, 2, (3, 200)).astype(np.float32)
    dosage[1, :20] = np.nan
    p = np.nanmean(dosage, axis=1) / 2
    np.testing.assert_allclose(
        dosage_r2(dosage), np.nanvar(dosage, axis=1) / (2 * p * (1 - p)), rtol=1e-5
    )


def test_dosage_r2_of_haploid_calls_is_1():
    calls = np.array([[0, 2, 0, 2, 2, 0]], np.float32)
    assert dosage_r2(calls, np.ones(6, bool)) == pytest.approx(1)
    assert dosage_r2(calls) == pytest.approx(2)


def test_dosage_r2_of_constant_is_1_and_of_missing_nan():
    found = dosage_r2(np.array([[2, 2], [np.nan, np.nan], [0, np.nan]], np.float32))
    np.testing.assert_array_equal(found, [1, np.nan, 1])
