"""r^2 of likeliest haplotypes against a fine grid of the likelihood, and against known phase."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.loci.haplotypes import haplotype_r2
from igwas.loci.ld import count_pairs


def twin(x, y):
    """Maximise the likelihood on a grid, from the nine counts of genotype pairs."""
    both = (x >= 0) & (y >= 0)
    x, y = x[both], y[both]
    table = np.array([[((x == a) & (y == b)).sum() for b in range(3)] for a in range(3)], float)
    n = 2 * table.sum()
    p, q = x.mean() / 2, y.mean() / 2
    low, high = max(0, p + q - 1), min(p, q)
    best, answer = -np.inf, np.nan
    for f11 in np.linspace(low, high, 40_001):
        f = np.array([[1 - p - q + f11, q - f11], [p - f11, f11]])  # by copies of x, of y
        likelihood = 0.0
        for a in range(3):
            for b in range(3):
                if table[a, b]:
                    chance = sum(
                        f[i, k] * f[a - i, b - k]
                        for i in range(2) for k in range(2)
                        if 0 <= a - i <= 1 and 0 <= b - k <= 1
                    )  # fmt: skip
                    likelihood += table[a, b] * np.log(max(chance, 1e-300))
        if likelihood > best:
            best, answer = likelihood, (f11 - p * q) ** 2 / (p * (1 - p) * q * (1 - q))
    assert n > 0
    return answer


def r2_of(x, y):
    counts = count_pairs(np.asarray(x, np.int8)[None], np.asarray(y, np.int8))
    return haplotype_r2(counts.n, counts.sx, counts.sy, counts.sxy, counts.hets)[0]


def related_calls(rng, n=60, keep=0.7):
    first = rng.random((2, n)) < rng.uniform(0.2, 0.8)
    second = np.where(rng.random((2, n)) < keep, first, rng.random((2, n)) < 0.4)
    return first.sum(axis=0).astype(np.int8), second.sum(axis=0).astype(np.int8)


@pytest.mark.parametrize("seed", range(6))
def test_r2_is_that_of_the_likeliest_haplotypes(seed):
    rng = np.random.default_rng(seed)
    x, y = related_calls(rng, keep=rng.uniform(0, 1))
    x[rng.random(len(x)) < 0.1] = -1
    assert r2_of(x, y) == pytest.approx(twin(x, y), abs=2e-4)


def test_without_double_heterozygotes_phase_is_known():
    rng = np.random.default_rng(5)
    x, y = related_calls(rng, 200)
    known = ~((x == 1) & (y == 1))
    x, y = x[known], y[known]
    # Haplotypes of each person: where one variant is homozygous its allele is on both.
    pairs = []
    for a, b in zip(x, y, strict=True):
        left = (1, 0) if a == 1 else (a // 2, a // 2)
        right = (1, 0) if b == 1 else (b // 2, b // 2)
        pairs += list(zip(left, right, strict=True))
    expected = np.corrcoef(np.array(pairs).T)[0, 1] ** 2
    assert r2_of(x, y) == pytest.approx(expected, rel=1e-10)


def test_a_variant_with_itself_has_r2_of_one():
    x, _ = related_calls(np.random.default_rng(1))
    assert r2_of(x, x) == pytest.approx(1, abs=1e-9)
    assert r2_of(x, 2 - x) == pytest.approx(1, abs=1e-9)


def test_a_constant_variant_has_none():
    x, _ = related_calls(np.random.default_rng(1))
    assert np.isnan(r2_of(x, np.zeros_like(x)))
    assert np.isnan(r2_of(x, np.full_like(x, -1)))


def test_only_double_heterozygotes_leave_two_answers_of_equal_r2():
    ones = np.ones(10, np.int8)
    assert r2_of(ones, ones) == pytest.approx(1, abs=1e-9)


CALLS = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=4, max_size=40)


@settings(max_examples=200, deadline=None)
@given(CALLS)
def test_counting_the_other_allele_or_swapping_variants_changes_nothing(calls):
    x, y = np.array(calls, np.int8).T
    plain = r2_of(x, y)
    other = np.where(x < 0, -1, 2 - x)
    assert np.isnan(plain) or -1e-12 <= plain <= 1
    np.testing.assert_allclose(r2_of(other, y), plain, atol=1e-6, equal_nan=True)
    np.testing.assert_allclose(r2_of(y, x), plain, atol=1e-6, equal_nan=True)
