import numpy as np
import pytest
from tests.reference import retrieval as twin

from igwas.embeddings import colour
from igwas.embeddings.colour import colour_histogram
from igwas.errors import ShapeError

# Averages are taken in float32 here and in float64 by the twin: a pixel on the edge of two bins
# may fall on the other side.
PIXELS_ON_AN_EDGE = 2


def photographs(n_images, height, width, seed=4):
    return np.random.default_rng(seed).integers(0, 256, (n_images, height, width, 3), np.uint8)


@pytest.mark.parametrize(("height", "width", "size_px"), [(13, 10, 4), (8, 8, 8), (5, 30, 16)])
@pytest.mark.parametrize("slab_bytes", [1, colour._SLAB_BYTES])
def test_histograms_are_those_of_the_plain_twin(height, width, size_px, slab_bytes, monkeypatch):
    monkeypatch.setattr(colour, "_SLAB_BYTES", slab_bytes)
    rgb = photographs(3, height, width)
    found = colour_histogram(rgb, bins=4, size_px=size_px)
    expected = np.array([twin.colour_histogram(one, 4, size_px) for one in rgb])
    n_pixels = min(size_px, height) * min(size_px, width)
    moved = np.abs(found**2 - expected**2).sum(axis=1) * n_pixels / 2
    assert found.shape == (3, 64)
    assert found.dtype == np.float32
    assert (moved < PIXELS_ON_AN_EDGE).all()


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_an_even_photograph_fills_one_bin_whatever_its_size(level):
    for side in (64, 100, 400):
        histogram = colour_histogram(np.full((1, side, side, 3), level, np.uint8))[0]
        assert histogram.argmax() == (level // 16) * (256 + 16 + 1)
        assert histogram.max() == 1


def test_histograms_have_length_one():
    found = colour_histogram(photographs(4, 50, 40))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_mirroring_changes_no_colour():
    rgb = photographs(2, 128, 128)
    np.testing.assert_allclose(
        colour_histogram(rgb), colour_histogram(rgb[:, :, ::-1]), atol=1 / 64
    )


def test_one_photograph_is_taken_as_one():
    rgb = photographs(1, 20, 20)
    np.testing.assert_array_equal(colour_histogram(rgb[0]), colour_histogram(rgb))


@pytest.mark.parametrize(
    "rgb", [np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 4), np.uint8), np.zeros((8, 8), np.uint8)]
)
def test_other_arrays_are_refused(rgb):
    with pytest.raises(ShapeError, match=r"expected uint8 \(images, rows, columns, 3\)"):
        colour_histogram(rgb)
