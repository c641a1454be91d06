"""The tree of retinal vessels: trunks leave the disc, arch around the macula, taper and branch.

Every site that might have a branch is grown, and kept by a random number of its own, so that a
higher score for branching only adds branches, and no other parameter moves the tree.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from igwas.simulate.anatomy import Anatomy

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

STEP = 0.025  # of a vessel's path, in radii of the field
_SITES = (12, 4)  # along a trunk, along its branches
_BEYOND = 1.3  # vessels end this far from the middle: gaze may bring in what lies outside
_FOVEAL_ZONE = 0.12  # without vessels


class Course(IntEnum):
    """What a vessel steers towards."""

    ARCADE = 0
    STRAIGHT = 1
    FOVEA = 2
    PERIPHERY = 3


@dataclass(frozen=True)
class Layout:
    """Where things are in an eye, left eyes as photographed; in radii of the field, y down.

    Parameters
    ----------
    disc, fovea : (float, float)
        Centres.
    disc_tilt : float
        Of the disc's longer axis from the vertical, radians.
    """

    disc: tuple[float, float]
    fovea: tuple[float, float]
    disc_tilt: float


@dataclass(frozen=True)
class Branches:
    """Vessels of one generation; every array has axis (vessels,) or (vessels, points)."""

    start: Floats  # (vessels, 2)
    heading: Floats
    preferred: Floats
    length: Floats
    width: Floats
    course: npt.NDArray[np.int64]
    is_venule: Booleans
    is_kept: Booleans


@dataclass(frozen=True)
class Vessel:
    """One vessel that is drawn.

    Parameters
    ----------
    path : float64 (points, 2)
        Its middle line.
    width : float64 (points,)
        Its diameter along it.
    is_venule : bool
    """

    path: Floats
    width: Floats
    is_venule: bool


def draw_layout(generator: np.random.Generator) -> Layout:
    """Draw where disc and fovea lie; the fovea is temporal of the disc and a little lower."""
    noise = generator.normal(size=5)
    disc = (-0.45 + 0.03 * noise[0], -0.03 + 0.03 * noise[1])
    distance, angle = 0.72 + 0.03 * noise[2], np.deg2rad(6.5 + 2.5 * noise[3])
    fovea = (disc[0] + distance * np.cos(angle), disc[1] + distance * np.sin(angle))
    return Layout(disc, (float(fovea[0]), float(fovea[1])), float(0.15 * noise[4]))


def grow_vessels(
    anatomy: Anatomy, layout: Layout, generator: np.random.Generator
) -> list[Vessel]:
    """Grow the tree of an eye.

    Parameters
    ----------
    anatomy : Anatomy
    layout : Layout
    generator : numpy.random.Generator
        The eye's own: the same draws are made whatever the anatomy.

    Returns
    -------
    list of Vessel
        Twigs first, trunks last, as they are drawn.
    """
    generations: list[list[Vessel]] = []
    branches = _trunks(anatomy, layout, generator)
    for n_sites in (*_SITES, 0):
        path, counts = _grow(branches, anatomy, layout, generator)
        generations.append(_as_vessels(branches, path, counts))
        if n_sites:
            branches = _side_branches(
                branches, path, counts, n_sites, anatomy, layout, generator
            )
    return [vessel for generation in reversed(generations) for vessel in generation]


def _trunks(anatomy: Anatomy, layout: Layout, generator: np.random.Generator) -> Branches:
    """Arteriole and venule of each quadrant, and smaller ones to the macula and nasally."""
    degrees = np.array([-84.0, 84.0, -128.0, 128.0, -12.0, 15.0, 165.0, -168.0])
    course = np.array([Course.ARCADE] * 2 + [Course.STRAIGHT] * 6)
    length = np.array([1.75, 1.75, 1.0, 1.0, 0.5, 0.5, 0.6, 0.6])
    share = np.array([1.0, 1.0, 0.78, 0.78, 0.42, 0.42, 0.5, 0.5])
    degrees, length, share, course = (np.tile(a, 2) for a in (degrees, length, share, course))
    n = len(degrees)
    is_venule = np.arange(n) >= n // 2
    noise = generator.normal(size=(5, n))
    heading = np.deg2rad(degrees + 9 * noise[0])
    width = np.where(is_venule, anatomy.venule_width, anatomy.arteriole_width)
    offset = np.stack([-0.03 + 0.015 * noise[3], 0.02 * noise[4]], axis=1)
    return Branches(
        start=np.array(layout.disc) + offset, heading=heading, preferred=heading,
        length=length, width=width * share * np.exp(0.08 * noise[2]), course=course,
        is_venule=is_venule, is_kept=np.ones(n, bool),
    )  # fmt: skip


def _grow(
    branches: Branches, anatomy: Anatomy, layout: Layout, generator: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Middle lines, (vessels, points, 2), and how many points of each are in use."""
    n, n_steps = len(branches.heading), int(np.ceil(branches.length.max() / STEP))
    swing = _swing(n, n_steps, generator)
    opening = generator.uniform(1.0, 2.0, size=n)
    path = np.empty((n, n_steps + 1, 2))
    path[:, 0] = at = branches.start
    heading = branches.heading
    for step in range(n_steps):
        turn = _target(branches, at, heading, opening, layout) - heading
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        heading = heading + np.clip(6.0 * STEP * turn, -0.2, 0.2)
        direction = heading + anatomy.tortuosity * swing[:, step]
        at = at + STEP * np.stack([np.cos(direction), np.sin(direction)], axis=1)
        path[:, step + 1] = at
    return path, _counts(branches, path, layout)


def _swing(n: int, n_steps: int, generator: np.random.Generator) -> Floats:
    """Two sine waves of unequal length a vessel, of standard deviation about 1 in all."""
    wave = generator.uniform(0.2, 0.5, size=(2, n, 1))
    phase = generator.uniform(0, 2 * np.pi, size=(2, n, 1))
    along = STEP * np.arange(n_steps)
    # From nothing at the start, or a branch would leave its parent sideways.
    return np.sin(2 * np.pi * along / wave + phase).sum(axis=0) * np.minimum(1, along / 0.1)


def _target(
    branches: Branches, at: Floats, heading: Floats, opening: Floats, layout: Layout
) -> Floats:
    """Direction each vessel steers to, radians."""
    from_disc, to_fovea = at - np.array(layout.disc), np.array(layout.fovea) - at
    up = np.sign(np.sin(branches.preferred))
    height = up * from_disc[:, 1]
    # Along a parabola with its vertex at the disc, back onto it if off it, and at its far end
    # towards the raphe.
    off = from_disc[:, 0] - opening * height**2
    arcade = np.arctan2(
        up * (1 - 1.1 * np.clip(from_disc[:, 0] - 0.5, 0, None)),
        2 * opening * np.maximum(height, 0) - 1.5 * off,
    )
    outward = np.arctan2(from_disc[:, 1], from_disc[:, 0])
    outward = heading + 0.5 * ((outward - heading + np.pi) % (2 * np.pi) - np.pi)
    inward = np.arctan2(to_fovea[:, 1], to_fovea[:, 0])
    inward = heading + 0.7 * ((inward - heading + np.pi) % (2 * np.pi) - np.pi)
    return np.choose(branches.course, [arcade, branches.preferred, inward, outward])


def _counts(branches: Branches, path: Floats, layout: Layout) -> npt.NDArray[np.int64]:
    wanted = np.ceil(branches.length / STEP).astype(np.int64) + 1
    away = np.hypot(path[..., 0], path[..., 1]) > _BEYOND
    from_fovea = path - np.array(layout.fovea)
    stops = away | (np.hypot(from_fovea[..., 0], from_fovea[..., 1]) < _FOVEAL_ZONE)
    first = np.where(stops.any(axis=1), stops.argmax(axis=1), path.shape[1])
    return np.minimum(wanted, first)


def _side_branches(
    parents: Branches,
    path: Floats,
    counts: npt.NDArray[np.int64],
    n_sites: int,
    anatomy: Anatomy,
    layout: Layout,
    generator: np.random.Generator,
) -> Branches:
    """Sites along the parents, each kept with the probability that the anatomy says."""
    n = len(parents.heading)
    draw = generator.random(size=(7, n, n_sites))
    share = 0.1 + 0.88 * (np.arange(n_sites) + draw[0]) / n_sites
    full = np.ceil(parents.length / STEP)[:, np.newaxis]
    at = (share * full).astype(np.int64)
    is_kept = parents.is_kept[:, np.newaxis] & (at < counts[:, np.newaxis] - 1)
    is_kept &= draw[1] < anatomy.branching
    at = np.minimum(at, path.shape[1] - 2)
    vessel = np.arange(n)[:, np.newaxis]
    start = path[vessel, at]
    along = path[vessel, at + 1] - start
    side = np.where((np.arange(n_sites) % 2 == 0) ^ (draw[2] < 0.25), 1, -1)
    heading = np.arctan2(along[..., 1], along[..., 0]) + side * np.deg2rad(32 + 38 * draw[3])
    length = np.minimum(0.30 + 0.45 * draw[4], 0.3 + 0.5 * parents.length[:, np.newaxis])
    if n_sites == _SITES[-1]:
        length = 0.45 * length
    width = parents.width[:, np.newaxis] * _taper(share) * (0.38 + 0.34 * draw[5])
    course = _branch_courses(parents, start, heading, layout)
    parts = (heading, heading, length, width, course,
             np.broadcast_to(parents.is_venule[:, np.newaxis], at.shape), is_kept)  # fmt: skip
    return Branches(start.reshape(-1, 2), *(part.reshape(-1) for part in parts))


def _branch_courses(
    parents: Branches, start: Floats, heading: Floats, layout: Layout
) -> npt.NDArray[np.int64]:
    """Inside the arcades towards the fovea, elsewhere away from the disc."""
    to_fovea = np.array(layout.fovea) - start
    ahead = np.cos(heading) * to_fovea[..., 0] + np.sin(heading) * to_fovea[..., 1]
    can = np.isin(parents.course, [Course.ARCADE, Course.FOVEA])[:, np.newaxis]
    return np.where(can & (ahead > 0), int(Course.FOVEA), int(Course.PERIPHERY))


def _taper(share: Floats) -> Floats:
    """Width left at a share of a vessel's length."""
    return 1 - 0.5 * share


def _as_vessels(
    branches: Branches, path: Floats, counts: npt.NDArray[np.int64]
) -> list[Vessel]:
    along = STEP * np.arange(path.shape[1]) / branches.length[:, np.newaxis]
    width = branches.width[:, np.newaxis] * _taper(along)
    return [
        Vessel(path[row, : counts[row]], width[row, : counts[row]], bool(branches.is_venule[row]))
        for row in np.flatnonzero(branches.is_kept & (counts > 1))
    ]
