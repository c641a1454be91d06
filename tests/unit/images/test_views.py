import numpy as np
import pytest
from tests.fundus_pictures import fundus_picture

from igwas.errors import OptionError
from igwas.images.crop import crop_disc, visible_in_crop
from igwas.images.disc import find_disc
from igwas.images.views import VIEWS, check_views, green, vessels


@pytest.fixture(scope="module")
def crop():
    picture = fundus_picture(300, 420, radius=200)
    disc = find_disc(picture)
    return crop_disc(picture, disc, 256), visible_in_crop(disc, 300, 420, 256)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_a_plane_of_bytes_black_where_nothing_is_visible(crop, name):
    view = VIEWS[name](*crop)
    assert (view.shape, view.dtype) == ((256, 256), np.uint8)
    assert not view[~crop[1]].any()
    assert view.any()


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_of_the_mirror_image_is_the_mirror_image_of_the_view(crop, name):
    picture, visible = crop
    mirrored = VIEWS[name](picture[:, ::-1], visible[:, ::-1])[:, ::-1]
    # Tiles of the equalisation lie on a grid that starts at the left.
    share = (np.abs(mirrored.astype(int) - VIEWS[name](picture, visible)) > 8).mean()
    assert share < 0.02


def test_green_has_more_contrast_than_the_channel(crop):
    picture, visible = crop
    assert green(picture, visible)[visible].std() > 1.2 * picture[:, :, 1][visible].std()


def test_vessels_are_bright_where_the_picture_has_dark_lines(crop):
    picture, visible = crop
    drawn = vessels(picture, visible)
    plain = vessels(np.where(visible, 120, 0).astype(np.uint8)[..., None].repeat(3, 2), visible)
    assert np.percentile(drawn[visible], 97) > 60
    assert np.percentile(plain[visible], 97) < 20


@pytest.mark.parametrize("views", [("red",), ("green", "green")])
def test_unknown_and_repeated_views_are_refused(views):
    with pytest.raises(OptionError, match="expected each once, out of green, vessels"):
        check_views(views)
