import dataclasses
from pathlib import Path

import numpy as np
import pytest

from igwas.embeddings.agreement import IntraclassCorrelation
from igwas.embeddings.audit_report import (
    FIT,
    UNFIT,
    UNKNOWN,
    WARNED,
    AuditNumbers,
    ColourComparison,
    People,
    Spread,
)
from igwas.embeddings.bootstrap import Estimate
from igwas.embeddings.explained import Explained
from igwas.embeddings.retrieval import ColourMatchedRetrieval, Retrieval, RetrievalDifference
from igwas.embeddings.verdict import judge

N_DIMENSIONS = 4


def retrieval(low, n_people=300):
    estimate = Estimate(low + 0.05, low, low + 0.1)
    ranks = np.ones((2, n_people), np.int64)
    return Retrieval(ranks, estimate, estimate, estimate)


def colour(difference_low=0.01, matched_low=0.5, n_people=300):
    difference = Estimate(difference_low + 0.05, difference_low, difference_low + 0.1)
    matched = Estimate(matched_low + 0.05, matched_low, matched_low + 0.1)
    return ColourComparison(
        retrieval(0.4, n_people),
        RetrievalDifference(difference, difference, difference),
        ColourMatchedRetrieval(np.ones((2, n_people), bool), matched, 10),
    )


def correlations(value, low):
    value, low = (np.broadcast_to(np.asarray(x, float), N_DIMENSIONS) for x in (value, low))
    return IntraclassCorrelation(value, low, value + 0.1)


def variable(name, total, most):
    each = np.array([most, 0, 0, 0])
    return Explained(name, "number", 600, 2, each, each, each, total, total, total)


def numbers(**changes):
    """A good embedding of 300 people."""
    people = People(600, 300, 0, 300, 0, 300, 300, False)
    good = AuditNumbers(
        path=Path("e.h5"),
        dimension_names=("a", "b", "c", "d"),
        people=dataclasses.replace(people, **changes.pop("people", {})),
        retrieval=retrieval(0.6),
        colour=colour(),
        one_way=correlations(0.7, 0.6),
        absolute=correlations(0.7, 0.6),
        spread=Spread(3.5, np.full(4, 0.25), (), -2.0, 0.4),
        explained=(variable("quality", 0.01, 0.02),),
    )
    return dataclasses.replace(good, **changes)


def found(level, **changes):
    """Sentences of a level."""
    return [one.text for one in judge(numbers(**changes)).findings if one.level == level]


def test_a_good_embedding_is_fit_and_every_sentence_but_the_caveat_has_a_number():
    verdict = judge(numbers())
    assert verdict.level == FIT
    for one in verdict.findings[:-1]:
        assert any(letter.isdigit() for letter in one.text), one
    assert verdict.findings[-1].level == "note"


FEW = {"people": {"n_compared": 50}, "retrieval": retrieval(0.6, 50)}
NOT_ENOUGH = {"people": {"n_compared": 19}, "retrieval": retrieval(0.6, 19)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": {"n_without_vector": 3}}, "3 of 600 images"),
        ({"people": {"n_trained_on": None}}, "does not say who"),
        (FEW, "50 people only"),
        ({"colour": colour(difference_low=0.0)}, "not shown to beat colour"),
        ({"colour": colour(matched_low=1 / 11)}, "no better than chance 0.091"),
        ({"absolute": correlations(0.49, 0.4)}, "median ICC(A,1) of the eyes is 0.490"),
        ({"absolute": correlations(0.7, [0.6, 0, -0.1, 0.6])}, "of 2 of 4 dimensions"),
        ({"spread": Spread(3.5, np.full(4, 0.25), ("d",), -2.0, 0.4)}, "1 of 4 dimensions"),
        ({"explained": (variable("camera", 0.06, 0.1),)}, "camera explains 0.060 of all"),
        ({"explained": (variable("camera", 0.01, 0.3),)}, "camera explains 0.300 of a,"),
    ],
)
def test_each_weakness_is_a_warning(changes, words):
    assert judge(numbers(**changes)).level == WARNED
    (text,) = found("warning", **changes)
    assert words in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"retrieval": retrieval(1 / 300)}, "does not know people"),
        ({"absolute": correlations(0.1, -0.1)}, "of none of the 4 dimensions"),
        ({"absolute": correlations(np.nan, np.nan)}, "no dimension varies between people"),
        ({"spread": Spread(1.2, np.full(4, 0.25), (), -0.1, 0.0)}, "1.20 of 4: it collapsed"),
        ({"spread": Spread(np.nan, np.full(4, np.nan), tuple("abcd"), 0, 0)}, "none of the 4"),
    ],
)
def test_each_failure_makes_it_unfit(changes, words):
    assert judge(numbers(**changes)).level == UNFIT
    assert any(words in text for text in found("failure", **changes))


@pytest.mark.parametrize(
    "changes", [NOT_ENOUGH, {"people": {"n_compared": 0}, "retrieval": None, "colour": None}]
)
def test_too_few_people_cannot_be_judged(changes):
    assert judge(numbers(**changes)).level == UNKNOWN
    assert "at least 20 are needed" in found("unknown", **changes)[0]


def test_a_collapse_is_a_failure_even_where_few_can_be_compared():
    spread = Spread(1.0, np.array([1.0, 0, 0, 0]), (), -0.1, 0.0)
    assert judge(numbers(**NOT_ENOUGH, spread=spread)).level == UNFIT


def test_pigment_is_a_note_and_no_warning():
    changes = {"explained": (variable("central colour", 0.4, 0.9),)}
    assert judge(numbers(**changes)).level == FIT
    assert "its loci will stand out" in found("note", **changes)[0]


def test_correlated_dimensions_are_a_note():
    changes = {"spread": Spread(1.9, np.full(4, 0.25), (), -2.0, 0.4)}
    assert judge(numbers(**changes)).level == FIT
    assert "principal axes" in found("note", **changes)[0]


def test_what_was_not_measured_is_said():
    assert "was not measured" in found("note", explained=(), colour=None)[0]


def test_advice_about_a_group_is_an_option_that_phenotypes_takes():
    group = dataclasses.replace(variable("camera outline", 0.2, 0.4), kind="group")
    texts = [one.text for one in judge(numbers(explained=(group,))).findings]
    assert any('phenotypes --images ... --regress-out "camera outline"' in text for text in texts)
    column = [
        one.text for one in judge(numbers(explained=(variable("centre", 0.2, 0.4),))).findings
    ]
    assert any(text.endswith("make it a covariate") for text in column)
