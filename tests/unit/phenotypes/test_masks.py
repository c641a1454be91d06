import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from igwas.phenotypes.masks import group_by_missingness


def test_complete_phenotypes_share_one_mask():
    masks = group_by_missingness(np.zeros((9, 4)))
    assert len(masks) == 1
    assert masks[0].phenotype_index.tolist() == [0, 1, 2, 3]
    assert masks[0].n_samples == 9


def test_masks_stand_in_order_of_first_appearance():
    values = np.zeros((20, 5), dtype=np.float32)
    values[3, [0, 3]] = np.nan
    values[17, 2] = np.nan
    masks = group_by_missingness(values)
    assert [mask.phenotype_index.tolist() for mask in masks] == [[0, 3], [1, 4], [2]]


def test_rows_beyond_one_slab_count():
    values = np.zeros((3_000_000, 8), dtype=np.float32)
    values[2_999_999, 5] = np.nan
    masks = group_by_missingness(values)
    assert [len(mask.phenotype_index) for mask in masks] == [7, 1]
    assert not masks[1].is_present[-1]


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_every_phenotype_is_in_the_mask_of_its_own_values(is_missing):
    masks = group_by_missingness(np.where(is_missing, np.nan, 1.0))
    members = np.concatenate([mask.phenotype_index for mask in masks])
    assert sorted(members.tolist()) == list(range(is_missing.shape[1]))
    for mask in masks:
        for column in mask.phenotype_index:
            np.testing.assert_array_equal(mask.is_present, ~is_missing[:, column])
    assert len({mask.is_present.tobytes() for mask in masks}) == len(masks)


@given(st.integers(0, 2**32 - 1))
def test_row_order_changes_only_the_order_within_masks(seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((30, 6)) < 0.05, np.nan, 1.0)
    order = rng.permutation(30)
    for mask, shuffled in zip(
        group_by_missingness(values), group_by_missingness(values[order]), strict=True
    ):
        np.testing.assert_array_equal(mask.is_present[order], shuffled.is_present)
