"""A photograph of a simulated eye, drawn from its parameters."""

import numpy as np
import numpy.typing as npt

from igwas.errors import OptionError
from igwas.simulate.anatomy import Anatomy, anatomy_of
from igwas.simulate.cameras import Camera
from igwas.simulate.exposure import record, rows_of
from igwas.simulate.framing import draw_framing
from igwas.simulate.retina import Places, draw_choroid, retina_light, seen_through
from igwas.simulate.vessel_drawing import blood_planes
from igwas.simulate.vessel_tree import draw_layout, grow_vessels

SIDES = {"left": 1, "right": -1}
SMALLEST_WIDTH, LARGEST_WIDTH = 64, 4096
LEAST_EXPOSURE, MOST_EXPOSURE = 0.01, 100.0
# Red, green and blue that a wide arteriole and venule absorb: blood without oxygen is darker.
_ARTERIOLE = (0.10, 0.72, 0.60)
_VENULE = (0.42, 0.98, 0.60)
# Independent random streams: what an eye has and what a photograph of it has.
LAYOUT_STREAM, TREE_STREAM, CHOROID_STREAM, FRAMING_STREAM, RECORD_STREAM = range(5)


def draw_fundus(
    scores: npt.ArrayLike,
    eye: str,
    camera: Camera,
    exposure: float,
    seed: int,
    width: int,
    *,
    visit: int = 0,
) -> npt.NDArray[np.uint8]:
    """Draw a fundus photograph.

    Parameters
    ----------
    scores : float64 (parameters,)
        Of the eye, in the order of EYE_PARAMETERS.
    eye : str
        `left` or `right`; with everything else the same, one is the mirror image of the other
        but for the camera's marker and noise.
    camera : Camera
    exposure : float
        Factor of the light; 1 is usual.
    seed : int
        Of the eye: its tree of vessels, where its disc and fovea lie, its choroid. Two eyes need
        two seeds.
    width : int
        Of the photograph, pixels; the camera gives the height.
    visit : int
        Photographs of one eye differ in gaze, illumination and noise.

    Returns
    -------
    uint8 (rows, columns, 3)
        The same for the same arguments.

    Raises
    ------
    ShapeError
        If the scores are not as many finite numbers as there are parameters.
    OptionError
        If another argument is out of range.

    Examples
    --------
    >>> from igwas.simulate.eye_parameters import CAMERAS, EYE_PARAMETERS
    >>> picture = draw_fundus(np.zeros(len(EYE_PARAMETERS)), "left", CAMERAS[0], 1.0, 7, 160)
    >>> picture.shape, int(picture[80, 80].argmax())
    ((160, 160, 3), 0)
    """
    anatomy = check_drawing(scores, eye, exposure, seed, width, visit)
    rows = rows_of(camera, width)
    side = SIDES[eye]
    of_eye = (
        np.random.default_rng([seed, stream])
        for stream in (LAYOUT_STREAM, TREE_STREAM, CHOROID_STREAM)
    )
    of_visit = (
        np.random.default_rng([seed, stream, visit]) for stream in (FRAMING_STREAM, RECORD_STREAM)
    )
    layout_draws, tree_draws, choroid_draws = of_eye
    framing_draws, record_draws = of_visit

    layout = draw_layout(layout_draws)
    framing = draw_framing((width / 2, rows / 2), camera.radius * width, side, framing_draws)
    vessels, patches = draw_choroid(choroid_draws)
    choroid = (seen_through(vessels, framing, rows, width),
               seen_through(patches, framing, rows, width))  # fmt: skip
    light = retina_light(anatomy, layout, Places.of(framing, rows, width), choroid)
    arterioles, venules = blood_planes(
        grow_vessels(anatomy, layout, tree_draws), framing, rows, width
    )
    for c in range(3):
        blood = np.float32(_ARTERIOLE[c]) * arterioles + np.float32(_VENULE[c]) * venules
        light[c] *= np.exp(-blood)
    return record(light, camera, exposure, side, record_draws)


def check_width(width: int) -> None:
    """Refuse a width that `draw_fundus` cannot draw.

    Raises
    ------
    OptionError
    """
    if not SMALLEST_WIDTH <= width <= LARGEST_WIDTH:
        raise OptionError(
            f"--width is {width} pixels; expected {SMALLEST_WIDTH} to {LARGEST_WIDTH}. "
            "Choose one of those."
        )


def check_drawing(
    scores: npt.ArrayLike, eye: str, exposure: float, seed: int, width: int, visit: int
) -> Anatomy:
    """Refuse arguments that `draw_fundus` cannot draw from; the anatomy of the scores.

    Raises
    ------
    ShapeError, OptionError
    """
    if eye not in SIDES:
        raise OptionError(f"eye is {eye!r}; expected left or right. Correct it.")
    if not LEAST_EXPOSURE <= exposure <= MOST_EXPOSURE:
        raise OptionError(
            f"exposure is {exposure}; expected {LEAST_EXPOSURE} to {MOST_EXPOSURE}. Give 1 for the "
            "usual light."
        )
    check_width(width)
    for name, value in (("seed", seed), ("visit", visit)):
        if value < 0:
            raise OptionError(f"{name} is {value}; expected 0 or more. Raise it.")
    return anatomy_of(scores)
