"""Find the disc: the round field of view of a fundus photograph, whatever the camera.

The border may be black, white or absent, the rim may be cut by the frame or hidden in shadow. An
outline is taken at several brightness levels, a circle is found among its points, and the one
with the sharpest drop of brightness along its visible part is refined to a fraction of a pixel.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import ShapeError
from igwas.images.rim import Picture, find_rim, notch_angle

# Longest side the search works at; finer than that costs time and finds the same circle.
_WORKING_SIDE = 400


@dataclass(frozen=True)
class Disc:
    """The circle, in pixels of the photograph; the centre of the first pixel is (0.5, 0.5).

    Parameters
    ----------
    x, y, radius : float
        Centre and radius.
    rim_share : float
        Share of the circle along which a drop of brightness was seen, 0 to 1. At 0 no rim was
        seen: the disc is then the smallest circle around the whole picture.
    frame_share : float
        Share of the disc's area that lies within the picture, 0 to 1.
    residual : float
        Median distance of the seen rim from the circle, in radii; NaN where there is none.
    has_notch : bool
        Something bright and small sticks out of the circle, as the marker of many cameras does.
    notch_angle : float
        Where, in degrees, clockwise from the right as seen; NaN if there is none.
    """

    x: float
    y: float
    radius: float
    rim_share: float
    frame_share: float
    residual: float
    has_notch: bool
    notch_angle: float


def find_disc(rgb: npt.NDArray[np.uint8]) -> Disc:
    """Find the field of view.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
        The upright photograph.

    Returns
    -------
    Disc

    Raises
    ------
    ShapeError
        If the array is no uint8 picture of three channels of at least 32 x 32 pixels.

    Examples
    --------
    >>> rows, columns = np.mgrid[:200, :300] + 0.5
    >>> picture = np.zeros((200, 300, 3), np.uint8)
    >>> picture[np.hypot(columns - 150, rows - 90) < 80] = (180, 90, 40)
    >>> disc = find_disc(picture)
    >>> round(disc.x), round(disc.y), round(disc.radius), disc.rim_share
    (150, 90, 80, 1.0)
    """
    check_picture(rgb)
    top, left, inner = _without_white_margin(rgb)
    factor = max(1, max(inner.shape[:2]) // _WORKING_SIDE)
    small = _reduced(inner, factor)
    rim = find_rim(small)
    if rim is None:
        return _whole_frame(rgb)
    circle = rim.circle
    notch = notch_angle(small, circle)
    x, y, radius = circle[0] * factor + left, circle[1] * factor + top, circle[2] * factor
    return Disc(
        x=float(x), y=float(y), radius=float(radius), rim_share=float(rim.seen.mean()),
        frame_share=share_in_frame(x, y, radius, rgb.shape[0], rgb.shape[1]),
        residual=float(rim.residual / circle[2]), has_notch=notch is not None,
        notch_angle=float("nan") if notch is None else notch,
    )  # fmt: skip


def check_picture(rgb: npt.NDArray[Any]) -> None:
    """Refuse what is no colour picture.

    Raises
    ------
    ShapeError
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or min(rgb.shape[:2]) < 32:
        raise ShapeError(
            f"the picture is {rgb.dtype} {rgb.shape}; expected uint8 (rows, columns, 3) of at "
            "least 32 x 32 pixels. Convert it to RGB first."
        )


def share_in_frame(x: float, y: float, radius: float, rows: int, columns: int) -> float:
    """Share of a circle's area inside a picture; by strips, exact to about 1e-5."""
    strips = np.linspace(-1, 1, 2001)
    middle = x + radius * (strips[1:] + strips[:-1]) / 2
    half = radius * np.sqrt(np.clip(1 - ((middle - x) / radius) ** 2, 0, None))
    height = np.clip(np.minimum(y + half, rows) - np.maximum(y - half, 0), 0, None)
    inside = (middle >= 0) & (middle <= columns)
    return float((height * inside).sum() / (2 * half).sum())


def _whole_frame(rgb: npt.NDArray[np.uint8]) -> Disc:
    rows, columns = rgb.shape[:2]
    x, y, radius = columns / 2, rows / 2, float(np.hypot(rows, columns)) / 2
    share = share_in_frame(x, y, radius, rows, columns)
    return Disc(x, y, radius, 0.0, share, float("nan"), False, float("nan"))


def _without_white_margin(
    rgb: npt.NDArray[np.uint8],
) -> tuple[int, int, npt.NDArray[np.uint8]]:
    """Cut plain white rows and columns off the sides, as scans of printed pages have."""

    def span(lines: npt.NDArray[np.uint8]) -> tuple[int, int]:
        rest = np.flatnonzero(lines.reshape(len(lines), -1).min(axis=1) < 235)
        return (int(rest[0]), int(rest[-1]) + 1) if len(rest) else (0, len(lines))

    top, bottom = span(rgb)
    left, right = span(rgb.transpose(1, 0, 2))
    if min(bottom - top, right - left) < 32:
        return 0, 0, rgb
    return top, left, rgb[top:bottom, left:right]


def _reduced(rgb: npt.NDArray[np.uint8], factor: int) -> Picture:
    """Mean over blocks of factor x factor pixels; what is left at the end is dropped."""
    rows, columns = (length // factor for length in rgb.shape[:2])
    cut = rgb[: rows * factor, : columns * factor]
    if factor == 1:
        return cut.astype(np.float32)
    sums = np.add.reduceat(
        np.add.reduceat(cut, np.arange(0, rows * factor, factor), axis=0, dtype=np.float32),
        np.arange(0, columns * factor, factor), axis=1,
    )  # fmt: skip
    return (sums / factor**2).astype(np.float32)
