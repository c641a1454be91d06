import numpy as np
import pytest

from igwas.embeddings.eye_pairs import pair_eyes
from igwas.embeddings.image_rows import ImageColumns


def columns(*rows):
    """Rows of participant, eye, visit, quality."""
    participant, eye, visit, quality = zip(*rows, strict=True) if rows else ((),) * 4
    return ImageColumns(
        image_id=np.array([f"i{index}" for index in range(len(rows))], dtype=object),
        participant_id=np.array(participant, dtype=object),
        eye=np.array(eye, dtype=object),
        visit=np.array(visit, dtype=object),
        quality=np.array(quality, dtype=np.float32),
    )


def pairs_of(*rows, **options):
    found = pair_eyes(columns(*rows), **options)
    return list(zip(found.participant_id, found.left.tolist(), found.right.tolist(), strict=True))


def test_people_with_both_eyes_are_paired_in_order_of_their_ids():
    assert pairs_of(
        ("B", "right", "1", 1), ("A", "left", "1", 1), ("B", "left", "1", 1),
        ("A", "right", "1", 1), ("C", "left", "1", 1), ("D", "unknown", "1", 1),
    ) == [("A", 1, 3), ("B", 2, 0)]  # fmt: skip


def test_the_best_photograph_of_an_eye_is_taken_and_the_first_of_equals():
    assert pairs_of(
        ("A", "left", "1", 0.2), ("A", "left", "1", 0.9), ("A", "left", "1", 0.9),
        ("A", "right", "1", np.nan), ("A", "right", "1", 0.1),
    ) == [("A", 1, 4)]  # fmt: skip


def test_eyes_of_one_visit_go_before_better_ones_of_two():
    rows = [
        ("A", "left", "1", 1.0), ("A", "left", "2", 0.3), ("A", "right", "2", 0.3),
        ("A", "left", "3", 0.5), ("A", "right", "3", 0.4),
    ]  # fmt: skip
    assert pairs_of(*rows) == [("A", 3, 4)]
    assert pair_eyes(columns(*rows)).is_same_visit.all()


def test_eyes_of_two_visits_are_paired_where_there_is_no_other_way():
    rows = [("A", "left", "1", 1.0), ("A", "right", "2", 0.3)]
    assert pairs_of(*rows) == [("A", 0, 1)]
    assert not pair_eyes(columns(*rows)).is_same_visit.any()


def test_a_visit_without_a_name_is_not_known_to_be_the_same():
    assert not pair_eyes(columns(("A", "left", "", 1), ("A", "right", "", 1))).is_same_visit.any()


def test_photographs_that_may_not_be_taken_are_not():
    rows = [("A", "left", "1", 1.0), ("A", "left", "1", 0.1), ("A", "right", "1", 1.0)]
    usable = np.array([False, True, True])
    assert pairs_of(*rows, is_usable=usable) == [("A", 1, 2)]


@pytest.mark.parametrize("rows", [[], [("A", "left", "1", 1.0), ("B", "right", "1", 1.0)]])
def test_nobody_with_both_eyes_is_an_empty_result(rows):
    assert len(pair_eyes(columns(*rows))) == 0


def test_samples_are_drawn_by_their_seed_and_leave_out_whom_they_must():
    rows = [(f"P{at:02d}", eye, "1", 1.0) for at in range(30) for eye in ("left", "right")]
    found = pair_eyes(columns(*rows))
    assert len(found.sample(7, 0)) == 7
    assert found.sample(7, 0).participant_id.tolist() == found.sample(7, 0).participant_id.tolist()
    assert found.sample(7, 0).participant_id.tolist() != found.sample(7, 1).participant_id.tolist()
    assert found.sample(30, 0) is found
    assert "P03" not in found.without({"P03", "absent"}).participant_id
