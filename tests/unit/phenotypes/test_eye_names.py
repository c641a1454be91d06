"""Eyes and dimensions: as a file says them, and as names do where it says nothing."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas.errors import SchemaError
from igwas.phenotypes.eye_names import (
    EYES,
    EyeColumns,
    eye_name,
    labels_from_names,
    parse_eye_name,
    stored_labels,
)
from igwas.phenotypes.phenotypes_file import write_phenotypes
from igwas.phenotypes.table import PhenotypeTable, read_phenotypes


def write(path, labels, names=None):
    names = names or [f"p{k}" for k in range(len(labels))]
    write_phenotypes(
        path, ["1", "2"], names, np.zeros((2, len(names))),
        extra={"/phenotypes/eye": [eye for eye, _ in labels],
               "/phenotypes/dimension": [dimension for _, dimension in labels]},
    )  # fmt: skip
    return names


def test_names_say_which_eye_and_dimension():
    assert parse_eye_name(eye_name("left", "dim_007")) == ("left", "dim_007")
    assert parse_eye_name("leftover") == ("none", "leftover")
    assert parse_eye_name("left_") == ("none", "left_")
    eyes = EyeColumns.of(labels_from_names(["left_a", "right_a", "left_b", "height"]))
    assert eyes.pairs == [("a", 0, 1)]
    assert eyes.only_one_eye == ""
    assert EyeColumns.of(labels_from_names(["right_a"])).only_one_eye == "right"


@pytest.mark.parametrize("word", ["mean", "difference"])
def test_words_that_begin_other_names_count_only_beside_another_eye(word):
    alone = f"{word}_arterial_pressure"
    assert labels_from_names([alone, "height"]) == [("none", alone), ("none", "height")]
    other = [f"{word}_a", "left_a", alone]
    assert labels_from_names(other)[0] == (word, "a")
    assert labels_from_names(["mean_a", "difference_a"]) == [("mean", "a"), ("difference", "a")]


@given(st.lists(st.sampled_from(["left", "right"]), min_size=1, max_size=2, unique=True),
       st.text("abc_", min_size=1, max_size=5))  # fmt: skip
def test_left_and_right_are_read_back_from_their_names(eyes, dimension):
    names = [eye_name(eye, dimension) for eye in eyes]
    assert labels_from_names(names) == [(eye, dimension) for eye in eyes]


def test_a_file_that_says_its_eyes_is_believed_whatever_its_names_say(tmp_path):
    labels = [("right", "a"), ("none", "left_b"), ("left", "a")]
    names = write(tmp_path / "p.h5", labels, ["left_a", "left_b", "x"])
    with h5py.File(tmp_path / "p.h5") as file:
        assert stored_labels(file, names) == labels
    assert read_phenotypes(tmp_path / "p.h5").labels == tuple(labels)
    assert read_phenotypes(tmp_path / "p.h5", ["x", "left_a"]).labels == (labels[2], labels[0])


def test_columns_of_a_table_are_told_by_the_names_of_all_of_them(tmp_path):
    (tmp_path / "t.tsv").write_text("IID\tleft_a\tmean_a\n1\t2\t3\n")
    assert read_phenotypes(tmp_path / "t.tsv", ["mean_a"]).labels == (("mean", "a"),)
    table = PhenotypeTable(np.array(["1"]), None, ("left_a",), np.zeros((1, 1)), tmp_path)
    assert table.labels == (("left", "a"),)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([("top", "a")], "eye 'top'.*left, right, mean, difference or none"),
        ([("left", "a"), ("left", "a")], "'p0' and 'p1' are both left of dimension 'a'"),
    ],
)
def test_eyes_that_make_no_sense_are_refused(tmp_path, labels, message):
    write(tmp_path / "p.h5", labels)
    with pytest.raises(SchemaError, match=message):
        read_phenotypes(tmp_path / "p.h5")


def test_of_no_eye_may_be_several(tmp_path):
    write(tmp_path / "p.h5", [("none", "a"), ("none", "a")])
    assert read_phenotypes(tmp_path / "p.h5").labels == (("none", "a"),) * 2
    assert set(EYES) == {"left", "right", "mean", "difference"}
