"""The split of people: reproducible, disjoint, and read from a table."""

import numpy as np
import pytest

from igwas.encoder.options import TrainOptions
from igwas.encoder.split import N_FOLDS, read_split, split_people
from igwas.errors import InputError

SHARES = TrainOptions().split_shares
IDS = [f"{i:05d}" for i in range(549)]


def test_the_default_split_of_549_people_is_that_of_the_documentation():
    split = split_people(IDS, seed=0, shares=SHARES)
    order = np.random.default_rng(0).permutation(549)
    assert list(split.train) == [IDS[i] for i in order[:330]]
    assert list(split.validation) == [IDS[i] for i in order[330:439]]
    assert list(split.test) == [IDS[i] for i in order[439:]]


def test_order_and_repeats_of_the_images_do_not_matter():
    split = split_people(IDS, seed=3, shares=SHARES)
    assert split == split_people([*reversed(IDS), *IDS], seed=3, shares=SHARES)


def test_parts_are_disjoint_and_complete_in_every_fold():
    tested = []
    for fold in range(N_FOLDS):
        split = split_people(IDS, seed=0, shares=SHARES, fold=fold)
        everybody = [*split.train, *split.validation, *split.test]
        assert sorted(everybody) == IDS
        tested += split.test
    assert len(set(tested)) == len(IDS)


def test_too_few_people_are_refused():
    with pytest.raises(InputError, match=r"3 people in the images: 1 person for training"):
        split_people(["a", "b", "c"], seed=0, shares=SHARES)


def write(path, rows):
    path.write_text("participant_id\tpart\n" + "".join(f"{p}\t{q}\n" for p, q in rows))
    return path


def test_a_table_decides_and_people_without_images_are_left_out(tmp_path):
    rows = [("b", "train"), ("a", "train"), ("c", "validation"), ("d", "validation"), ("x", "test")]
    split = read_split(write(tmp_path / "s.tsv", rows), ["a", "b", "c", "d"])
    assert split.train == ("b", "a")
    assert split.test == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("a", "training")], "part is 'training'"),
        ([("a", "train"), ("a", "test")], "lists 'a' twice"),
        ([("b", "train")], r"does not list 1 person of the images \(first: 'a'\)"),
        ([("a", "train")], "1 person for training and 0 for validation"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, rows, words):
    with pytest.raises(InputError, match=words):
        read_split(write(tmp_path / "s.tsv", rows), ["a"])


def test_a_table_without_the_columns_is_refused(tmp_path):
    (tmp_path / "s.tsv").write_text("IID\tpart\na\ttrain\n")
    with pytest.raises(InputError, match="expected participant_id and part"):
        read_split(tmp_path / "s.tsv", ["a"])
