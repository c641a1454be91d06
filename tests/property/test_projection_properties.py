"""What must hold for any weights: projection is linear in them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from igwas.association.projection_arithmetic import Combination

K, N = 4, 12
RNG = np.random.default_rng(8)
MIXING = RNG.normal(size=(K, K)) + 2 * np.eye(K)
GRAM = 400 * MIXING.T @ MIXING
BETA = RNG.normal(size=(N, K)) * 0.05
S = RNG.uniform(50, 200, N)
DOF = np.full(N, 395.0)
FINITE = st.floats(-3, 3).filter(lambda value: abs(value) > 1e-3)
MATRICES = arrays(np.float64, (K, 3), elements=FINITE).filter(
    lambda matrix: np.linalg.cond(matrix) < 1e3
)


def effects(weights, se=None):
    return Combination(weights, GRAM).effects(BETA, S, DOF, se)


@settings(max_examples=50, deadline=None)
@given(MATRICES, FINITE)
def test_scaling_a_combination_scales_beta_and_se(matrix, scale):
    plain, scaled = effects(matrix), effects(matrix * scale)
    np.testing.assert_allclose(scaled.beta, plain.beta * scale, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.se, plain.se * abs(scale), rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(MATRICES, arrays(np.float64, (3, 3), elements=FINITE))
def test_the_omnibus_test_is_the_same_in_every_basis(matrix, change):
    if np.linalg.cond(change) > 1e3:
        return
    plain, turned = effects(matrix), effects(matrix @ change)
    np.testing.assert_allclose(turned.f_statistic, plain.f_statistic, rtol=1e-5)


@settings(max_examples=50, deadline=None)
@given(MATRICES)
def test_a_combination_never_beats_the_omnibus_test_of_its_parts(matrix):
    whole = effects(np.eye(K))
    t2 = (effects(matrix).beta / effects(matrix).se) ** 2
    r2 = t2 / (t2 + DOF[:, None])
    ratio = whole.f_statistic * K / (DOF + 1 - K)
    assert (r2 <= (ratio / (1 + ratio))[:, None] + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(K)))
def test_the_order_of_phenotypes_changes_nothing(order):
    weights = RNG.normal(size=(K, 2))
    plain = effects(weights)
    shuffled = Combination(weights[order], GRAM[np.ix_(order, order)]).effects(
        BETA[:, order], S, DOF
    )
    np.testing.assert_allclose(shuffled.beta, plain.beta, rtol=1e-10)
    np.testing.assert_allclose(shuffled.log10p, plain.log10p, rtol=1e-8)
