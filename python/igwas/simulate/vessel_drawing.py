"""Vessels as ribbons of pixels: how much blood the light of each pixel has passed."""

from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.images.imaging_libraries import pillow
from igwas.simulate.framing import Framing
from igwas.simulate.vessel_tree import Vessels

Plane = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

# Pixels a pixel is drawn as, each way: a twig is narrower than one.
_FINER = 4
# Diameter, in radii of the field, at which a vessel is as dark as vessels are.
_FULL_WIDTH = 0.024
# Share of a vessel's width, and of its darkness, that the reflex of light along its middle takes.
_REFLEX_WIDTH, _REFLEX = 0.3, 0.35
_LEAST_REFLEX = 2.0  # pixels of a vessel's diameter: in a thinner one no reflex is seen
# Points of a vessel drawn at once. Pillow's time for a polygon is corners times height, so that
# a trunk in pieces costs a tenth of one drawn whole.
_PIECE = 8


def blood_planes(
    generations: list[Vessels], framing: Framing, rows: int, columns: int
) -> tuple[Plane, Plane]:
    """Blood in arterioles and in venules.

    Parameters
    ----------
    generations : list of Vessels
        In the order of drawing.
    framing : Framing
    rows, columns : int
        Of the photograph.

    Returns
    -------
    tuple of two float32 (rows, columns)
        0 without a vessel, 1 in the middle of a wide one.
    """
    image_module = pillow()
    canvases = [image_module.new("L", (_FINER * columns, _FINER * rows)) for _ in range(2)]
    for vessels in generations:
        _draw(canvases, vessels, framing)
    arterioles, venules = (
        np.asarray(canvas.reduce(_FINER), dtype=np.float32) / np.float32(255) for canvas in canvases
    )
    return arterioles, venules


def _draw(canvases: list[Any], vessels: Vessels, framing: Framing) -> None:
    from PIL import ImageDraw

    draw = [ImageDraw.Draw(canvas) for canvas in canvases]
    matrix = _FINER * framing.matrix()
    scale = _FINER * framing.radius * framing.magnification
    line = vessels.path @ matrix[:, :2].T + matrix[:, 2]
    width = np.maximum(scale * vessels.width, 1.0)
    # Light through a thin vessel passes less blood.
    ink = np.round(255 * np.minimum(1, 0.25 + 0.75 * vessels.width / _FULL_WIDTH)).astype(int)
    outlines = _outlines(line, width)
    reflexes = _outlines(line, _REFLEX_WIDTH * width)
    for row, is_venule in enumerate(vessels.is_venule.tolist()):
        last = int(vessels.n_points[row]) - 1
        pieces = [(first, min(first + _PIECE, last) + 1) for first in range(0, last, _PIECE)]
        for first, end in pieces:
            fill = int(ink[row, (first + end) // 2])
            draw[is_venule].polygon(_ribbon(outlines, row, first, end), fill=fill)
        if is_venule or scale * vessels.width[row, 0] < _LEAST_REFLEX * _FINER:
            continue
        for first, end in pieces:
            fill = round((1 - _REFLEX) * int(ink[row, (first + end) // 2]))
            draw[0].polygon(_ribbon(reflexes, row, first, end), fill=fill)


def _outlines(line: Floats, width: Floats) -> Floats:
    """Both sides of lines of varying width, (2, vessels, points, 2), in whole pixels."""
    along = np.empty_like(line)
    along[:, 1:-1] = line[:, 2:] - line[:, :-2]
    along[:, 0], along[:, -1] = line[:, 1] - line[:, 0], line[:, -1] - line[:, -2]
    half = width / (2 * np.sqrt((along**2).sum(axis=2)))
    aside = half[:, :, np.newaxis] * np.stack([-along[:, :, 1], along[:, :, 0]], axis=2)
    return np.round(np.stack([line + aside, line - aside]))


def _ribbon(outlines: Floats, row: int, first: int, end: int) -> list[float]:
    """Corners of a piece of a vessel, x and y in turn."""
    one, other = outlines[0, row, first:end], outlines[1, row, first:end]
    corners: list[float] = np.concatenate([one, other[::-1]]).ravel().tolist()
    return corners
