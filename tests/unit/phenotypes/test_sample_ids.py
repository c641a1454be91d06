import numpy as np
import pytest

from igwas.errors import InputError
from igwas.phenotypes.joined_ids import match_joined
from igwas.phenotypes.sample_ids import NamedIds, explain_mismatch, match_ids


def ids(samples, families=None, origin="file"):
    as_text = None if families is None else np.array(list(families), dtype=object)
    return NamedIds(np.array(list(samples), dtype=object), as_text, origin)


def test_both_ids_join_where_both_sides_have_families():
    match = match_ids(ids("ab", "12"), ids("ba", "29"))
    assert match.matched_by == "FID and IID"
    assert match.rows.tolist() == [-1, 0]


@pytest.mark.parametrize("families", [None, "00", ["", "."]])
def test_iid_joins_where_a_side_has_no_families(families):
    match = match_ids(ids("ab", "12"), ids("ba", families))
    assert match.matched_by == "IID"
    assert match.rows.tolist() == [1, 0]


def test_repeated_iid_joined_by_iid_alone_is_an_error():
    with pytest.raises(InputError, match="IID 'a' twice"):
        match_ids(ids("aa", "12"), ids("a"))
    with pytest.raises(InputError, match="'1 a' twice"):
        match_ids(ids("ab", "12"), ids("aa", "11"))


@pytest.mark.parametrize(
    ("left", "right", "hint"),
    [
        (ids(["P1", "P2"]), ids(["P1_P1", "P2_P2"], origin="p.txt"), "ids of p.txt look like FID"),
        (ids(["1_P1", "2_P2"], origin="g"), ids(["P1", "P2"], "12"), "ids of g look like FID_IID"),
        (ids(["1", "2"]), ids(["001", "002"]), "leading zeros"),
        (ids(["p1", "p2"]), ids(["P1", "P2"]), "case"),
        (ids(["1", "2"]), ids(["1.0", "2.0"]), "decimals"),
        (ids("ab", "12"), ids("ab", "89"), "match by IID alone"),
    ],
)
def test_a_guess_is_offered_only_if_it_would_match(left, right, hint):
    assert hint in explain_mismatch(left, right)


def test_no_guess_for_unrelated_ids():
    assert explain_mismatch(ids(["P1", "P2"]), ids(["X8", "X9"])) == ""


@pytest.mark.parametrize("joined", [["1_a", "2_b"], ["a_a", "b_b"], ["0_a", "0_b"], ["a", "b"]])
def test_joined_names_are_found_whatever_way_they_were_joined(joined):
    assert match_joined(ids("ba", "21"), ids(joined)).tolist() == [1, 0]


def test_underscores_within_ids_do_not_confuse():
    known = ids(["C", "B_C"], ["A_X", "A"])
    assert match_joined(known, ids(["A_B_C", "A_X_C"])).tolist() == [1, 0]


def test_a_name_that_stands_for_two_samples_is_an_error():
    with pytest.raises(InputError, match="stands for the samples 'C' and 'B_C'"):
        match_joined(ids(["C", "B_C"], ["A_B", "A"]), ids(["A_B_C"]))


def test_endings_join_where_families_differ():
    assert match_joined(ids("ab"), ids(["f1_b", "f2_a", "f_z"])).tolist() == [1, 0]
    with pytest.raises(InputError, match="may be sample"):
        match_joined(ids(["C", "B_C"]), ids(["A_B_C"]))
    with pytest.raises(InputError, match="both end in sample 'a'"):
        match_joined(ids("a"), ids(["f1_a", "f2_a"]))


def test_repeated_joined_name_is_an_error():
    with pytest.raises(InputError, match="'1_a' twice"):
        match_joined(ids("a", "1"), ids(["1_a", "1_a"]))
