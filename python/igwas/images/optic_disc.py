"""Where the optic nerve head is: it tells a left eye from a right one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.images.vessels import Plane, even_illumination, masked_blur, ridge_response

# Of the field of view's radius: a nerve head of 1.8 mm in a field of 45 degrees (13 mm).
_HEAD_RADIUS = 0.14
_NEIGHBOURHOOD = 0.45  # of the radius: a second candidate is at least this far away
_SEARCHED = 0.9


@dataclass(frozen=True)
class OpticDisc:
    """The best candidate.

    Parameters
    ----------
    x, y : float
        From the centre of the field of view, in its radii; x to the right, y down. NaN if nothing
        stands out.
    confidence : float
        How far the best candidate stands above the next, 0 to 1.
    """

    x: float
    y: float
    confidence: float


def find_optic_disc(green: Plane, inside: npt.NDArray[np.bool_]) -> OpticDisc:
    """Look for a bright round patch of the right size from which vessels spread.

    Parameters
    ----------
    green : float32 (side, side)
        Green channel of the crop.
    inside : bool (side, side)
        Pixels of the disc.

    Returns
    -------
    OpticDisc
    """
    side = len(green)
    radius = side / 2
    flat = np.clip(even_illumination(green, inside, 0.45 * radius), -1, 1)
    head = _HEAD_RADIUS * radius
    bright = masked_blur(flat, inside, 0.55 * head) - masked_blur(flat, inside, 1.6 * head)
    vessels = masked_blur(ridge_response(flat, (0.02 * radius,)), inside, 0.8 * head)
    axis = (np.arange(side) + 0.5) / radius - 1
    distance = np.hypot(axis[:, None], axis[None, :])
    searched = inside & (distance < _SEARCHED)
    if not searched.any():
        return OpticDisc(float("nan"), float("nan"), 0.0)
    scale = float(np.median(vessels[searched])) + 1e-6
    score = np.where(searched, np.clip(bright, 0, None) * np.sqrt(vessels / scale), 0)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    best = float(score[row, column])
    x, y = float(axis[column]), float(axis[row])
    if best <= 0:
        return OpticDisc(float("nan"), float("nan"), 0.0)
    is_far = np.hypot(axis[:, None] - y, axis[None, :] - x) > _NEIGHBOURHOOD
    second = float(np.where(is_far, score, 0).max())
    return OpticDisc(x, y, 1 - second / best)
