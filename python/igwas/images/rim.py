"""The rim of the disc: where, all around, brightness drops to that of the border."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from igwas.images.circle import best_circle, refine

Picture = npt.NDArray[np.float32]

_ANGLES = 360
# Radius of the disc in shorter sides of the picture: a small disc in a wide border, or a rim of
# which only the corners are seen.
_SMALLEST, _LARGEST = 0.2, 1.1
_MOST_POINTS = 1200
# Shortest arc of rim, in degrees, that is worth more than none.
_LEAST_ARC = 12
_EDGE = 2  # pixels beside the frame where a gradient is not trusted
# How far from a circle its rim is looked for, in radii: after an outline, and in each refinement.
_SECOND_LOOK = 0.1
_WINDOWS = (0.06, 0.03, 0.02)


@dataclass(frozen=True)
class Rim:
    """A circle and the evidence for it.

    Parameters
    ----------
    circle : float64 (3,)
        Centre x, centre y, radius, pixels.
    seen : bool (360,)
        Degrees, clockwise from the right, at which a drop of brightness was seen on it.
    residual : float
        Median distance of the seen drops from the circle, pixels.
    in_frame : int
        Degrees of the circle that lie within the picture.
    """

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


def find_rim(small: Picture) -> Rim | None:
    """Find the circle with the longest arc of seen rim.

    Parameters
    ----------
    small : float32 (rows, columns, 3)
        The photograph at working size, 0 to 255.

    Returns
    -------
    Rim or None
        None if no arc of at least 12 degrees is seen.
    """
    best: Rim | None = None
    for contrast in _contrasts(small):
        smooth = ndimage.gaussian_filter(contrast, 1.0)
        for level in _levels(smooth):
            found = _fit(smooth, level)
            if found is not None and (best is None or found.arc > best.arc + 4):
                best = found
            if best is not None and best.is_whole:
                return best
        if best is not None and best.arc >= _LEAST_ARC:
            return best
    return None


def _contrasts(small: Picture) -> Iterator[Picture]:
    """How far each pixel is from the border's colour: black first, then white."""
    yield small.max(axis=2)
    yield (255 - small).max(axis=2)


def _levels(smooth: Picture) -> list[float]:
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


def _fit(smooth: Picture, level: float) -> Rim | None:
    """Rim from the outline at one level; then from the steepest drops near it, if that is more.

    An outline follows brightness, which along one rim may differ by several times; where it drops
    most does not.
    """
    mask = _largest_component(smooth > level)
    if mask is None:
        return None
    outline, inside = _outline(mask)
    first = _refined(smooth, _circle_among(outline, inside, smooth.shape))
    if first is None or first.is_whole:
        return first
    drops, _ = _rim_points(smooth, first.circle, _SECOND_LOOK * first.circle[2])
    second = _refined(smooth, _circle_among(drops, inside, smooth.shape))
    return second if second is not None and second.arc > first.arc else first


def _circle_among(
    points: npt.NDArray[np.float64], inside: npt.NDArray[np.float64], shape: tuple[int, ...]
) -> npt.NDArray[np.float64] | None:
    rows, columns = shape
    shorter = min(rows, columns)
    return best_circle(
        points, inside, radius_range=(_SMALLEST * shorter, _LARGEST * shorter),
        frame_centre=(columns / 2, rows / 2), frame_size=shorter,
    )  # fmt: skip


def _refined(smooth: Picture, circle: npt.NDArray[np.float64] | None) -> Rim | None:
    """Fit the circle to where brightness drops most along each ray, in ever narrower windows."""
    if circle is None:
        return None
    rows, columns = smooth.shape
    for window in _WINDOWS:
        points, _ = _rim_points(smooth, circle, max(3.0, window * circle[2]))
        if len(points) < _LEAST_ARC:
            return None
        circle = refine(
            circle, points, scale=0.4, frame_centre=(columns / 2, rows / 2),
            centre_sd=0.1 * min(rows, columns),
        )  # fmt: skip
        if not _is_plausible(circle, rows, columns):
            return None
    points, angles = _rim_points(smooth, circle, max(3.0, _WINDOWS[-1] * circle[2]))
    residual = np.abs(np.hypot(*(points - circle[:2]).T) - circle[2])
    is_on = residual < max(1.0, 0.01 * circle[2])
    seen = np.zeros(_ANGLES, bool)
    seen[angles[is_on]] = True
    median = float(np.median(residual[is_on])) if is_on.any() else float("nan")
    return Rim(circle, seen, median, _rays_in_frame(circle, rows, columns))


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
    smooth: Picture, circle: npt.NDArray[np.float64], window: float
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


def notch_angle(small: Picture, circle: npt.NDArray[np.float64]) -> float | None:
    """Angle of one small bright thing that sticks out of the rim, in degrees; None without one."""
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
