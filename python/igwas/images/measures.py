"""What is measured of every photograph: sharpness, exposure, colour, outline of the camera."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from igwas.images.crop import crop_disc, inside_circle, visible_in_crop
from igwas.images.disc import Disc
from igwas.images.optic_disc import OpticDisc, find_optic_disc
from igwas.images.vessels import (
    Plane,
    even_illumination,
    masked_blur,
    over_mean,
    ridge_responses,
)

# Measures are taken on a crop of this side, so that they do not depend on --size.
MEASURED_SIDE = 256
_OPTIC_SIDE = 128
# Part of the radius that measures of the picture look at: the rim itself is no retina.
_RETINA = 0.92
_CENTRAL = 0.5
_LIT = 0.97
# A nerve head is told from a blot of light above this confidence; it is on one side beyond this
# distance from the middle, and no further up or down than this, in radii.
HEAD_CONFIDENCE = 0.4
HEAD_OFFSET = 0.2
HEAD_HEIGHT = 0.5
BRIGHT, DARK = 245, 16
_VESSEL_SIGMAS = (1.5, 2.5)
_LEAST_RIDGE, _ABOVE_BRIGHT = 0.02, 2.5
_LEAST_VESSEL = 60  # pixels of a ridge that is long enough

# Name -> unit and meaning, in the order of /measure/name.
MEASURES: dict[str, tuple[str, str]] = {
    "brightness": ("0 to 255", "mean of red, green and blue over the visible disc"),
    "central_red": ("0 to 255", "mean red within half the radius: the retina's colour"),
    "central_green": ("0 to 255", "mean green within half the radius"),
    "central_blue": ("0 to 255", "mean blue within half the radius"),
    "overexposed_share": ("0 to 1", f"of the visible disc with green at {BRIGHT} or more"),
    "underexposed_share": ("0 to 1", f"of the visible disc with every channel below {DARK}"),
    "illumination_variation": ("share", "standard deviation of green's wide mean, over its mean"),
    "contrast": ("share", "standard deviation of green around its wide mean, over that mean"),
    "sharpness": ("share", "90th percentile of the steepness of green, over the wide mean"),
    "vessel_visibility": ("0 to 1", "share of the visible disc that long dark ridges cover"),
    "rim_share": ("0 to 1", "share of the circle along which the rim was seen"),
    "rim_residual": ("radii", "median distance of the seen rim from the circle"),
    "frame_share": ("0 to 1", "share of the disc that lies within the photograph"),
    "visible_share": ("0 to 1", "share of the disc within the photograph and not black"),
    "has_notch": ("0 or 1", "a marker sticks out of the rim"),
    "notch_angle": ("degrees", "of the marker, clockwise from the right, before mirroring"),
    "disc_x": ("shorter sides", "centre of the disc, right of the middle of the photograph"),
    "disc_y": ("shorter sides", "centre of the disc, below the middle of the photograph"),
    "disc_radius": ("shorter sides", "radius of the disc"),
    "photograph_width": ("pixels", "width of the upright photograph"),
    "photograph_height": ("pixels", "height of the upright photograph"),
    "optic_disc_x": ("radii", "nerve head, right of the middle, before mirroring"),
    "optic_disc_y": ("radii", "nerve head, below the middle"),
    "optic_disc_confidence": ("0 to 1", "how far the nerve head stands out"),
    "laterality_agrees": ("0 or 1", "nerve head on the side of the eye named; NaN if unclear"),
}  # fmt: skip


def measure(rgb: npt.NDArray[np.uint8], disc: Disc, eye: str) -> dict[str, float]:
    """Take every measure of MEASURES.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
        The upright photograph, not mirrored.
    disc : Disc
        As found in it.
    eye : str
        `left`, `right` or `unknown`.

    Returns
    -------
    dict of str to float
        In the order of MEASURES; NaN where one cannot be taken.
    """
    crop = crop_disc(rgb, disc, MEASURED_SIDE)
    visible = visible_in_crop(disc, rgb.shape[0], rgb.shape[1], MEASURED_SIDE)
    small = crop_disc(rgb, disc, _OPTIC_SIDE)
    head = find_optic_disc(
        small[:, :, 1].astype(np.float32),
        visible_in_crop(disc, rgb.shape[0], rgb.shape[1], _OPTIC_SIDE),
    )
    found = _of_picture(crop, visible) | _of_outline(rgb, disc, crop, visible)
    found |= {
        "optic_disc_x": head.x, "optic_disc_y": head.y, "optic_disc_confidence": head.confidence,
        "laterality_agrees": laterality_agrees(head, eye),
    }  # fmt: skip
    return {name: float(found[name]) for name in MEASURES}


def laterality_agrees(head: OpticDisc, eye: str) -> float:
    """1 if the nerve head is where the named eye has it, 0 if it is on the other side.

    A left eye has it on the left of an upright photograph. Photographs through a condensing lens
    are upside down, and then it is on the other side though the name is right. NaN if the eye is
    not named, or the nerve head is not seen clearly or is near the middle.
    """
    is_clear = (
        head.confidence >= HEAD_CONFIDENCE
        and abs(head.x) >= HEAD_OFFSET
        and abs(head.y) <= HEAD_HEIGHT
    )
    if eye not in ("left", "right") or not is_clear:
        return float("nan")
    return float((head.x < 0) == (eye == "left"))


def _of_picture(crop: npt.NDArray[np.uint8], visible: npt.NDArray[np.bool_]) -> dict[str, float]:
    retina = visible & inside_circle(MEASURED_SIDE, _RETINA)
    central = visible & inside_circle(MEASURED_SIDE, _CENTRAL)
    if not central.any():
        central = visible
    green = crop[:, :, 1].astype(np.float32)
    wide = masked_blur(green, visible, MEASURED_SIDE / 16)
    flat = over_mean(green, visible, wide)
    fine = ndimage.gaussian_filter(flat, MEASURED_SIDE / 128)
    steepness = np.hypot(*np.gradient(fine))
    red, middle, blue = crop[central].mean(axis=0, dtype=np.float64)
    lit = crop[visible]
    return {
        "brightness": lit.mean(dtype=np.float64),
        "central_red": red, "central_green": middle, "central_blue": blue,
        "overexposed_share": (lit[:, 1] >= BRIGHT).mean(),
        "underexposed_share": (lit.max(axis=1) < DARK).mean(),
        "illumination_variation": wide[retina].std() / max(1.0, float(wide[retina].mean())),
        "contrast": flat[retina].std(),
        "sharpness": np.percentile(steepness[retina], 90),
        "vessel_visibility": _vessel_share(green, visible & (crop.max(axis=2) >= DARK // 2)),
    }  # fmt: skip


def _vessel_share(green: Plane, lit: npt.NDArray[np.bool_]) -> float:
    """Share of the disc on dark ridges that hang together over a length.

    Noise has ridges too, but short ones, and as many bright as dark: the bright ones, which are no
    vessels, set the level. Found to follow what one sees far better than a percentile of the
    ridges, which sensor noise of dark photographs raises.
    """
    # Not beside black: an edge has a ridge along it.
    lit = ndimage.binary_opening(lit, iterations=3) & inside_circle(MEASURED_SIDE, _LIT)
    retina = ndimage.binary_erosion(lit, iterations=10)
    if not retina.any():
        return 0.0
    flat = even_illumination(green, lit, MEASURED_SIDE / 16)
    dark, bright = ridge_responses(flat, _VESSEL_SIGMAS)
    level = max(_LEAST_RIDGE, _ABOVE_BRIGHT * float(np.percentile(bright[retina], 75)))
    labels, _ = ndimage.label((dark > level) & retina, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return float(sizes[sizes >= _LEAST_VESSEL].sum() / retina.sum())


def _of_outline(
    rgb: npt.NDArray[np.uint8],
    disc: Disc,
    crop: npt.NDArray[np.uint8],
    visible: npt.NDArray[np.bool_],
) -> dict[str, float]:
    rows, columns = rgb.shape[:2]
    shorter = min(rows, columns)
    whole = inside_circle(MEASURED_SIDE)
    return {
        "rim_share": disc.rim_share, "rim_residual": disc.residual,
        "frame_share": disc.frame_share,
        "visible_share": (visible & (crop.max(axis=2) >= DARK // 2)).sum() / whole.sum(),
        "has_notch": disc.has_notch, "notch_angle": disc.notch_angle,
        "disc_x": (disc.x - columns / 2) / shorter, "disc_y": (disc.y - rows / 2) / shorter,
        "disc_radius": disc.radius / shorter,
        "photograph_width": columns, "photograph_height": rows,
    }  # fmt: skip
