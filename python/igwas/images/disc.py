"""Find the disc: the round field of view of a fundus photograph, whatever the camera.

The border may be black, white or absent, the rim may be cut by the frame or hidden in shadow. An
outline is taken at several brightness levels, a circle is found among its points, and the one
with the sharpest drop of brightness along its visible part is refined to a fraction of a pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from igwas.errors import ShapeError
from igwas.images.circle import best_circle, refine

Image = npt.NDArray[np.float32]

# Longest side the search works at; finer than that costs time and finds the same circle.
_WORKING_SIDE = 400
_ANGLES = 360
# Radius of the disc in shorter sides of the picture: a small disc in a wide border, or a rim of
# which only the corners are seen.
_SMALLEST, _LARGEST = 0.2, 1.1
_MOST_POINTS = 1200
# Shortest arc of rim, in degrees, that is worth more than none.
_LEAST_ARC = 12
_EDGE = 2  # pixels beside the frame where a gradient is not trusted


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
    found = _search(small)
    if found is None:
        return _whole_frame(rgb)
    circle, seen, residual = found
    notch = _notch_angle(small, circle)
    x, y, radius = circle[0] * factor + left, circle[1] * factor + top, circle[2] * factor
    return Disc(
        x=float(x), y=float(y), radius=float(radius), rim_share=float(seen.mean()),
        frame_share=share_in_frame(x, y, radius, rgb.shape[0], rgb.shape[1]),
        residual=residual / circle[2], has_notch=notch is not None,
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


def _reduced(rgb: npt.NDArray[np.uint8], factor: int) -> Image:
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


@dataclass(frozen=True)
class _Candidate:
    circle: npt.NDArray[np.float64]
    seen: npt.NDArray[np.bool_]
    residual: float

    in_frame: int

    @property
    def arc(self) -> int:
        """Degrees of rim seen."""
        return int(self.seen.sum())

    @property
    def is_whole(self) -> bool:
        """Nearly all of the rim within the picture is seen: no other circle can be better."""
        return self.arc > 60 and self.arc > 0.9 * self.in_frame


def _search(small: Image) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], float] | None:
    best: _Candidate | None = None
    for contrast in _contrasts(small):
        smooth = ndimage.gaussian_filter(contrast, 1.0)
        for level in _levels(smooth):
            found = _fit(smooth, level)
            if found is not None and (best is None or found.arc > best.arc + 4):
                best = found
            if best is not None and best.is_whole:
                return best.circle, best.seen, best.residual
        if best is not None and best.arc >= _LEAST_ARC:
            break
    if best is None or best.arc < _LEAST_ARC:
        return None
    return best.circle, best.seen, best.residual


def _contrasts(small: Image) -> Iterator[Image]:
    """How far each pixel is from the border's colour: black first, then white."""
    yield small.max(axis=2)
    yield (255 - small).max(axis=2)


def _levels(smooth: Image) -> list[float]:
    """Levels at which an outline may show: just above the border, and between it and the disc."""
    ring = np.concatenate(
        [smooth[:3].ravel(), smooth[-3:].ravel(), smooth[:, :3].ravel(), smooth[:, -3:].ravel()]
    )
    # Of a rim cut by the frame only corners are left, so the border is the darkest of the ring.
    border = ring[ring <= float(np.percentile(ring, 0.5)) + 10]
    base, noise = float(np.median(border)), float(border.std())
    lowest = base + max(3.0, 3 * noise)
    middle = float(np.percentile(smooth, 70))
    steps = [lowest, *(base + share * (middle - base) for share in (0.15, 0.35, 0.6, 0.8))]
    return [level for level in dict.fromkeys(steps) if lowest <= level]


def _fit(smooth: Image, level: float) -> _Candidate | None:
    mask = _largest_component(smooth > level)
    if mask is None:
        return None
    rows, columns = smooth.shape
    rim, inside = _outline(mask)
    found = best_circle(
        rim, inside,
        radius_range=(_SMALLEST * min(rows, columns), _LARGEST * min(rows, columns)),
        frame_centre=(columns / 2, rows / 2), frame_size=min(rows, columns),
    )  # fmt: skip
    if found is None:
        return None
    circle = found[0]
    for window in (0.06, 0.03, 0.02):
        points, angles = _rim_points(smooth, circle, max(3.0, window * circle[2]))
        if len(points) < _LEAST_ARC:
            return None
        circle = refine(
            circle, points, scale=0.4, frame_centre=(columns / 2, rows / 2),
            centre_sd=0.1 * min(rows, columns),
        )  # fmt: skip
        if not _is_plausible(circle, rows, columns):
            return None
    points, angles = _rim_points(smooth, circle, max(3.0, 0.02 * circle[2]))
    residual = np.abs(np.hypot(*(points - circle[:2]).T) - circle[2])
    is_on = residual < max(1.0, 0.01 * circle[2])
    seen = np.zeros(_ANGLES, bool)
    seen[angles[is_on]] = True
    median = float(np.median(residual[is_on])) if is_on.any() else float("nan")
    return _Candidate(circle, seen, median, _rays_in_frame(circle, rows, columns))


def _is_plausible(circle: npt.NDArray[np.float64], rows: int, columns: int) -> bool:
    """Whether size and place are those of a disc: most of it is within the picture."""
    shorter = min(rows, columns)
    is_inside = 0 < circle[0] < columns and 0 < circle[1] < rows
    return bool(is_inside and _SMALLEST < circle[2] / shorter < _LARGEST)


def _rays_in_frame(circle: npt.NDArray[np.float64], rows: int, columns: int) -> int:
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    x, y = circle[0] + circle[2] * np.cos(angle), circle[1] + circle[2] * np.sin(angle)
    margin = _EDGE + 1
    is_inside = (x > margin) & (x < columns - margin) & (y > margin) & (y < rows - margin)
    return int(is_inside.sum())


def _largest_component(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    labels, count = ndimage.label(mask)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if sizes.max() < 0.02 * mask.size:
        return None
    filled = ndimage.binary_fill_holes(labels == sizes.argmax())
    return np.asarray(filled, dtype=bool)


def _outline(
    mask: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels of the mask next to the outside, away from the frame; and those at the frame."""
    rows, columns = mask.shape
    eroded = ndimage.binary_erosion(mask, border_value=1)
    y, x = np.nonzero(mask & ~eroded)
    is_free = (x >= _EDGE) & (x < columns - _EDGE) & (y >= _EDGE) & (y < rows - _EDGE)
    rim = np.column_stack([x[is_free] + 0.5, y[is_free] + 0.5])
    at_frame = np.zeros_like(mask)
    at_frame[0, ::4], at_frame[-1, ::4] = mask[0, ::4], mask[-1, ::4]
    at_frame[::4, 0], at_frame[::4, -1] = mask[::4, 0], mask[::4, -1]
    y, x = np.nonzero(at_frame)
    inside = np.column_stack([x + 0.5, y + 0.5])
    step = max(1, -(-len(rim) // _MOST_POINTS))
    return rim[::step], inside


def _rim_points(
    smooth: Image, circle: npt.NDArray[np.float64], window: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Where, along each ray, brightness drops most; with the ray's number.

    A ray counts if its drop is large beside what is left outside, and if it stays in the picture.
    """
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    step = 0.25
    radius = circle[2] + np.arange(-window - 1, window + 1 + step, step)
    x = circle[0] + np.cos(angle)[:, None] * radius
    y = circle[1] + np.sin(angle)[:, None] * radius
    profile = ndimage.map_coordinates(smooth, [y - 0.5, x - 0.5], order=1, mode="nearest")
    lag = 4
    drop = profile[:, :-lag] - profile[:, lag:]
    # The step is strongest in proportion to what is outside: a vessel never reaches black.
    outside = np.minimum.accumulate(profile[:, ::-1], axis=1)[:, ::-1][:, lag:]
    strength = drop / (outside + 6.0)
    rows, columns = smooth.shape
    is_inside = (x > _EDGE) & (x < columns - _EDGE) & (y > _EDGE) & (y < rows - _EDGE)
    both = is_inside[:, :-lag] & is_inside[:, lag:]
    strength = np.where(both, strength, -1.0)
    at = strength.argmax(axis=1)
    rays = np.arange(_ANGLES)
    is_seen = strength[rays, at] > 0.12
    offset = _peak(strength, at)
    where = radius[0] + (at + lag / 2 + offset) * step
    points = np.column_stack([circle[0] + np.cos(angle) * where, circle[1] + np.sin(angle) * where])
    return points[is_seen], rays[is_seen]


def _peak(values: npt.NDArray[Any], at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Top of a parabola through each maximum and its neighbours, in steps from the maximum."""
    rays = np.arange(len(values))
    middle = np.clip(at, 1, values.shape[1] - 2)
    a, b, c = values[rays, middle - 1], values[rays, middle], values[rays, middle + 1]
    curvature = a - 2 * b + c
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = np.where(curvature < -1e-6, (a - c) / (2 * curvature), 0.0)
    return np.where(at == middle, np.clip(offset, -1, 1), 0.0)


def _notch_angle(small: Image, circle: npt.NDArray[np.float64]) -> float | None:
    """Angle of one small bright thing that sticks out of the rim."""
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    radius = circle[2] * np.array([1.02, 1.028, 1.036])
    x = circle[0] + np.cos(angle)[:, None] * radius
    y = circle[1] + np.sin(angle)[:, None] * radius
    rows, columns = small.shape[:2]
    is_inside = ((x > 0) & (x < columns) & (y > 0) & (y < rows)).all(axis=1)
    bright = small.max(axis=2)
    outer = ndimage.map_coordinates(bright, [y - 0.5, x - 0.5], order=1, mode="nearest").mean(1)
    inner = ndimage.map_coordinates(
        bright,
        [circle[1] + 0.97 * circle[2] * np.sin(angle) - 0.5,
         circle[0] + 0.97 * circle[2] * np.cos(angle) - 0.5],
        order=1, mode="nearest",
    )  # fmt: skip
    if is_inside.sum() < 20:
        return None
    usual = float(np.median(outer[is_inside]))
    sticks_out = is_inside & (outer > usual + max(4.0, 0.35 * float(np.median(inner))))
    labels, count = ndimage.label(np.concatenate([sticks_out, sticks_out]))
    lengths = np.bincount(labels)[1:] if count else np.zeros(0, int)
    if not len(lengths) or not 2 <= lengths.max() <= 16 or sticks_out.sum() > 24:
        return None
    where = np.flatnonzero(labels == lengths.argmax() + 1)
    return float(where.mean() % _ANGLES)
