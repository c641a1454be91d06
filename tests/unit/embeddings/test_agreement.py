import numpy as np
import pytest
from tests.reference import embeddings as twin

from igwas.embeddings.agreement import absolute_agreement, one_way
from igwas.errors import ShapeError

ROUNDING = 1e-10


def eyes(n_people=40, n_raters=2, shift=0.0, noise=1.0, seed=3):
    """People x raters x 3 dimensions; the second rater is shifted."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_people, 1, 3)) + noise * rng.normal(size=(n_people, n_raters, 3))
    values[:, 1] += shift
    return values


@pytest.mark.parametrize(("n_people", "n_raters"), [(2, 2), (5, 2), (40, 2), (9, 4)])
def test_correlations_are_those_of_the_plain_twin(n_people, n_raters):
    ratings = eyes(n_people, n_raters, shift=0.5)
    for dimension in range(3):
        table = ratings[:, :, dimension].tolist()
        assert one_way(ratings).value[dimension] == pytest.approx(twin.icc_1_1(table))
        assert absolute_agreement(ratings).value[dimension] == pytest.approx(twin.icc_a_1(table))


@pytest.mark.parametrize("function", [one_way, absolute_agreement])
def test_intervals_cover_the_truth_as_often_as_they_say(function):
    # ICC is 1 / (1 + 1) = .5 in each of 300 x 3 tables.
    found = [function(eyes(30, seed=seed), confidence=0.9) for seed in range(300)]
    covered = np.mean([(one.low < 0.5) & (one.high > 0.5) for one in found])
    assert abs(covered - 0.9) < 0.03


@pytest.mark.parametrize("function", [one_way, absolute_agreement])
def test_the_interval_holds_the_value_and_narrows_with_people(function):
    few, many = function(eyes(10)), function(eyes(1000))
    for one in (few, many):
        assert ((one.low < one.value) & (one.value < one.high)).all()
    assert (many.high - many.low < few.high - few.low).all()


def test_a_shift_between_eyes_is_disagreement():
    apart = eyes(shift=3.0, noise=0.3)
    assert (absolute_agreement(apart).value < 0.5).all()
    assert (absolute_agreement(eyes(noise=0.3)).value > 0.8).all()


@pytest.mark.parametrize("function", [one_way, absolute_agreement])
def test_eyes_that_are_the_same_agree_wholly(function):
    same = np.repeat(np.arange(6.0)[:, None, None], 2, axis=1)
    found = function(same)
    assert (found.value[0], found.low[0], found.high[0]) == (1, 1, 1)


@pytest.mark.parametrize("function", [one_way, absolute_agreement])
@pytest.mark.parametrize(
    "ratings", [np.full((5, 2, 3), 0.1), np.ones((1, 2, 3)), np.ones((0, 2, 3))]
)
def test_what_does_not_vary_or_has_nobody_is_nan(function, ratings):
    found = function(ratings)
    assert np.isnan([found.value, found.low, found.high]).all()


def test_other_axes_are_refused():
    for ratings in (np.ones((5, 2)), np.ones((5, 1, 3))):
        with pytest.raises(ShapeError, match="at least two raters"):
            one_way(ratings)
