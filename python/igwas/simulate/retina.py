"""The retina without its vessels: pigment, choroid, macula and optic disc, as reflected light."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from igwas.images.imaging_libraries import pillow
from igwas.simulate.anatomy import Anatomy
from igwas.simulate.framing import Framing
from igwas.simulate.vessel_tree import Layout

Plane = npt.NDArray[np.float32]

# Red, green and blue reflected by a fundus without melanin, 0 to 255 at usual exposure, and
# what is absorbed by the densities named. Chosen beside photographs, as display values.
_BARE = np.array([238, 158, 108], np.float32)
_MELANIN = np.array([0.26, 0.46, 0.62], np.float32)
_MACULA = np.array([0.55, 0.85, 0.95], np.float32)
_CHOROID = np.array([0.80, 1.00, 0.80], np.float32)
_RIM = np.array([228, 154, 104], np.float32)
_CUP = np.array([255, 232, 186], np.float32)

_TILE = 144  # pixels a side of the choroid's tile
_TILE_REACH = 1.5  # of the tile, in radii of the field


@dataclass(frozen=True)
class Places:
    """Where each pixel looks at, in the eye's axes: float32 (rows, columns) each."""

    x: Plane
    y: Plane

    @classmethod
    def of(cls, framing: Framing, rows: int, columns: int) -> "Places":
        """Places of the middles of pixels."""
        inverse = framing.inverse().astype(np.float32)
        column = (np.arange(columns, dtype=np.float32) + np.float32(0.5))[np.newaxis, :]
        row = (np.arange(rows, dtype=np.float32) + np.float32(0.5))[:, np.newaxis]
        x, y = (line[0] * column + line[1] * row + line[2] for line in inverse)
        return cls(x, y)


def draw_choroid(generator: np.random.Generator) -> tuple[Plane, Plane]:
    """A choroid's own pattern, float32 (tile, tile): vessels that spread outward; wide patches.

    The vessels are ridges of noise that is smooth along the way out from the posterior pole.
    Each has mean 0 and standard deviation 1.
    """
    patches = _standard(_coarse_noise(generator))
    noise = generator.standard_normal((_TILE, _TILE), dtype=np.float32)
    polar = ndimage.gaussian_filter(noise, (0.75, 4.0), mode="wrap", truncate=2.5)
    axis = np.linspace(-_TILE_REACH, _TILE_REACH, _TILE, dtype=np.float32)
    x, y = axis[np.newaxis, :] + np.float32(0.1), axis[:, np.newaxis]
    # In turns of the tile; the angle is bent by the patches, or the vessels would be spokes.
    around = (np.arctan2(y, x) / np.float32(2 * np.pi) + np.float32(0.010) * patches) * _TILE
    outward = np.sqrt(x**2 + y**2) * (0.55 * _TILE / _TILE_REACH)
    spread = ndimage.map_coordinates(polar, [around, outward], order=1, mode="grid-wrap")
    ridges = 1 / (1 + np.square(_standard(spread) / np.float32(0.7)))
    return _standard(ridges), patches


def _coarse_noise(generator: np.random.Generator) -> Plane:
    image_module = pillow()
    small = image_module.fromarray(generator.standard_normal((12, 12), dtype=np.float32))
    wide = small.resize((_TILE, _TILE), image_module.Resampling.BICUBIC)
    return np.asarray(wide)


def _standard(plane: Plane) -> Plane:
    return np.asarray((plane - plane.mean()) / plane.std())


def seen_through(tile: Plane, framing: Framing, rows: int, columns: int) -> Plane:
    """The tile as it lies in the photograph, float32 (rows, columns)."""
    image_module = pillow()
    inverse = framing.inverse()
    scale = _TILE / (2 * _TILE_REACH)
    coefficients = scale * inverse
    coefficients[:, 2] += _TILE / 2
    seen = image_module.fromarray(tile).transform(
        (columns, rows), image_module.Transform.AFFINE, coefficients.ravel().tolist(),
        image_module.Resampling.BILINEAR,
    )  # fmt: skip
    return np.asarray(seen)


def retina_light(
    anatomy: Anatomy, layout: Layout, places: Places, choroid: tuple[Plane, Plane]
) -> npt.NDArray[np.float32]:
    """Reflected light before vessels.

    Parameters
    ----------
    anatomy, layout : Anatomy, Layout
    places : Places
    choroid : tuple of float32 (rows, columns)
        Vessels and patches as they lie in the photograph.

    Returns
    -------
    float32 (3, rows, columns)
        Red, green, blue; 255 is what a camera records as white at usual exposure.
    """
    from_fovea = _length(places.x - layout.fovea[0], places.y - layout.fovea[1])
    macula = _macula(anatomy, from_fovea)
    to_disc = _disc_distance(anatomy, layout, places)
    vessels, patches = choroid
    # The choroid shows least through the macula.
    shown = anatomy.choroid_contrast * (1 - 0.7 * np.exp(-np.square(from_fovea / 0.35)))
    melanin = anatomy.melanin * (1 + np.float32(0.10) * patches) + 0.25 * _crescent(to_disc)
    density = np.stack(
        [_MELANIN[c] * melanin + _MACULA[c] * macula - _CHOROID[c] * shown * vessels
         for c in range(3)]
    )  # fmt: skip
    ground = _BARE[:, np.newaxis, np.newaxis] * np.exp(-density, dtype=np.float32)
    return _with_disc(ground, anatomy, layout, places, to_disc)


def _macula(anatomy: Anatomy, from_fovea: Plane) -> Plane:
    """Density: a wide shade of xanthophyll and pigment, a dark foveola, a spot of reflex."""
    wide = np.exp(-np.square(from_fovea / anatomy.macula_radius))
    foveola = np.exp(-np.square(from_fovea / (0.35 * anatomy.macula_radius)))
    reflex = np.exp(-np.square(from_fovea / np.float32(0.014)))
    return np.asarray(anatomy.macula_density * (0.75 * wide + 0.45 * foveola) - 0.12 * reflex)


def _disc_distance(anatomy: Anatomy, layout: Layout, places: Places) -> Plane:
    """Distance from the disc's centre, 1 on its margin; it is a little higher than wide."""
    x, y = places.x - layout.disc[0], places.y - layout.disc[1]
    cos, sin = math.cos(layout.disc_tilt), math.sin(layout.disc_tilt)
    across = cos * x + sin * y
    along = np.asarray((cos * y - sin * x) / 1.08, dtype=np.float32)
    return _length(across, along) / np.float32(anatomy.disc_radius)


def _crescent(to_disc: Plane) -> Plane:
    """Pigment around the margin of the disc."""
    return np.asarray(np.exp(-np.square((to_disc - 1.12) / 0.12)), dtype=np.float32)


def _with_disc(
    ground: npt.NDArray[np.float32], anatomy: Anatomy, layout: Layout, places: Places,
    to_disc: Plane,
) -> npt.NDArray[np.float32]:  # fmt: skip
    # Thick nerve fibres around the disc shine a little.
    ground *= 1 + np.float32(0.12) * np.exp(-np.square((to_disc - 1) / 1.3))
    # Only where it is: most of a photograph is not the disc.
    near = np.nonzero(to_disc < 1.3)
    distance, x, y = to_disc[near], places.x[near], places.y[near]
    head = _soft_inside(distance, 1.0, 0.05)
    # The cup lies a little temporal of the middle.
    shift = 0.10 * anatomy.disc_radius * (1 - anatomy.cup_ratio)
    to_cup = _length(x - layout.disc[0] - shift, (y - layout.disc[1]) / np.float32(1.05))
    cup = _soft_inside(to_cup / anatomy.disc_radius, anatomy.cup_ratio, 0.07)
    for c in range(3):
        nerve = _RIM[c] + (_CUP[c] - _RIM[c]) * cup
        ground[c][near] += head * (nerve - ground[c][near])
    return ground


def _length(x: Plane, y: Plane) -> Plane:
    # Ten times as fast as hypot, whose care about overflow is not needed here.
    return np.sqrt(x * x + y * y)


def _soft_inside(distance: Plane, edge: float, softness: float) -> Plane:
    """1 well inside the edge, 0 well outside."""
    return np.asarray(0.5 - 0.5 * np.tanh((distance - edge) / softness), dtype=np.float32)
