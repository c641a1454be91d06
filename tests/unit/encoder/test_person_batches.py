"""Which pairs are drawn, and that a batch is a function of seed and step."""

import numpy as np
import pytest

from igwas.encoder.person_batches import PersonBatches
from igwas.errors import InputError


def make(people, eyes, visits=None, **options):
    settings = {
        "positives": "person",
        "exclude_same_visit": False,
        "batch_people": 4,
        "seed": 1,
        **options,
    }
    return PersonBatches(range(len(people)), people, eyes, visits or [""] * len(people), **settings)


TEN = [f"P{i}" for i in range(10) for _ in range(2)]
BOTH = ["left", "right"] * 10


def test_positives_person_pairs_both_eyes():
    batches = make(TEN, BOTH)
    for index in range(6):
        for first, second in batches.batch(index).rows:
            assert {BOTH[first], BOTH[second]} == {"left", "right"}


def test_an_epoch_shows_each_person_at_most_once():
    batches = make(TEN, BOTH)
    assert batches.batches_per_epoch == 2
    shown = np.concatenate([batches.batch(index).people for index in range(2)])
    assert len(set(shown.tolist())) == 8


def test_epochs_differ_and_a_batch_can_be_asked_for_again():
    batches, again = make(TEN, BOTH), make(TEN, BOTH)
    assert not np.array_equal(batches.batch(0).people, batches.batch(2).people)
    assert np.array_equal(batches.batch(7).rows, again.batch(7).rows)


def test_positives_image_uses_both_eyes_of_a_person_in_turn():
    batches = make(TEN, BOTH, positives="image")
    drawn = {int(row) for index in range(60) for row in batches.batch(index).rows.ravel()}
    assert drawn == set(range(20))


def test_an_eye_without_a_mate_is_paired_with_itself():
    batches = make(["A", "A", "B"], ["left", "right", "left"], batch_people=2)
    rows = {batches.people[p]: r.tolist() for p, r in zip(*_parts(batches.batch(0)), strict=True)}
    assert rows["B"] == [2, 2]


def _parts(batch):
    return batch.people, batch.rows


def test_positives_eye_pairs_photographs_of_one_eye():
    people, eyes = ["A"] * 4 + ["B"] * 2, ["left", "left", "right", "right", "left", "left"]
    batches = make(people, eyes, positives="eye", batch_people=2)
    for index in range(20):
        for first, second in batches.batch(index).rows:
            assert first != second
            assert (people[first], eyes[first]) == (people[second], eyes[second])


def test_same_visit_is_excluded_and_people_without_another_are_named():
    people, eyes = ["A", "A", "B", "B", "C", "C"], ["left", "right"] * 3
    batches = make(people, eyes, ["1", "2", "1", "2", "1", "1"], exclude_same_visit=True)
    assert batches.people == ("A", "B")
    assert batches.left_out == ("C",)


def test_unknown_visits_are_not_different_visits():
    with pytest.raises(InputError, match=r"0 people with photographs of different, known visits"):
        make(["A", "A", "B", "B"], ["left", "right"] * 2, exclude_same_visit=True)


def test_one_person_is_too_few():
    with pytest.raises(InputError, match=r"1 person can be trained on; expected at least 2"):
        make(["A", "A"], ["left", "right"])


def test_images_without_pairs_are_refused():
    with pytest.raises(InputError, match=r"none of 3 people has two photographs"):
        make(["A", "B", "C"], ["left"] * 3)
