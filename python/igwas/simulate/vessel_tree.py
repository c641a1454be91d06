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
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

STEP = 0.03  # of a vessel's path, in radii of the field
_SITES = (16, 6)  # along the longest trunk, along each of its branches
_BEYOND = 1.3  # vessels end this far from the middle: gaze may bring in what lies outside
_FOVEAL_ZONE = 0.12  # without vessels
_STIFFNESS = 6.0  # turns towards its target within 1/6 of a radius


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
    """Vessels of one generation that are kept; arrays have axis (vessels,).

    Parameters
    ----------
    site : int64
        Number of the vessel among all that might have been; its random draws go by that.
    n_possible : int
        How many there might have been.
    start : float64 (vessels, 2)
    heading, length, width : float64
        Where it starts off to, in radians; in radii of the field.
    course : int64
        One of Course.
    is_venule : bool
    """

    site: Integers
    n_possible: int
    start: Floats
    heading: Floats
    length: Floats
    width: Floats
    course: Integers
    is_venule: Booleans


@dataclass(frozen=True)
class Vessels:
    """Vessels of one generation, as they are drawn.

    Parameters
    ----------
    path : float64 (vessels, points, 2)
        Middle lines.
    width : float64 (vessels, points)
        Diameter along them.
    n_points : int64 (vessels,)
        Points of each that are in use.
    is_venule : bool (vessels,)
    """

    path: Floats
    width: Floats
    n_points: Integers
    is_venule: Booleans


def draw_layout(generator: np.random.Generator) -> Layout:
    """Draw where disc and fovea lie; the fovea is temporal of the disc and a little lower."""
    noise = generator.normal(size=5)
    disc = (-0.45 + 0.03 * noise[0], -0.03 + 0.03 * noise[1])
    distance, angle = 0.72 + 0.03 * noise[2], np.deg2rad(6.5 + 2.5 * noise[3])
    fovea = (disc[0] + distance * np.cos(angle), disc[1] + distance * np.sin(angle))
    return Layout(disc, (float(fovea[0]), float(fovea[1])), float(0.15 * noise[4]))


def grow_vessels(anatomy: Anatomy, layout: Layout, generator: np.random.Generator) -> list[Vessels]:
    """Grow the tree of an eye.

    Parameters
    ----------
    anatomy : Anatomy
    layout : Layout
    generator : numpy.random.Generator
        The eye's own: the same draws are made whatever the anatomy.

    Returns
    -------
    list of Vessels
        Generations, twigs first and trunks last: the order of drawing.
    """
    branches = _trunks(anatomy, layout, generator)
    generations: list[Vessels] = []
    for n_sites in (*_SITES, 0):
        path = _grow(branches, anatomy, layout, generator)
        n_points = _points_in_use(branches, path, layout)
        along = STEP * np.arange(path.shape[1]) / branches.length[:, np.newaxis]
        width = branches.width[:, np.newaxis] * _taper(along)
        vessels = Vessels(path, width, n_points, branches.is_venule)
        generations.insert(0, vessels)
        if n_sites:
            branches = _side_branches(branches, vessels, n_sites, anatomy, layout, generator)
    return generations


def _trunks(anatomy: Anatomy, layout: Layout, generator: np.random.Generator) -> Branches:
    """Arteriole and venule of each quadrant, and smaller ones to the macula and nasally."""
    degrees = np.array([-86.0, 86.0, -128.0, 128.0, -12.0, 15.0, 165.0, -168.0])
    course = np.array([Course.ARCADE] * 2 + [Course.STRAIGHT] * 6, dtype=np.int64)
    length = np.array([2.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.6, 0.6])
    share = np.array([1.0, 1.0, 0.78, 0.78, 0.42, 0.42, 0.5, 0.5])
    degrees, length, share, course = (np.tile(a, 2) for a in (degrees, length, share, course))
    n = len(degrees)
    is_venule = np.arange(n) >= n // 2
    noise = generator.normal(size=(5, n))
    # Beside each other, arteriole on the side of the macula or not, not on top of each other.
    apart = np.where(is_venule, 1, -1) * np.sign(degrees) * np.where(noise[1] > 0, 9, 12)
    width = np.where(is_venule, anatomy.venule_width, anatomy.arteriole_width)
    offset = np.stack([-0.03 + 0.015 * noise[3], 0.02 * noise[4]], axis=1)
    return Branches(
        site=np.arange(n), n_possible=n, start=np.array(layout.disc) + offset,
        heading=np.deg2rad(degrees + apart + 7 * noise[0]), length=length,
        width=width * share * np.exp(0.08 * noise[2]), course=course, is_venule=is_venule,
    )  # fmt: skip


def _grow(
    branches: Branches, anatomy: Anatomy, layout: Layout, generator: np.random.Generator
) -> Floats:
    """Middle lines, (vessels, points, 2)."""
    draws = generator.random(size=(5, branches.n_possible))[:, branches.site]
    if not len(branches.site):
        return np.empty((0, 2, 2))
    n_steps = int(np.ceil(branches.length.max() / STEP))
    bend = anatomy.tortuosity * _swing(draws[:4], n_steps)
    # How wide each arcade opens; arterioles and venules differ, or they would hide each other.
    opening = np.where(branches.is_venule, 1.0, 1.45) + 0.6 * draws[4]
    target = _TargetOf(branches, opening, layout)
    path = np.empty((len(branches.site), n_steps + 1, 2))
    path[:, 0] = at = branches.start
    heading = branches.heading
    for step in range(n_steps):
        turn = (target.direction(at, heading) - heading + np.pi) % (2 * np.pi) - np.pi
        heading = heading + np.clip(_STIFFNESS * STEP * turn, -0.2, 0.2)
        direction = heading + bend[:, step]
        at = at + STEP * np.stack([np.cos(direction), np.sin(direction)], axis=1)
        path[:, step + 1] = at
    return path


def _swing(draws: Floats, n_steps: int) -> Floats:
    """Two sine waves of unequal length a vessel, of standard deviation about 1 in all."""
    wave = 0.25 + 0.35 * draws[:2, :, np.newaxis]
    phase = 2 * np.pi * draws[2:, :, np.newaxis]
    along = STEP * np.arange(n_steps)
    # From nothing at the start, or a branch would leave its parent sideways.
    swing = np.sin(2 * np.pi * along / wave + phase).sum(axis=0) * np.minimum(1, along / 0.1)
    return np.asarray(swing)


class _TargetOf:
    """Where vessels steer to.

    Parameters
    ----------
    branches : Branches
    opening : float64 (vessels,)
        Of the parabola that an arcade follows.
    layout : Layout
    """

    def __init__(self, branches: Branches, opening: Floats, layout: Layout) -> None:
        self._course = branches.course
        self._has_arcades = bool((branches.course == Course.ARCADE).any())
        self._first = branches.heading
        self._up = np.sign(np.sin(branches.heading))
        self._opening = opening
        self._disc, self._fovea = np.array(layout.disc), np.array(layout.fovea)

    def direction(self, at: Floats, heading: Floats) -> Floats:
        """Direction to steer to from a place, radians."""
        from_disc = at - self._disc
        if self._has_arcades:  # trunks: none has another course than these two
            return np.where(self._course == Course.ARCADE, self._arcade(from_disc), self._first)
        is_inward = (self._course == Course.FOVEA)[:, np.newaxis]
        aim = np.where(is_inward, self._fovea - at, from_disc)
        turn = np.arctan2(aim[:, 1], aim[:, 0]) - heading
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        return np.asarray(heading + np.where(is_inward[:, 0], 0.6, 0.35) * turn)

    def _arcade(self, from_disc: Floats) -> Floats:
        """Along a parabola with its vertex at the disc, back to it if off, at its far end down."""
        height = self._up * from_disc[:, 1]
        off = from_disc[:, 0] - self._opening * height**2
        towards_raphe = 1.0 * np.clip(from_disc[:, 0] - 0.55, 0, None)
        rise, run = 1 - towards_raphe, 2 * self._opening * np.maximum(height, 0) - 1.5 * off
        return np.asarray(np.arctan2(self._up * rise, np.maximum(run, 0.15 * towards_raphe)))


def _points_in_use(branches: Branches, path: Floats, layout: Layout) -> Integers:
    """Up to a vessel's length, the edge of what a photograph shows, or the foveal zone."""
    wanted = np.ceil(branches.length / STEP).astype(np.int64) + 1
    from_fovea = path - np.array(layout.fovea)
    stops = (path**2).sum(axis=2) > _BEYOND**2
    stops |= (from_fovea**2).sum(axis=2) < _FOVEAL_ZONE**2
    first = np.where(stops.any(axis=1), stops.argmax(axis=1), path.shape[1])
    return np.asarray(np.minimum(wanted, first))


def _side_branches(
    parents: Branches,
    vessels: Vessels,
    n_sites: int,
    anatomy: Anatomy,
    layout: Layout,
    generator: np.random.Generator,
) -> Branches:
    """Branches of the parents; a site has one with the probability that the anatomy says."""
    draws = generator.random(size=(7, parents.n_possible, n_sites))[:, parents.site]
    share = 0.08 + 0.9 * (np.arange(n_sites) + draws[0]) / n_sites
    at = (share * np.ceil(parents.length / STEP)[:, np.newaxis]).astype(np.int64)
    # As dense along a short vessel as along a long one.
    longest = parents.length.max(initial=STEP)  # of an eye with no branch, there are no parents
    density = np.minimum(1, parents.length / longest)[:, np.newaxis]
    is_kept = (at < vessels.n_points[:, np.newaxis] - 1) & (draws[1] < anatomy.branching * density)
    parent, number = np.nonzero(is_kept)
    at, share, draws = at[parent, number], share[parent, number], draws[:, parent, number]

    start = vessels.path[parent, at]
    along = vessels.path[parent, at + 1] - start
    side = np.where((number % 2 == 0) ^ (draws[2] < 0.25), 1, -1)
    heading = np.arctan2(along[:, 1], along[:, 0]) + side * np.deg2rad(30 + 35 * draws[3])
    to_fovea = np.array(layout.fovea) - start
    is_ahead = np.cos(heading) * to_fovea[:, 0] + np.sin(heading) * to_fovea[:, 1] > 0
    can = np.isin(parents.course[parent], [Course.ARCADE, Course.FOVEA])
    is_twig = n_sites == _SITES[-1]
    return Branches(
        site=parents.site[parent] * n_sites + number,
        n_possible=parents.n_possible * n_sites, start=start, heading=heading,
        length=(0.12 + 0.25 * draws[4]) if is_twig else (0.35 + 0.5 * draws[4]),
        width=parents.width[parent] * _taper(share) * (0.50 + 0.35 * draws[5]),
        course=np.where(can & is_ahead, int(Course.FOVEA), int(Course.PERIPHERY)),
        is_venule=parents.is_venule[parent],
    )  # fmt: skip


def _taper(share: Floats) -> Floats:
    """Width left at a share of a vessel's length."""
    return 1 - 0.5 * np.minimum(share, 1)
