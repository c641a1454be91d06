"""Cut the disc out of a photograph and resize it, black outside."""

import numpy as np
import numpy.typing as npt

from igwas.errors import OptionError
from igwas.images.disc import Disc
from igwas.images.imaging_libraries import pillow

SMALLEST_SIZE, LARGEST_SIZE = 64, 2048
_MARGIN = 4  # pixels around the disc that the filter may reach into, before it is scaled


def check_size(size_px: int) -> None:
    """Refuse a side no crop should have.

    Raises
    ------
    OptionError
    """
    if not SMALLEST_SIZE <= size_px <= LARGEST_SIZE:
        raise OptionError(
            f"size is {size_px} pixels; expected {SMALLEST_SIZE} to {LARGEST_SIZE}. "
            "Choose one of those with --size."
        )


def crop_disc(rgb: npt.NDArray[np.uint8], disc: Disc, size_px: int) -> npt.NDArray[np.uint8]:
    """Square around the disc, resized with a bicubic filter that widens as it shrinks.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
        The upright photograph.
    disc : Disc
        As found in it; its diameter becomes the side.
    size_px : int
        Side of the result.

    Returns
    -------
    uint8 (size_px, size_px, 3)
        0 outside the disc, and where the disc is cut by the photograph's frame.
    """
    left, top = disc.x - disc.radius, disc.y - disc.radius
    # The filter reaches two source pixels, or two target pixels when it shrinks.
    margin = _MARGIN + int(np.ceil(2 * 2 * disc.radius / size_px))
    first_column, first_row = int(np.floor(left)) - margin, int(np.floor(top)) - margin
    side = int(np.ceil(2 * disc.radius)) + 2 * margin + 1
    image_module = pillow()
    window = image_module.fromarray(_window(rgb, first_row, first_column, side))
    box = (left - first_column, top - first_row,
           left - first_column + 2 * disc.radius, top - first_row + 2 * disc.radius)  # fmt: skip
    resized = window.resize((size_px, size_px), image_module.Resampling.BICUBIC, box=box)
    crop = np.asarray(resized).copy()
    crop[~inside_circle(size_px)] = 0
    return crop


def inside_circle(size_px: int, share: float = 1.0) -> npt.NDArray[np.bool_]:
    """Pixels whose centre lies within `share` of the radius: bool (size_px, size_px)."""
    axis = (np.arange(size_px) + 0.5) / size_px * 2 - 1
    return np.asarray(axis[:, None] ** 2 + axis[None, :] ** 2 <= share**2)


def visible_in_crop(disc: Disc, rows: int, columns: int, size_px: int) -> npt.NDArray[np.bool_]:
    """Pixels of the crop that lie inside the disc and inside the photograph."""
    axis = ((np.arange(size_px) + 0.5) / size_px * 2 - 1) * disc.radius
    is_row = (disc.y + axis >= 0) & (disc.y + axis <= rows)
    is_column = (disc.x + axis >= 0) & (disc.x + axis <= columns)
    return inside_circle(size_px) & is_row[:, None] & is_column[None, :]


def _window(
    rgb: npt.NDArray[np.uint8], first_row: int, first_column: int, side: int
) -> npt.NDArray[np.uint8]:
    """Square window of the photograph; what lies beyond its frame is black."""
    rows, columns = rgb.shape[:2]
    window = np.zeros((side, side, 3), np.uint8)
    y0, y1 = max(0, first_row), min(rows, first_row + side)
    x0, x1 = max(0, first_column), min(columns, first_column + side)
    if y0 < y1 and x0 < x1:
        window[y0 - first_row : y1 - first_row, x0 - first_column : x1 - first_column] = rgb[
            y0:y1, x0:x1
        ]
    return window
