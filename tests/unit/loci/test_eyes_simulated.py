"""Numbers about two eyes against people who were simulated, from the scan to the comparison."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats
from tests.cohort_files import write_bed, write_table

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.loci.candidates import find_candidates
from igwas.loci.eyes import pair_up
from igwas.phenotypes.eye_names import EyeColumns

N_SAMPLES, N_VARIANTS, N_DIMENSIONS, CORRELATION = 800, 1500, 4, 0.6
LOST = 0.3
"""Share of people without each eye, where some lack one."""
N_ACTING, ONE_EYE_EFFECT = 10, 0.12
"""The last variants act on left eyes alone; standardised effect."""
N_NULL = N_VARIANTS - N_ACTING
LEFT_VARIANCE = 1 + N_ACTING * ONE_EYE_EFFECT**2


@dataclass(frozen=True)
class Eyes:
    """The comparison of every variant in every dimension, (variants, dimensions)."""

    correlation: np.ndarray
    correlation_from: str
    p_heterogeneity: np.ndarray
    p_mean: np.ndarray
    both_log10p: np.ndarray
    same_sign: np.ndarray
    difference_t: np.ndarray
    expected: object
    n_both_share: float


@pytest.fixture(scope="module", params=["everybody", "some lack an eye"])
def simulated(request, tmp_path_factory):
    """People with correlated eyes on scales of their own, and variants in linkage equilibrium."""
    folder = tmp_path_factory.mktemp("simulated")
    rng = np.random.default_rng(8)
    dosage = rng.binomial(2, rng.uniform(0.2, 0.5, (N_VARIANTS, 1)), (N_VARIANTS, N_SAMPLES))
    shared = rng.normal(size=(N_SAMPLES, N_DIMENSIONS)) * np.sqrt(CORRELATION)
    own = rng.normal(size=(2, N_SAMPLES, N_DIMENSIONS)) * np.sqrt(1 - CORRELATION)
    left, right = shared + own
    standard = (dosage - dosage.mean(axis=1, keepdims=True)) / dosage.std(axis=1, keepdims=True)
    effects = np.zeros((N_VARIANTS, N_DIMENSIONS))
    effects[N_NULL:] = ONE_EYE_EFFECT * rng.choice([-1, 1], (N_ACTING, N_DIMENSIONS))
    left = left + standard.T @ effects
    difference = left - right
    left, right = 3 * left, 0.5 * right
    share = 1.0
    if request.param != "everybody":
        no_left, no_right = rng.random((2, N_SAMPLES)) < LOST
        no_right &= ~no_left
        left[no_left], right[no_right] = np.nan, np.nan
        difference[no_left | no_right] = np.nan
        n = [N_SAMPLES - no.sum() for no in (no_left, no_right, no_left | no_right)]
        share = n[2] / np.sqrt(n[0] * n[1])
    names = [f"{eye}_{k}" for eye in ("left", "right", "difference") for k in range(N_DIMENSIONS)]
    write_bed(folder / "g.bed", dosage)
    write_table(folder / "p.tsv", np.hstack([left, right, difference]), names)
    run_scan(folder / "g.bed", folder / "p.tsv", folder / "s.h5", options=ScanOptions())
    return compare(folder / "s.h5", share)


def compare(path, share):
    with open_statistics(path) as file:
        eyes = EyeColumns.of(file.labels)
        columns = [(left, right) for _, left, right in eyes.pairs]
        candidates = find_candidates(file, 4.0, columns)
        pairs = pair_up(eyes, file.masks, file.covariance(0), candidates.pair_correlation)
        beta, se, log10p = file.beta[:].astype(float), file.se[:], file.log10p[:]
        t = file.t[:]
    found = [
        [pairs.compare(pair, beta[row], se[row]) for pair in range(N_DIMENSIONS)]
        for row in range(N_VARIANTS)
    ]
    left, right = pairs.left, pairs.right
    difference = [eyes.difference[name] for name in pairs.dimensions]
    return Eyes(
        pairs.correlation, pairs.correlation_from,
        np.array([[10 ** -one["log10p_heterogeneity"] for one in row] for row in found]),
        np.array([[10 ** -one["log10p_mean_of_eyes"] for one in row] for row in found]),
        np.minimum(log10p[:, left], log10p[:, right]),
        beta[:, left] * beta[:, right] > 0,
        t[:, difference], pairs, share,
    )  # fmt: skip


def assert_share(hits, chance):
    """As many as chance has it, within four standard errors."""
    n = hits.size
    assert abs(hits.sum() - n * chance) < 4 * np.sqrt(n * chance * (1 - chance))


def test_the_correlation_of_the_statistics_is_that_of_the_people_both_eyes_have(simulated):
    """Of residuals it is exact; of statistics it is diluted by people with one eye."""
    everybody = simulated.n_both_share == 1
    assert simulated.correlation_from == ("residuals" if everybody else "statistics")
    n = N_SAMPLES if everybody else N_NULL
    error = 4 / np.sqrt(n)
    expected = CORRELATION / np.sqrt(LEFT_VARIANCE) * simulated.n_both_share
    np.testing.assert_allclose(simulated.correlation, expected, atol=error)


def test_heterogeneity_is_uniform_where_the_eyes_are_alike(simulated):
    p = simulated.p_heterogeneity[:N_NULL]
    assert_share(p < 0.05, 0.05)
    assert_share(p < 0.005, 0.005)
    assert stats.kstest(p.ravel(), "uniform").pvalue > 1e-3


def test_the_mean_of_the_eyes_is_uniform_under_the_null(simulated):
    p = simulated.p_mean[:N_NULL]
    assert_share(p < 0.05, 0.05)
    assert stats.kstest(p.ravel(), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("p", [0.05, 0.01, 0.002])
def test_both_eyes_agree_as_often_as_the_measured_correlation_says(simulated, p):
    is_both = (simulated.both_log10p >= -np.log10(p)) & simulated.same_sign
    expected = simulated.expected.expected_null_hits(p, N_NULL)
    assert_share(is_both[:N_NULL], expected["both_eyes"] / (N_NULL * N_DIMENSIONS))
    assert expected["both_eyes_if_independent"] < expected["both_eyes"] < expected["one_eye"]


def test_without_the_correlation_the_expectation_would_be_far_off(simulated):
    is_both = (simulated.both_log10p >= 2) & simulated.same_sign
    expected = simulated.expected.expected_null_hits(0.01, N_NULL)["both_eyes_if_independent"]
    assert is_both[:N_NULL].sum() > 10 * expected


def test_an_effect_on_one_eye_is_found_with_the_power_it_should_have(simulated):
    """Left eyes were scanned on a scale of 3, right eyes on one of 0.5."""
    n = N_SAMPLES if simulated.n_both_share == 1 else N_SAMPLES * (1 - LOST)
    left, right = 3 * np.sqrt(LEFT_VARIANCE), 0.5
    covariance = CORRELATION * simulated.n_both_share * 3 * right
    chisq = stats.chi2.isf(simulated.p_heterogeneity[N_NULL:], 1)
    expected = 1 + (3 * ONE_EYE_EFFECT) ** 2 * n / (left**2 + right**2 - 2 * covariance)
    assert chisq.mean() == pytest.approx(expected, rel=0.25)
    assert chisq.mean() > 4


def test_on_one_scale_heterogeneity_is_the_scan_of_the_difference():
    """beta_left - beta_right is the effect on left minus right, and so is its error."""
    rng = np.random.default_rng(5)
    g = rng.normal(size=400)
    left, right = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1.3]], 400).T
    g, left, right = (one - one.mean() for one in (g, left, right))
    s = g @ g
    beta = np.array([g @ left, g @ right]) / s
    pairs_of = list(zip((left, right), beta, strict=True))
    se = np.array([np.sqrt((y @ y - b**2 * s) / (398 * s)) for y, b in pairs_of])
    r = left @ right / np.sqrt((left @ left) * (right @ right))
    eyes = EyeColumns.of([("left", "a"), ("right", "a")])
    covariance = np.array([[left @ left, left @ right], [left @ right, right @ right]])
    pairs = pair_up(eyes, np.zeros(2, np.int64), covariance, [np.nan])
    assert pairs.correlation[0] == pytest.approx(r)
    found = pairs.compare(0, beta, se)["log10p_heterogeneity"]
    z = left - right
    b = g @ z / s
    t = b / np.sqrt((z @ z - b**2 * s) / (398 * s))
    # The normal distribution for Student's, and se that know their own effect alone.
    assert found == pytest.approx(-np.log10(2 * stats.t.sf(abs(t), 398)), rel=0.02, abs=0.01)
