"""Which model tests which variants, and how they are cut into blocks."""

import numpy as np
import pytest

from igwas.association.segments import (
    EVERYBODY_HAPLOID,
    MALES_HAPLOID,
    NOBODY_HAPLOID,
    ModelKey,
    haploid_code,
    model_key,
    segment,
)

ALL = ["1", "2", "22", "PAR1", "X", "PAR2", "XY", "Y", "MT"]


def cut(runs, *, has_loco=False, block_variants=4, names=ALL):
    """Segment runs such as [("1", 5), ("X", 2)]."""
    code = np.concatenate(
        [np.zeros(0, np.int16), *(np.full(n, names.index(c), np.int16) for c, n in runs)]
    ).astype(np.int16)
    return segment(names, code, has_loco=has_loco, block_variants=block_variants)


@pytest.mark.parametrize(
    ("chromosome", "code"),
    [("1", NOBODY_HAPLOID), ("PAR1", NOBODY_HAPLOID), ("XY", NOBODY_HAPLOID),
     ("X", MALES_HAPLOID), ("Y", EVERYBODY_HAPLOID), ("MT", EVERYBODY_HAPLOID),
     ("contig_7", NOBODY_HAPLOID)],
)  # fmt: skip
def test_who_is_haploid_depends_on_the_chromosome(chromosome, code):
    assert haploid_code(chromosome) == code


def test_sex_chromosomes_have_models_of_their_own_and_pseudo_autosomal_regions_none():
    keys = {c: model_key(c, has_loco=False) for c in ALL}
    assert keys["X"] == ModelKey("X") != keys["Y"]
    assert keys["Y"] == ModelKey("Y")
    assert {keys[c] for c in ("1", "2", "PAR1", "PAR2", "XY", "MT")} == {ModelKey()}


def test_with_loco_every_chromosome_has_a_model_and_pseudo_autosomal_regions_leave_out_x():
    keys = {c: model_key(c, has_loco=True) for c in ALL}
    assert keys["1"] == ModelKey("", "1") != keys["2"]
    assert keys["PAR1"] == keys["PAR2"] == keys["XY"] == ModelKey("", "X")
    assert keys["X"] == ModelKey("X", "X")


def test_blocks_cover_every_row_once_in_order():
    segments = cut([("1", 9), ("2", 3), ("X", 5), ("Y", 1), ("MT", 4)])
    blocks = segments.blocks
    assert blocks[:, 0].tolist() == list(range(len(blocks)))
    assert blocks[0, 1] == 0
    assert (blocks[1:, 1] == blocks[:-1, 1] + blocks[:-1, 2]).all()
    assert blocks[-1, 1] + blocks[-1, 2] == 22
    assert blocks[:, 2].min() > 0
    assert blocks[:, 2].max() == 4


def test_blocks_get_smaller_towards_the_end_of_a_stretch():
    size = cut([("1", 30_000)], block_variants=1000).blocks[:, 2]
    assert size.sum() == 30_000
    assert size[0] == 1000
    assert (np.diff(size) <= 0).all()
    # All threads come to the end together: no block is more than a small share of what is left.
    left = np.cumsum(size[::-1])[::-1]
    assert (size[:-1] <= np.maximum(512, left[:-1] / 16)).all()


def test_blocks_straddle_autosomes_but_neither_models_nor_ploidies():
    segments = cut([("1", 3), ("2", 3), ("PAR1", 1), ("X", 3), ("MT", 2)])
    assert segments.blocks[:, 1:].tolist() == [
        [0, 4, 0, 0], [4, 3, 0, 0], [7, 3, 1, 1], [10, 2, 2, 0],
    ]  # fmt: skip
    assert segments.chromosomes == [("1", "2", "PAR1", "MT"), ("X",)]
    assert segments.model_of_row.tolist() == [0] * 7 + [1] * 3 + [0] * 2


def test_chromosomes_that_come_back_use_their_model_again():
    segments = cut([("X", 2), ("1", 2), ("X", 2), ("1", 1)])
    assert segments.keys == [ModelKey("X"), ModelKey()]
    assert segments.chromosomes == [("X",), ("1",)]
    assert segments.blocks[:, 4].tolist() == [0, 1, 0, 1]


def test_loco_models_take_one_chromosome_each():
    segments = cut([("1", 3), ("2", 3), ("PAR1", 1), ("X", 3), ("PAR2", 2)], has_loco=True)
    assert segments.chromosomes == [("1",), ("2",), ("PAR1", "PAR2"), ("X",)]
    assert segments.model_of_row.tolist() == [0] * 3 + [1] * 3 + [2] + [3] * 3 + [2] * 2


def test_no_rows_are_no_blocks():
    segments = cut([])
    assert segments.blocks.shape == (0, 5)
    assert segments.keys == []
