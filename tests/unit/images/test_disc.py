import numpy as np
import pytest
from tests.fundus_pictures import fundus_picture
from tests.reference.disc_share import pixels_in_frame

from igwas.errors import ShapeError
from igwas.images.disc import find_disc, share_in_frame

# A tenth of what the hand-checked photographs are held to: here the truth is known.
TOLERANCE = 0.003


def assert_found(disc, x, y, radius, tolerance=TOLERANCE):
    error = max(np.hypot(disc.x - x, disc.y - y), abs(disc.radius - radius)) / radius
    assert error < tolerance, (disc, error)


@pytest.mark.parametrize(
    ("x", "y", "radius"),
    [(120, 100, 90), (95, 110, 60), (130.3, 101.7, 85.4), (120, 100, 110), (120, 100, 125)],
)
def test_the_disc_is_found_wherever_it_is(x, y, radius):
    # Radii above 100 are cut by the frame above and below, 125 on all sides.
    assert_found(find_disc(fundus_picture(x=x, y=y, radius=radius)), x, y, radius)


@pytest.mark.parametrize("border", [0, 12, 255])
def test_the_border_may_be_black_grey_or_white(border):
    assert_found(find_disc(fundus_picture(border=border)), 120, 100, 85, tolerance=0.01)


@pytest.mark.parametrize("brightness", [0.08, 0.3, 1.0, 1.4])
def test_dark_and_bright_photographs(brightness):
    assert_found(find_disc(fundus_picture(brightness=brightness)), 120, 100, 85, tolerance=0.01)


def test_a_white_page_around_the_photograph_is_cut_off():
    page = np.full((300, 400, 3), 255, np.uint8)
    page[40:240, 90:330] = fundus_picture()
    assert_found(find_disc(page), 90 + 120, 40 + 100, 85)


def test_a_flat_cut_at_the_bottom_does_not_move_the_circle():
    picture = fundus_picture()
    picture[165:] = 0
    assert_found(find_disc(picture), 120, 100, 85)


def test_a_shadow_over_a_third_of_the_rim_does_not_move_the_circle():
    picture = fundus_picture()
    picture[:, 165:] //= 60
    assert_found(find_disc(picture), 120, 100, 85, tolerance=0.01)


def test_text_in_the_border_does_not_move_the_circle():
    picture = fundus_picture(columns=300)
    picture[5:15, 5:60:3] = 255
    assert_found(find_disc(picture), 150, 100, 85)


def test_a_large_photograph_is_searched_small_and_answered_large():
    disc = find_disc(fundus_picture(900, 1300, x=640.5, y=455.2, radius=410))
    assert_found(disc, 640.5, 455.2, 410)


def test_without_a_rim_the_disc_is_the_circle_around_the_picture():
    disc = find_disc(fundus_picture(200, 240, radius=400, noise=0))
    assert (disc.x, disc.y, disc.rim_share) == (120, 100, 0)
    assert disc.radius == pytest.approx(np.hypot(100, 120))
    assert np.isnan(disc.residual)


def test_a_picture_of_one_colour_has_no_rim():
    assert find_disc(np.full((64, 64, 3), 7, np.uint8)).rim_share == 0


def test_noise_alone_gives_some_circle_and_no_crash():
    noise = np.random.default_rng(3).integers(0, 255, (150, 170, 3), dtype=np.uint8)
    assert find_disc(noise).radius > 0


def test_the_notch_is_seen_and_placed():
    disc = find_disc(fundus_picture(300, 300, radius=120, notch=True))
    assert disc.has_notch
    assert disc.notch_angle == pytest.approx(315, abs=3)


def test_without_a_notch_none_is_seen():
    disc = find_disc(fundus_picture(300, 300, radius=120))
    assert not disc.has_notch
    assert np.isnan(disc.notch_angle)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((100, 100), np.uint8), np.zeros((100, 100, 4), np.uint8),
     np.zeros((100, 100, 3)), np.zeros((10, 100, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_colour_picture_is_refused(wrong):
    with pytest.raises(ShapeError, match="expected uint8"):
        find_disc(wrong)


@pytest.mark.parametrize(
    ("x", "y", "radius"), [(50, 40, 30), (50, 40, 60), (10, 5, 30), (50, 40, 200), (99, 79, 50)]
)
def test_share_in_frame_equals_counting_pixels(x, y, radius):
    assert share_in_frame(x, y, radius, 80, 100) == pytest.approx(
        pixels_in_frame(x, y, radius, 80, 100), abs=2e-3
    )
