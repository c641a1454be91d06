import numpy as np
import pytest
from tests.fundus_pictures import fundus_picture

from igwas.errors import OptionError
from igwas.images.crop import crop_disc, inside_circle, visible_in_crop
from igwas.images.disc import Disc

NAN = float("nan")


def disc(x, y, radius):
    return Disc(x, y, radius, 1.0, 1.0, 0.0, False, NAN)


def test_colours_stay_and_outside_is_black():
    plain = np.empty((100, 120, 3), np.uint8)
    plain[:] = (180, 90, 40)
    crop = crop_disc(plain, disc(60, 50, 30), 128)
    assert (crop[inside_circle(128)] == (180, 90, 40)).all()
    assert not crop[~inside_circle(128)].any()


def test_beyond_the_frame_is_black():
    plain = np.full((100, 120, 3), 200, np.uint8)
    crop = crop_disc(plain, disc(60, 50, 80), 160)
    visible = visible_in_crop(disc(60, 50, 80), 100, 120, 160)
    assert not crop[:20].any()
    assert (crop[visible].min(axis=0) > 90).all()
    assert visible.sum() < inside_circle(160).sum()


def test_fine_stripes_become_grey_and_not_broad_stripes():
    striped = np.zeros((800, 800, 3), np.uint8)
    striped[:, ::2] = 200
    crop = crop_disc(striped, disc(400, 400, 390), 110)
    middle = crop[40:70, 40:70].astype(float)
    assert abs(middle.mean() - 100) < 2
    assert middle.std() < 3


def test_the_centre_of_the_disc_is_the_centre_of_the_crop():
    dark = np.zeros((200, 200, 3), np.uint8)
    dark[77:83, 117:123] = 255
    crop = crop_disc(dark, disc(120, 80, 40), 160).sum(axis=2)
    row, column = np.average(np.indices(crop.shape), axis=(1, 2), weights=crop)
    assert (row, column) == pytest.approx((79.5, 79.5), abs=0.05)


def test_a_crop_at_the_disc_s_own_size_is_the_photograph():
    picture = fundus_picture(radius=64, noise=3)
    crop = crop_disc(picture, disc(120, 100, 64), 128)
    seen = inside_circle(128)
    assert (crop[seen] == picture[36:164, 56:184][seen]).all()


def test_a_disc_far_outside_gives_black_and_no_crash():
    assert not crop_disc(np.full((64, 64, 3), 9, np.uint8), disc(900, 900, 50), 64).any()


@pytest.mark.parametrize("size", [0, 63, 2049])
def test_absurd_sizes_are_refused(size):
    from igwas.images.crop import check_size

    with pytest.raises(OptionError, match=f"size is {size}"):
        check_size(size)
