import numpy as np
import pytest
from scipy import ndimage
from tests.encoder_files import photographs

from igwas.embeddings.test_time_views import ROTATION_DEGREES, TestTimeViews
from igwas.errors import OptionError


def smooth(size=40):
    return ndimage.gaussian_filter(
        np.random.default_rng(2).uniform(0, 255, (2, size, size, 3)), (0, 2, 2, 0)
    ).astype(np.uint8)


def test_no_view_is_the_photograph_alone():
    rgb = photographs(2)
    (only,) = TestTimeViews((), 32).make(rgb)
    assert only is rgb


def test_flip_is_the_mirror_image():
    rgb = photographs(2)
    plain, flipped = TestTimeViews(("flip",), 32).make(rgb)
    np.testing.assert_array_equal(flipped, rgb[:, :, ::-1])
    np.testing.assert_array_equal(plain, rgb)


def test_rotations_agree_with_scipy_inside_the_disc():
    rgb = smooth()
    _, *rotated = TestTimeViews(("rotate",), 40).make(rgb)
    row, column = np.mgrid[:40, :40] - 19.5
    is_inside = np.hypot(row, column) < 18
    for view, degrees in zip(rotated, (-ROTATION_DEGREES, ROTATION_DEGREES), strict=True):
        turned = ndimage.rotate(rgb.astype(float), degrees, axes=(1, 2), reshape=False, order=1)
        difference = np.abs(view - turned)[:, is_inside]
        assert difference.max() <= 1


def test_views_are_counted_and_combined():
    views = TestTimeViews(("rotate", "flip"), 32)
    made = views.make(photographs(1))
    assert len(made) == views.n_views == 6
    assert views.names == ("flip", "rotate")
    np.testing.assert_array_equal(made[4], made[1][:, :, ::-1])


@pytest.mark.parametrize("names", [("turn",), ("flip", "flip"), ("flip", "")])
def test_other_names_are_refused(names):
    with pytest.raises(OptionError, match="--test-time"):
        TestTimeViews(names, 32)
