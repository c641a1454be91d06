import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE, Dishonest, Honest, random_answers

from igwas.benchmark.answers import (
    Oracle,
    WrongAnswer,
    check,
    check_against,
    compare,
    sample_variants,
)
from igwas.benchmark.engines.engine import Job, empty_answers
from igwas.benchmark.oracle import Answers


def job(cohort, folder):
    return Job(cohort, SHAPE.n_variants, folder, 1)


def test_an_engine_that_is_right_passes(cohort, tmp_path):
    found = check(Honest(), job(cohort, tmp_path), Oracle(cohort), np.arange(20))
    assert found["is_right"]
    # A variant that nobody carries has no answer.
    assert found["n_tests"] + found["n_absent"] >= 17 * SHAPE.n_phenotypes
    assert found["largest_error"] == 0


def test_an_engine_that_is_off_by_a_thousandth_is_caught(cohort, tmp_path):
    with pytest.raises(WrongAnswer, match="Dishonest disagrees with its float64 twin"):
        check(Dishonest(), job(cohort, tmp_path), Oracle(cohort), np.arange(20))


def test_planted_variants_reach_far_into_the_tails(cohort):
    largest = np.nanmax(np.abs(Oracle(cohort).answers("mean", np.arange(8)).t))
    assert largest > 8


def test_an_answer_that_is_absent_is_wrong():
    expected = random_answers()
    found = Answers(expected.beta.copy(), expected.t.copy())
    found.t[2, 1] = np.nan
    comparison = compare(Honest(), found, expected)
    assert comparison.n_absent == 1
    assert not comparison.is_right
    with pytest.raises(WrongAnswer, match="1 of its tests are absent"):
        check_against(Honest(), found, Honest(), expected)


def test_nothing_to_compare_is_not_right():
    assert not compare(Honest(), random_answers(), empty_answers(4, 3)).is_right


def test_a_variant_without_an_answer_in_the_reference_is_not_compared():
    expected = random_answers()
    expected.t[0, 0] = np.nan
    comparison = compare(Honest(), random_answers(), expected)
    assert comparison.n_tests == 11
    assert comparison.is_right


@pytest.mark.parametrize(("error", "is_right"), [(0.9e-3, True), (1.1e-3, False)])
def test_the_tolerance_is_the_engines_own(error, is_right):
    expected = random_answers()
    found = Answers(expected.beta, expected.t + error)
    assert compare(Honest(), found, expected).is_right == is_right


def test_printed_digits_widen_the_tolerance_in_proportion_to_t():
    expected = Answers(np.zeros((1, 1)), np.array([[100.0]]))
    found = Answers(np.zeros((1, 1)), np.array([[100.5]]))
    assert not compare(Honest(), found, expected).is_right
    assert compare(Honest(), found, expected, relative=0.01).is_right


def test_engines_of_another_model_are_held_to_beta_alone():
    class Beta(Honest):
        compares = "beta"
        n_tested_phenotypes = 1

    expected = random_answers()
    found = Answers(expected.beta * np.array([1, 2, 2]), expected.t * 2)
    assert compare(Beta(), found, expected).is_right
    found.beta[0, 0] += 0.1
    assert not compare(Beta(), found, expected).is_right


def test_planted_variants_and_others_evenly_between_are_checked():
    found = sample_variants(1000, 24)
    assert set(range(8)) <= set(found)
    assert found[-1] == 999
    assert list(sample_variants(3, 24)) == [0, 1, 2]
