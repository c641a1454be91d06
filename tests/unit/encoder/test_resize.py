"""Resizing as a matrix product: the filter of imaging libraries."""

import numpy as np
import pytest

from igwas.encoder.resize import disc_mask, resize_matrix
from igwas.encoder.training_images import resized

# A triangle that is sampled at pixels of another spacing is not exactly linear.
RIPPLE_PX = 0.1


@pytest.mark.parametrize(("old", "new"), [(400, 160), (48, 27), (30, 50), (16, 16)])
def test_rows_sum_to_one_and_a_ramp_stays_a_ramp(old, new):
    matrix = resize_matrix(old, new)
    assert matrix.sum(1) == pytest.approx(np.ones(new))
    inner = slice(new // 4, -new // 4)
    ramp = (matrix @ (np.arange(old) + 0.5))[inner]
    assert ramp == pytest.approx(((np.arange(new) + 0.5) * old / new)[inner], abs=RIPPLE_PX)


def test_it_equals_pillow_within_rounding():
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    expected = np.asarray(image.fromarray(pixels).resize((25, 25), image.Resampling.BILINEAR))
    found = resized(pixels[None], resize_matrix(60, 25))[0].transpose(1, 2, 0)
    # Pillow rounds to bytes between its two passes.
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_the_mask_is_a_centred_circle():
    mask = disc_mask(100, 0.9)
    assert np.array_equal(mask, mask[::-1])
    assert np.array_equal(mask, mask.T)
    assert mask.mean() == pytest.approx(np.pi * 0.9**2 / 4, abs=0.01)
    assert disc_mask(10, 0).all()
