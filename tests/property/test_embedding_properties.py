"""What must hold for every embedding, whatever its numbers: examples drawn by Hypothesis."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.embeddings import spread
from igwas.embeddings.agreement import absolute_agreement, one_way
from igwas.embeddings.explained import Variable, explain
from igwas.embeddings.retrieval import colour_matched_retrieval, mate_ranks

FIXED = settings(derandomize=True, max_examples=25, deadline=None, database=None)
# Sums in another order, or of other scale.
ROUNDING_RTOL = 1e-8


@st.composite
def cohorts(draw):
    """Vectors of left and right eyes, and a generator for what is changed."""
    n_people = draw(st.integers(2, 40))
    n_dimensions = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    person = rng.normal(size=(n_people, n_dimensions))
    noise = draw(st.sampled_from([0.1, 0.7, 3.0]))
    left, right = (person + noise * rng.normal(size=person.shape) for _ in range(2))
    return left, right, rng


def rotation(n_dimensions, rng):
    return np.linalg.qr(rng.normal(size=(n_dimensions, n_dimensions)))[0]


@FIXED
@given(cohorts())
def test_rotating_an_embedding_changes_no_retrieval(cohort):
    left, right, rng = cohort
    turn = rotation(left.shape[1], rng)
    np.testing.assert_array_equal(mate_ranks(left @ turn, right @ turn), mate_ranks(left, right))


@FIXED
@given(cohorts(), st.floats(1e-6, 1e6))
def test_scaling_vectors_changes_no_retrieval(cohort, scale):
    left, right, rng = cohort
    each = rng.uniform(0.1, 10, (len(left), 1))
    np.testing.assert_array_equal(mate_ranks(scale * each * left, right), mate_ranks(left, right))


@FIXED
@given(cohorts())
def test_swapping_eyes_swaps_the_directions(cohort):
    left, right, _ = cohort
    np.testing.assert_array_equal(mate_ranks(right, left), mate_ranks(left, right)[::-1])


@FIXED
@given(cohorts())
def test_the_order_of_people_changes_no_result(cohort):
    left, right, rng = cohort
    order = rng.permutation(len(left))
    colours = rng.normal(size=(2, len(left), 5))
    np.testing.assert_array_equal(
        mate_ranks(left[order], right[order]), mate_ranks(left, right)[:, order]
    )
    found = colour_matched_retrieval(left[order], right[order], *colours[:, order])
    expected = colour_matched_retrieval(left, right, *colours)
    np.testing.assert_array_equal(found.is_found, expected.is_found[:, order])


@FIXED
@given(cohorts())
def test_the_mate_among_all_is_no_better_than_among_a_few(cohort):
    left, right, rng = cohort
    colours = rng.normal(size=(2, len(left), 5))
    found = colour_matched_retrieval(left, right, *colours, n_decoys=3)
    assert (found.is_found >= (mate_ranks(left, right) == 1)).all()


@FIXED
@given(cohorts(), st.floats(0.01, 100), st.floats(-50, 50))
def test_scaling_and_shifting_a_dimension_changes_no_agreement(cohort, scale, shift):
    left, right, _ = cohort
    ratings = np.stack([left, right], axis=1)
    for function in (one_way, absolute_agreement):
        found, expected = function(scale * ratings + shift), function(ratings)
        for name in ("value", "low", "high"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), rtol=1e-6, atol=1e-6
            )


@FIXED
@given(cohorts())
def test_rotation_changes_neither_rank_nor_uniformity_nor_alignment(cohort):
    left, right, rng = cohort
    turn = rotation(left.shape[1], rng)

    def measured(a, b):
        shares = spread.spectrum(spread.covariance(a))
        return spread.effective_rank(shares), spread.uniformity(a), spread.alignment(a, b)

    np.testing.assert_allclose(
        measured(left @ turn, right @ turn), measured(left, right), rtol=ROUNDING_RTOL, atol=1e-9
    )


@FIXED
@given(cohorts())
def test_rotation_changes_no_share_of_all_variance(cohort):
    left, right, rng = cohort
    vectors = np.concatenate([left, right])
    people = [f"P{at % len(left)}" for at in range(len(vectors))]
    variable = Variable("x", rng.normal(size=(len(vectors), 2)), "group")
    turn = rotation(left.shape[1], rng)
    found, expected = (explain(one, people, variable) for one in (vectors @ turn, vectors))
    np.testing.assert_allclose(
        [found.total, found.total_adjusted, found.total_cross_validated],
        [expected.total, expected.total_adjusted, expected.total_cross_validated],
        rtol=ROUNDING_RTOL, atol=1e-9,
    )  # fmt: skip


@FIXED
@given(cohorts())
def test_a_linear_change_of_the_terms_changes_no_share(cohort):
    left, right, rng = cohort
    vectors = np.concatenate([left, right])
    people = [f"P{at % len(left)}" for at in range(len(vectors))]
    design = rng.normal(size=(len(vectors), 2))
    changed = design @ np.array([[2.0, 0.3], [0.0, -1.0]]) + 5
    found, expected = (
        explain(vectors, people, Variable("x", one, "group")) for one in (changed, design)
    )
    np.testing.assert_allclose(found.r2, expected.r2, rtol=ROUNDING_RTOL, atol=1e-9)
    np.testing.assert_allclose(
        found.cross_validated, expected.cross_validated, rtol=1e-6, atol=1e-6, equal_nan=True
    )
