import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from tests.fundus_measures import MEASURES, DrawnEye

from igwas.errors import OptionError, ShapeError
from igwas.images.crop import inside_circle
from igwas.images.fundus import prepare
from igwas.images.vessels import even_illumination, ridge_response
from igwas.simulate.eye_parameters import CAMERAS, EYE_PARAMETERS, parameter_names
from igwas.simulate.framing import draw_framing
from igwas.simulate.fundus import FRAMING_STREAM, LAYOUT_STREAM, draw_fundus
from igwas.simulate.vessel_tree import draw_layout

N = len(EYE_PARAMETERS)
WIDTH = 400
SCORES = (-2.0, -1.0, 0.0, 1.0, 2.0)


def draw(scores=None, eye="left", camera=CAMERAS[0], exposure=1.0, seed=1, width=WIDTH, **visit):
    return draw_fundus(np.zeros(N) if scores is None else scores, eye, camera, exposure, seed,
                       width, **visit)  # fmt: skip


def drawn_eye(scores, seed):
    """The photograph, and where its disc and fovea are, by the draws that placed them."""
    rgb = draw(scores, seed=seed)
    radius, centre = CAMERAS[0].radius * WIDTH, (WIDTH / 2, rgb.shape[0] / 2)
    layout = draw_layout(np.random.default_rng([seed, LAYOUT_STREAM]))
    matrix = draw_framing(
        centre, radius, 1, np.random.default_rng([seed, FRAMING_STREAM, 0])
    ).matrix()
    disc, fovea = (matrix @ np.append(place, 1) for place in (layout.disc, layout.fovea))
    return DrawnEye(rgb, disc, fovea, radius)


@pytest.mark.parametrize("name", parameter_names())
def test_a_plain_measurement_moves_with_the_score(name):
    means = []
    for score in SCORES:
        scores = np.zeros(N)
        scores[parameter_names().index(name)] = score
        means.append(np.mean([MEASURES[name](drawn_eye(scores, seed)) for seed in (0, 1)]))
    assert means == sorted(means)
    assert len(set(means)) == len(SCORES)


def test_the_same_arguments_give_the_same_pixels():
    np.testing.assert_array_equal(draw(seed=5), draw(seed=5))


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"visit": 1}, {"exposure": 1.1}, {"camera": CAMERAS[1]}]
)
def test_other_arguments_give_other_pixels(other):
    one, changed = draw(), draw(**other)
    assert one.shape != changed.shape or (one != changed).any()


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_right_eye_is_the_mirror_image_of_a_left_one(camera):
    left, right = (draw(eye=eye, camera=camera).astype(float) for eye in ("left", "right"))
    rows, columns = left.shape[:2]
    y, x = np.mgrid[:rows, :columns] + 0.5
    inside = np.hypot(x - columns / 2, y - rows / 2) < 0.98 * camera.radius * columns
    mirrored, straight = (
        np.abs(ndimage.gaussian_filter(left - other, (2, 2, 0)))[inside].mean()
        for other in (right[:, ::-1], right)
    )
    assert 5 * mirrored < straight


def test_the_marker_of_the_camera_is_not_mirrored():
    discs = [prepare(draw(eye=eye), eye).disc for eye in ("left", "right")]
    assert all(disc.has_notch for disc in discs)
    assert discs[0].notch_angle == pytest.approx(discs[1].notch_angle, abs=3)


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("eye", ["left", "right"])
def test_what_prepares_real_photographs_takes_it(camera, eye):
    for seed in range(3):
        rgb = draw(eye=eye, camera=camera, seed=seed, width=320)
        prepared = prepare(rgb, eye, 160)
        assert prepared.grade in ("keep", "usable"), prepared.grade_reason
        assert prepared.disc.radius == pytest.approx(camera.radius * 320, rel=0.02)
        assert prepared.disc.has_notch == (camera.notch_degrees is not None)
        assert prepared.measures["laterality_agrees"] != 0


def test_two_visits_share_the_tree_of_vessels_and_two_eyes_do_not():
    def ridges(**arguments):
        crop = prepare(draw(**arguments), "left", 128).rgb[:, :, 1].astype(np.float32)
        flat = even_illumination(crop, inside_circle(128, 0.97), 8)
        return ndimage.gaussian_filter(ridge_response(flat, (1.0, 1.5)), 1.5)[16:-16, 16:-16]

    def likeness(one, other):
        """Correlation at the best shift: gaze differs between visits."""
        shifted = (np.roll(other, (y, x), (0, 1)) for y in range(-8, 9) for x in range(-8, 9))
        return max(np.corrcoef(one.ravel(), seen.ravel())[0, 1] for seen in shifted)

    first = ridges(seed=1)
    assert likeness(first, ridges(seed=1, visit=1)) > likeness(first, ridges(seed=2)) + 0.1


def test_exposure_brightens():
    means = [draw(exposure=exposure).mean() for exposure in (0.5, 0.8, 1.0, 1.25, 2.0)]
    assert means == sorted(means)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=N, max_size=N),
    st.sampled_from(["left", "right"]),
    st.sampled_from(CAMERAS),
    st.floats(0.01, 100),
    st.integers(0, 2**40),
    st.integers(64, 200),
)
@settings(max_examples=25, deadline=None)
def test_any_arguments_in_range_give_a_picture(scores, eye, camera, exposure, seed, width):
    rgb = draw_fundus(scores, eye, camera, exposure, seed, width)
    assert rgb.dtype == np.uint8
    assert rgb.shape == (round(camera.height * width), width, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"eye": "both"}, "eye is 'both'; expected left or right"),
        ({"exposure": 0.0}, "exposure is 0.0; expected 0.01 to 100"),
        ({"exposure": float("nan")}, "exposure is nan"),
        ({"width": 20}, "width is 20 pixels; expected 64 to 4096"),
        ({"seed": -1}, "seed is -1; expected 0 or more"),
        ({"visit": -1}, "visit is -1; expected 0 or more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(OptionError, match=message):
        draw(**arguments)


def test_missing_scores_are_refused():
    with pytest.raises(ShapeError, match="finite numbers"):
        draw(np.full(N, np.nan))
