"""One rule for the omnibus test that is meant where none is named: that of loci."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas.association.omnibus_choice import choose_mask, describe_members, main_columns
from igwas.phenotypes.eye_names import EYES, NO_EYE, EyeColumns

EYE_LABELS = [(eye, dimension) for eye in EYES for dimension in "ab"]
EYE_NAMES = [f"{eye}_{dimension}" for eye, dimension in EYE_LABELS]
EYE_MASKS = np.repeat(np.arange(4), 2)


def test_of_equal_masks_the_means_of_eyes_are_taken():
    assert choose_mask(EYE_LABELS, EYE_MASKS, np.array([1370, 1400, 1408, 1362])) == 2
    # Not for their samples: they are taken with fewest people too.
    assert choose_mask(EYE_LABELS, EYE_MASKS, np.array([1370, 1400, 9, 1362])) == 2


@pytest.mark.parametrize(
    ("labels", "masks", "n_samples", "chosen"),
    [
        (EYE_LABELS[:4], [0, 0, 1, 1], [90, 100], 1),  # left and right: most samples
        (EYE_LABELS[:4], [0, 0, 1, 1], [90, 90], 0),  # then the first
        (EYE_LABELS[:4], [0, 1, 1, 1], [900, 90], 1),  # most phenotypes come before samples
        (EYE_LABELS[:3] + EYE_LABELS[6:], [0, 0, 1, 2, 2], [90, 80, 95], 0),  # no differences
        (EYE_LABELS[6:], [0, 1], [80, 90], 1),  # nothing else
        (EYE_LABELS[4:6] + [(NO_EYE, "height")] * 3, [0, 0, 1, 1, 1], [80, 90], 0),
    ],
)
def test_without_means_the_mask_with_most_phenotypes_is_taken(labels, masks, n_samples, chosen):
    assert choose_mask(labels, np.array(masks), np.array(n_samples)) == chosen


@given(
    st.lists(
        st.tuples(st.sampled_from([*EYES, NO_EYE]), st.sampled_from("abcd")),
        min_size=1, unique=True,
    )
)  # fmt: skip
def test_means_alone_are_asked_of_and_differences_only_where_nothing_else_is(labels):
    eyes = EyeColumns.of(labels)
    columns = main_columns(labels).tolist()
    assert columns
    assert columns == sorted(set(columns))
    if eyes.mean:
        assert set(columns) == set(eyes.mean.values())
    elif len(eyes.difference) < len(labels):
        assert set(columns) == set(range(len(labels))) - set(eyes.difference.values())
    else:
        assert len(columns) == len(labels)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([4, 5], "the 2 mean_* phenotypes"),
        ([4], "the phenotype mean_a"),
        ([3, 4, 5], "3 phenotypes (right_b, mean_a, ...)"),
        ([1, 2], "2 phenotypes (left_b, right_a)"),
        (range(8), "all 8 phenotypes"),
    ],
)
def test_phenotypes_are_named_in_a_few_words(columns, words):
    assert describe_members(EYE_NAMES, EYE_LABELS, np.array(columns)) == words


def test_names_that_say_nothing_of_their_eye_are_shown():
    names = [f"q{k}" for k in range(8)]
    words = describe_members(names, EYE_LABELS, np.array([4, 5]))
    assert words == "2 phenotypes (q4, q5)"
