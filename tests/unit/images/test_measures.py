import numpy as np
import pytest
from scipy import ndimage
from tests.fundus_pictures import COLOUR, fundus_picture

from igwas.images.disc import find_disc
from igwas.images.measures import MEASURES, laterality_agrees, measure
from igwas.images.optic_disc import OpticDisc

SIZE = {"rows": 420, "columns": 420, "radius": 200.0}


def measures(picture, eye="left"):
    return measure(picture, find_disc(picture), eye)


@pytest.fixture(scope="module")
def good():
    return measures(fundus_picture(**SIZE))


def test_every_measure_is_there_in_order_and_finite_where_it_can_be(good):
    assert list(good) == list(MEASURES)
    missing = [name for name, value in good.items() if not np.isfinite(value)]
    assert missing == ["notch_angle"]


def test_the_central_colour_is_that_of_the_retina(good):
    found = [good[f"central_{name}"] for name in ("red", "green", "blue")]
    # Vessels and fall-off towards the rim take a few per cent.
    assert found == pytest.approx(COLOUR, rel=0.08)


def test_blur_lowers_sharpness_and_hides_vessels(good):
    picture = fundus_picture(**SIZE)
    blurred = ndimage.gaussian_filter(picture, (4, 4, 0))
    found = measures(blurred)
    assert found["sharpness"] < 0.8 * good["sharpness"]
    blind = measures(ndimage.gaussian_filter(picture, (9, 9, 0)))
    assert blind["vessel_visibility"] < 0.3 * good["vessel_visibility"]


def test_noise_does_not_pass_for_vessels():
    plain = fundus_picture(**SIZE)
    inside = plain.max(axis=2) > 30
    noisy = np.where(inside[..., None], (40, 25, 12), 0)
    noisy = noisy + np.random.default_rng(2).normal(0, 4, noisy.shape) * inside[..., None]
    found = measures(np.clip(noisy, 0, 255).astype(np.uint8))
    assert found["vessel_visibility"] < 0.01


def test_brightness_scales_with_the_light(good):
    found = measures(fundus_picture(**SIZE, brightness=0.5, noise=0))
    assert found["brightness"] == pytest.approx(good["brightness"] / 2, rel=0.02)


def test_contrast_and_uneven_light_do_not_change_with_the_light(good):
    found = measures(fundus_picture(**SIZE, brightness=0.5, noise=0.5))
    for name in ("contrast", "illumination_variation", "sharpness"):
        assert found[name] == pytest.approx(good[name], rel=0.1)


def test_a_dark_photograph_is_underexposed_and_a_bright_one_overexposed():
    assert measures(fundus_picture(**SIZE, brightness=0.06))["underexposed_share"] > 0.9
    assert measures(fundus_picture(**SIZE, brightness=3))["overexposed_share"] > 0.5


def test_a_cut_disc_shows_in_the_shares():
    cut = measures(fundus_picture(300, 420, radius=200.0))
    assert cut["frame_share"] == pytest.approx(0.86, abs=0.02)
    assert cut["visible_share"] <= cut["frame_share"]
    picture = fundus_picture(**SIZE)
    picture[330:] = 0
    masked = measures(picture)
    assert masked["frame_share"] > 0.99
    assert masked["visible_share"] < 0.9


def test_the_nerve_head_is_found_on_its_side():
    for side in (-0.55, 0.55):
        found = measures(fundus_picture(**SIZE, head_x=side))
        assert found["optic_disc_x"] == pytest.approx(side, abs=0.05)
        assert found["laterality_agrees"] == (side < 0)


@pytest.mark.parametrize(
    ("head", "eye", "expected"),
    [
        (OpticDisc(-0.5, 0.0, 0.8), "left", 1),
        (OpticDisc(-0.5, 0.0, 0.8), "right", 0),
        (OpticDisc(0.5, 0.0, 0.8), "right", 1),
        (OpticDisc(0.5, 0.0, 0.8), "unknown", None),
        (OpticDisc(0.5, 0.0, 0.2), "right", None),
        (OpticDisc(0.1, 0.0, 0.8), "right", None),
        (OpticDisc(0.5, 0.7, 0.8), "right", None),
        (OpticDisc(float("nan"), float("nan"), 0.0), "right", None),
    ],
)
def test_an_unclear_nerve_head_says_nothing(head, eye, expected):
    found = laterality_agrees(head, eye)
    assert np.isnan(found) if expected is None else found == expected


def test_a_black_picture_can_be_measured():
    black = np.zeros((100, 100, 3), np.uint8)
    found = measures(black)
    assert found["brightness"] == 0
    assert found["vessel_visibility"] == 0
