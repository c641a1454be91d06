import numpy as np
import pytest
from skimage.filters import sato
from tests.fundus_pictures import fundus_picture

from igwas.images.vessels import even_illumination, masked_blur, ridge_response, ridge_responses

# scikit-image cuts the Gaussians' tails elsewhere.
TOLERANCE = 0.02


@pytest.mark.parametrize("sigmas", [(1.5,), (1.5, 2.5), (4.0,)])
def test_ridges_equal_those_of_scikit_image(sigmas):
    plane = fundus_picture(noise=4)[:, :, 1].astype(np.float32)
    ours = ridge_response(plane, sigmas)
    theirs = sato(plane, sigmas=list(sigmas), black_ridges=True)
    inner = (slice(20, -20), slice(20, -20))
    assert np.abs(ours - theirs)[inner].max() < TOLERANCE * theirs.max()


def test_a_dark_line_is_a_ridge_and_a_bright_one_is_none():
    plane = np.full((60, 60), 100, np.float32)
    plane[30] = 60
    assert ridge_response(plane, (1.5,))[30, 30] > 5
    assert ridge_response(200 - plane, (1.5,))[30, 30] == 0


def test_the_masked_mean_knows_nothing_of_the_outside():
    inside = np.zeros((50, 50), bool)
    inside[10:40, 10:40] = True
    plane = np.where(inside, 80, 0).astype(np.float32)
    assert masked_blur(plane, inside, 5)[inside] == pytest.approx(80, rel=1e-5)


def test_even_illumination_takes_a_slope_away():
    inside = np.ones((80, 80), bool)
    slope = np.linspace(50, 150, 80, dtype=np.float32)[None, :].repeat(80, axis=0)
    flat = even_illumination(slope, inside, 5)
    assert np.abs(flat[20:60, 20:60]).max() < 0.02


def test_bright_lines_are_the_dark_lines_of_the_negative():
    plane = np.random.default_rng(4).random((50, 40), dtype=np.float32)
    dark, bright = ridge_responses(plane, (1.0, 2.0))
    assert np.array_equal(dark, ridge_response(plane, (1.0, 2.0)))
    assert np.array_equal(bright, ridge_response(-plane, (1.0, 2.0)))
