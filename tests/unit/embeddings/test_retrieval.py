import numpy as np
import pytest
from tests.reference import retrieval as twin

from igwas.embeddings import retrieval
from igwas.embeddings.bootstrap import BootstrapOptions
from igwas.embeddings.retrieval import (
    chance_level,
    colour_matched_retrieval,
    compare_retrieval,
    left_right_retrieval,
    mate_ranks,
)
from igwas.errors import InputError, ShapeError

FEW_DRAWS = BootstrapOptions(n_draws=200, seed=3)


def noisy_eyes(n_people, n_dimensions=6, noise=0.8, seed=1):
    """Both eyes of people: a vector of the person and noise of the eye."""
    rng = np.random.default_rng(seed)
    person = rng.normal(size=(n_people, n_dimensions))
    left, right = (person + noise * rng.normal(size=person.shape) for _ in range(2))
    return left, right


@pytest.fixture(params=["whole", "slabs of two rows"])
def slabs(request, monkeypatch):
    """Every answer must be the same however many queries are taken at a time."""
    if request.param != "whole":
        monkeypatch.setattr(retrieval, "_SLAB_SIMILARITIES", 2 * 23)


@pytest.mark.usefixtures("slabs")
@pytest.mark.parametrize("n_people", [1, 2, 7, 23])
def test_ranks_are_those_of_the_plain_twin(n_people):
    left, right = noisy_eyes(n_people)
    assert mate_ranks(left, right).tolist() == twin.mate_ranks(left, right)


@pytest.mark.usefixtures("slabs")
@pytest.mark.parametrize("n_decoys", [1, 3, 10, 100])
def test_colour_matched_retrieval_is_that_of_the_plain_twin(n_decoys):
    left, right = noisy_eyes(23)
    colours = noisy_eyes(23, n_dimensions=9, seed=2)
    found = colour_matched_retrieval(left, right, *colours, n_decoys=n_decoys)
    expected = twin.is_found_among_decoys(left, right, *colours, n_decoys)
    assert found.is_found.tolist() == expected
    assert found.n_decoys == min(n_decoys, 22)
    assert found.top1.value == pytest.approx(np.mean(expected))


def test_estimates_and_intervals_follow_from_the_ranks():
    left, right = noisy_eyes(23)
    found = left_right_retrieval(left, right, bootstrap=FEW_DRAWS)
    ranks = np.array(twin.mate_ranks(left, right))
    for estimate, values in (
        (found.top1, ranks == 1),
        (found.top5, ranks <= 5),
        (found.mean_average_precision, 1 / ranks),
    ):
        by_person = values.mean(axis=0)
        interval = twin.bootstrap_interval(by_person, 200, 0.95, 3)
        assert estimate.value == pytest.approx(by_person.mean())
        assert (estimate.low, estimate.high) == pytest.approx(interval)


def test_the_difference_of_two_embeddings_is_paired_by_person():
    good = left_right_retrieval(*noisy_eyes(23, noise=0.3))
    poor = left_right_retrieval(*noisy_eyes(23, noise=1.5))
    difference = compare_retrieval(good, poor, bootstrap=FEW_DRAWS).top1
    by_person = ((good.ranks == 1).astype(float) - (poor.ranks == 1)).mean(axis=0)
    interval = twin.bootstrap_interval(by_person, 200, 0.95, 3)
    assert difference.value == pytest.approx(good.top1.value - poor.top1.value)
    assert (difference.low, difference.high) == pytest.approx(interval)
    assert difference.low > 0


def test_an_embedding_does_not_differ_from_itself():
    found = left_right_retrieval(*noisy_eyes(9))
    difference = compare_retrieval(found, found)
    assert (difference.top1.low, difference.top1.high) == (0, 0)


def test_a_constant_vector_finds_nobody():
    eyes = np.ones((8, 3))
    found = left_right_retrieval(eyes, eyes)
    assert found.top1.value == 0
    assert found.mean_average_precision.value == pytest.approx(1 / 8)
    assert not colour_matched_retrieval(eyes, eyes, *noisy_eyes(8)).is_found.any()


def test_a_vector_of_zeros_is_similar_to_nothing():
    left, right = noisy_eyes(6, noise=0)
    left[2] = 0
    ranks = mate_ranks(left, right)
    assert ranks[0, 2] == 6
    assert (np.delete(ranks[0], 2) == 1).all()


def test_one_person_is_always_found_and_chance_says_so():
    found = left_right_retrieval(*noisy_eyes(1))
    assert found.top1.value == found.chance["top1"] == 1


def test_nobody_gives_nan():
    empty = np.empty((0, 4))
    found = left_right_retrieval(empty, empty)
    assert np.isnan([found.top1.value, found.top1.low, found.chance["top1"]]).all()
    assert np.isnan(colour_matched_retrieval(empty, empty, empty, empty).top1.value)


def test_chance_is_what_random_vectors_give():
    rng = np.random.default_rng(5)
    chance = chance_level(12)
    found = [left_right_retrieval(*rng.normal(size=(2, 12, 40))) for _ in range(400)]
    for name in chance:
        values = [getattr(one, name).value for one in found]
        error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values) - chance[name]) < 4 * error


def test_chance_among_decoys_is_what_random_vectors_give():
    rng = np.random.default_rng(6)
    found = [
        colour_matched_retrieval(*rng.normal(size=(2, 12, 40)), *noisy_eyes(12), n_decoys=4)
        for _ in range(400)
    ]
    values = [one.top1.value for one in found]
    assert found[0].chance == 0.2
    assert abs(np.mean(values) - 0.2) < 4 * np.std(values) / np.sqrt(len(values))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_by_row(value):
    left, right = noisy_eyes(5)
    right[3, 1] = value
    with pytest.raises(InputError, match="vector 3"):
        mate_ranks(left, right)


def test_arrays_that_disagree_are_refused():
    left, right = noisy_eyes(5)
    with pytest.raises(ShapeError, match=r"\(4, 6\)"):
        mate_ranks(left, right[:4])
    with pytest.raises(ShapeError, match="4 histograms"):
        colour_matched_retrieval(left, right, left[:4], right[:4])
    with pytest.raises(ShapeError, match="same people"):
        compare_retrieval(left_right_retrieval(left, right), left_right_retrieval(*noisy_eyes(4)))


def test_vectors_of_extreme_size_neither_overflow_nor_vanish():
    left, right = noisy_eyes(9)
    expected = mate_ranks(left, right)
    for scale in (1e-200, 1e200):
        np.testing.assert_array_equal(mate_ranks(left * scale, right), expected)
