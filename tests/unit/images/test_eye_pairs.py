"""A left and a right photograph that show one eye are found; two eyes are not."""

from pathlib import Path

import numpy as np
import pytest
from tests.fundus_pictures import fundus_picture, save

from igwas.context import Context
from igwas.images.eye_pairs import MOST_BITS, find_same_eye
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions
from igwas.images.process import process_photographs
from igwas.images.source_list import Source


def pair(n_bits=0, agrees=(1.0, 0.0), visits=("", ""), people=("P", "P"), eyes=("left", "right")):
    bits = np.zeros((2, 512), np.uint8)
    bits[1, :n_bits] = 1
    sources = [Source(Path(f"{i}.png"), str(i), people[i], eyes[i], visits[i]) for i in range(2)]
    prints = np.packbits(bits, axis=1).view(np.uint64)
    return find_same_eye(sources, np.array(agrees), prints)


@pytest.mark.parametrize("agrees", [(1.0, 0.0), (0.0, 1.0)])
def test_alike_and_nerve_heads_on_the_same_side(agrees):
    assert pair(n_bits=MOST_BITS, agrees=agrees) == [(0, 1)]


@pytest.mark.parametrize(
    "differing",
    [{"n_bits": MOST_BITS + 1}, {"agrees": (1, 1)}, {"agrees": (0, 0)}, {"agrees": (1, np.nan)},
     {"visits": ("1", "2")}, {"people": ("P", "Q")}, {"eyes": ("left", "left")},
     {"eyes": ("left", "unknown")}],
)  # fmt: skip
def test_whatever_differs_it_is_not_reported(differing):
    assert pair(**differing) == []


def test_a_run_reports_the_person_whose_left_eye_was_taken_twice(tmp_path):
    folder = tmp_path / "photographs"
    for name, head_x, seed in (("A_left", -0.55, 1), ("A_right", -0.55, 2),
                               ("B_left", -0.55, 3), ("B_right", 0.55, 4)):  # fmt: skip
        brightness = 0.8 if seed == 2 else 1.0
        save(folder / f"{name}.png", fundus_picture(head_x=head_x, seed=seed, brightness=brightness,
                                                    x=118 + seed, noise=3))  # fmt: skip
    summary = process_photographs(
        folder, tmp_path / "x.h5", options=ImagesOptions(size_px=64), context=Context(threads=1)
    )
    assert summary.same_eye == [("A_left", "A_right")]
    assert summary.wrong_side == ["A_right"]
    assert "  A_left looks like A_right" in list(summary.describe())
    with read_images(tmp_path / "x.h5") as images:
        assert list(images.table["same_eye_as"]) == ["", "A_left", "", ""]
