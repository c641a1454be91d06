import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.reference import hardy_weinberg, tails

from igwas import _core
from igwas.association.tails import log10p_chisq, log10p_f, log10p_student_t
from igwas.errors import ShapeError

# The contract is 1e-10; the worst found on the whole grid is 2e-13.
TOLERANCE = 1e-12
# Hardy-Weinberg sums thousands of rounded ratios.
TOLERANCE_HARDY_WEINBERG = 1e-11

T = [1e-170, 1e-8, 1e-3, 0.3, 1.0, 1.9, 2.5, 2.6, 3.0, 6.0, 15.0, 39.0, 300.0, 2000.0]
DOF_OF_T = [1, 2, 3, 4.5, 10, 366, 65_000, 500_000]
F = [1e-6, 1e-2, 0.5, 0.95, 1.0, 1.05, 1.3, 4.0, 1e3, 1e5]
D1 = [1, 2, 5, 128, 1024]
D2 = [1, 2, 7, 128, 3000, 65_000, 500_000]
T_DENSE = [*T, 1e-300, 0.1, 0.5, 0.8, 1.3, 1.6, 2.2, 2.53, 2.8, 4.0, 8.0, 20.0, 37.5, 100.0, 1e3,
           1e8, 1e100, 1e160, 1e300]  # fmt: skip
DOF_DENSE = [*DOF_OF_T, 0.5, 5, 6, 7, 8, 15, 19, 20, 21, 50, 99.9, 1000, 10_000, 123_456, 499_999]

positive = st.floats(1e-6, 1e4)
degrees = st.floats(1, 5e5)


def _worst(found, oracle, points):
    expected = [oracle(*map(float, point)) for point in points]
    return max(map(tails.relative_error, found, expected))


@pytest.mark.parametrize("dof", DOF_OF_T)
def test_student_t_agrees_with_mpmath(dof):
    points = [(t, dof) for t in T]
    assert _worst(log10p_student_t(T, dof), tails.log10p_student_t, points) < TOLERANCE


@pytest.mark.parametrize("d1", D1)
def test_f_agrees_with_mpmath(d1):
    points = list(itertools.product(F, [d1], D2))
    found = log10p_f(*np.transpose(points))
    assert _worst(found, tails.log10p_f, points) < TOLERANCE


def test_chisq_agrees_with_mpmath():
    points = list(itertools.product([1e-9, 0.4, 3.84, 100.0, 140.0, 5e3], [1, 2, 7.5, 128, 1024]))
    found = log10p_chisq(*np.transpose(points))
    assert _worst(found, tails.log10p_chisq, points) < TOLERANCE


def test_student_t_agrees_with_quadrature_of_its_density():
    points = [(2.0, 3.0), (5.0, 65_000.0), (12.0, 366.0)]
    found = log10p_student_t(*np.transpose(points))
    assert _worst(found, tails.log10p_student_t_by_quadrature, points) < TOLERANCE


@pytest.mark.slow
def test_student_t_agrees_with_mpmath_on_the_dense_grid():
    points = list(itertools.product(T_DENSE, DOF_DENSE))
    found = log10p_student_t(*np.transpose(points))
    assert _worst(found, tails.log10p_student_t, points) < TOLERANCE


@pytest.mark.slow
def test_f_agrees_with_mpmath_on_the_dense_grid():
    generator = np.random.default_rng(20240602)
    d1 = generator.integers(1, 1025, 1000).astype(float)
    d2 = np.floor(np.exp(generator.uniform(0, np.log(5e5), 1000)))
    spread = np.minimum(np.sqrt(2 / d1 + 2 / d2), 3)
    f = np.r_[np.exp(generator.uniform(-6, 8, 900) * spread[:900]), [*F * 10]]
    points = np.column_stack([f, d1, d2])
    assert _worst(log10p_f(f, d1, d2), tails.log10p_f, points) < TOLERANCE


@given(t=positive, dof=degrees, factor=st.floats(1.0001, 10))
def test_larger_t_gives_larger_log10p(t, dof, factor):
    assert log10p_student_t(t * factor, dof) > log10p_student_t(t, dof)


@given(t=positive, dof=degrees)
def test_sign_of_t_is_irrelevant(t, dof):
    assert log10p_student_t(-t, dof) == log10p_student_t(t, dof)


@given(t=st.floats(2.5, 1e3), dof=degrees, factor=st.floats(1.01, 10))
def test_more_degrees_of_freedom_give_larger_log10p(t, dof, factor):
    assert log10p_student_t(t, dof * factor) > log10p_student_t(t, dof)


@given(t=positive, dof=degrees)
def test_f_on_one_degree_of_freedom_is_t_squared(t, dof):
    np.testing.assert_allclose(log10p_f(t * t, 1, dof), log10p_student_t(t, dof), rtol=TOLERANCE)


@given(f=st.floats(0.5, 1e4), d1=st.floats(1, 1024), d2=degrees, factor=st.floats(1.001, 10))
def test_larger_f_gives_larger_log10p(f, d1, d2, factor):
    larger, smaller = log10p_f(f * factor, d1, d2), log10p_f(f, d1, d2)
    # Far below the mode p is 1 to the last digit of log10p's own range: both are 0 there.
    assert larger > smaller or larger == 0


def test_zero_infinity_and_nan():
    np.testing.assert_array_equal(
        log10p_student_t([0, np.inf, -np.inf, np.nan, 1, 1, 1], [5, 5, 5, 5, 0, -1, np.nan]),
        [0, np.inf, np.inf, np.nan, np.nan, np.nan, np.nan],
    )
    np.testing.assert_array_equal(
        log10p_f([-1, 0, np.inf, np.nan, 1], [3, 3, 3, 3, 0], 10), [0, 0, np.inf, np.nan, np.nan]
    )
    np.testing.assert_array_equal(
        log10p_chisq([-1, 0, np.inf, np.nan, 1], [3, 3, 3, 3, 0]), [0, 0, np.inf, np.nan, np.nan]
    )


def test_infinite_degrees_of_freedom_are_the_limit():
    np.testing.assert_allclose(log10p_student_t(5, np.inf), log10p_chisq(25, 1), rtol=TOLERANCE)
    np.testing.assert_allclose(log10p_f(2, 9, np.inf), log10p_chisq(18, 9), rtol=TOLERANCE)


def test_arguments_broadcast():
    assert log10p_student_t(np.ones((3, 1)), np.arange(1, 5)).shape == (3, 4)
    assert log10p_student_t(2.0, [3, 4]).shape == (2,)
    assert log10p_student_t(2.0, 3).shape == ()
    assert log10p_f([], 1, 2).shape == (0,)
    assert log10p_student_t(np.ones((4, 6))[:, ::2], 3).shape == (4, 3)


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ShapeError, match=r"t \(3,\), dof \(2,\)"):
        log10p_student_t(np.ones(3), np.ones(2))
    with pytest.raises(ShapeError, match="dof has 2 elements"):
        _core.log10p_student_t(np.ones(3), np.ones(2))


@pytest.mark.parametrize("t", [np.ones(3, np.float32), np.ones(6)[::2], [1.0, 2.0]])
def test_core_converts_nothing_silently(t):
    with pytest.raises(TypeError):
        _core.log10p_student_t(t, np.ones(1))


def _hardy_weinberg(counts, **options):
    columns = np.ascontiguousarray(np.transpose(counts), dtype=np.int64)
    return _core.hardy_weinberg_log10p(*columns, **options)


def test_hardy_weinberg_agrees_with_exact_integers_for_all_small_counts():
    counts = [c for c in itertools.product(range(13), repeat=3) if sum(c)]
    for mid_p in (False, True):
        expected = [hardy_weinberg.hardy_weinberg_log10p(*c, mid_p=mid_p) for c in counts]
        found = _hardy_weinberg(counts, mid_p=mid_p)
        # p of exactly 1 is 0 in log10p: an absolute bound beside the relative one.
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE_HARDY_WEINBERG, atol=1e-16)


# The largest probability is just above 2^512 times the observed one.
@example((202, 0, 340))
@given(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400)))
def test_hardy_weinberg_agrees_with_exact_integers(counts):
    expected = hardy_weinberg.hardy_weinberg_log10p(*counts)
    found = _hardy_weinberg([counts])[0]
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE_HARDY_WEINBERG, atol=1e-15)


@pytest.mark.parametrize(
    "counts", [(499_000, 800, 200), (490_000, 9_900, 100), (1, 2_000, 497_999), (498_000, 0, 2_000)]
)
def test_hardy_weinberg_agrees_at_half_a_million_people(counts):
    expected = hardy_weinberg.hardy_weinberg_log10p_large(*counts)
    np.testing.assert_allclose(_hardy_weinberg([counts]), expected, rtol=TOLERANCE_HARDY_WEINBERG)


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(125_400, 249_000, 125_600), (100_000, 250_000, 150_000)])
def test_hardy_weinberg_agrees_for_common_alleles_at_half_a_million_people(counts):
    expected = hardy_weinberg.hardy_weinberg_log10p_large(*counts)
    np.testing.assert_allclose(_hardy_weinberg([counts]), expected, rtol=TOLERANCE_HARDY_WEINBERG)


def test_hardy_weinberg_of_negative_counts_is_nan():
    assert np.isnan(_hardy_weinberg([(-1, 2, 3), (1, -2, 3), (1, 2, -3)])).all()


def test_hardy_weinberg_agrees_with_exact_integers_without_heterozygotes():
    # Probabilities span hundreds of orders of magnitude: every scale is crossed at every place.
    counts = [(n, 0, n + more) for n in range(150, 700, 7) for more in (0, 1, 50, 140)]
    expected = [hardy_weinberg.hardy_weinberg_log10p(*c) for c in counts]
    np.testing.assert_allclose(_hardy_weinberg(counts), expected, rtol=TOLERANCE_HARDY_WEINBERG)
