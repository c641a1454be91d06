"""Vessels as ribbons of pixels: how much blood the light of each pixel has passed."""

import numpy as np
import numpy.typing as npt

from igwas.images.imaging_libraries import pillow
from igwas.simulate.framing import Framing
from igwas.simulate.vessel_tree import Vessel

Plane = npt.NDArray[np.float32]

# Pixels a pixel is drawn as, each way: a twig is narrower than one.
_FINER = 4
# Diameter, in radii of the field, at which a vessel is as dark as vessels are.
_FULL_WIDTH = 0.024
# Share of a vessel's width, and of its darkness, that the reflex of light along its middle takes.
_REFLEX_WIDTH, _REFLEX = 0.3, 0.35


def blood_planes(
    vessels: list[Vessel], framing: Framing, rows: int, columns: int
) -> tuple[Plane, Plane]:
    """Blood in arterioles and in venules.

    Parameters
    ----------
    vessels : list of Vessel
        In the order of drawing.
    framing : Framing
    rows, columns : int
        Of the photograph.

    Returns
    -------
    tuple of two float32 (rows, columns)
        0 without a vessel, 1 in the middle of a wide one.
    """
    arterioles, venules = (
        _drawn([v for v in vessels if v.is_venule is is_venule], framing, rows, columns)
        for is_venule in (False, True)
    )
    return arterioles, venules


def _drawn(vessels: list[Vessel], framing: Framing, rows: int, columns: int) -> Plane:
    from PIL import ImageDraw

    canvas = pillow().new("L", (_FINER * columns, _FINER * rows))
    draw = ImageDraw.Draw(canvas)
    matrix = _FINER * framing.matrix()
    scale = _FINER * framing.radius * framing.magnification
    for vessel in vessels:
        line = vessel.path @ matrix[:, :2].T + matrix[:, 2]
        width = np.maximum(scale * vessel.width, 1.0)
        # Light through a thin vessel passes less blood.
        ink = 255 * min(1.0, 0.25 + 0.75 * float(vessel.width.mean()) / _FULL_WIDTH)
        draw.polygon(_ribbon(line, width), fill=round(ink))
        if not vessel.is_venule:
            draw.polygon(_ribbon(line, _REFLEX_WIDTH * width), fill=round((1 - _REFLEX) * ink))
    return np.asarray(canvas.reduce(_FINER), dtype=np.float32) / np.float32(255)


def _ribbon(line: npt.NDArray[np.float64], width: npt.NDArray[np.float64]) -> list[float]:
    """Outline of a line of varying width, x and y in turn, as Pillow takes it."""
    along = np.gradient(line, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, np.newaxis] + 1e-9
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width / 2)[:, np.newaxis]
    # Pillow rounds corners down to whole pixels.
    outline: list[float] = np.round(np.concatenate([line + aside, (line - aside)[::-1]])).ravel().tolist()
    return outline
