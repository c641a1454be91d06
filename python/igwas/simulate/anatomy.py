"""From the scores of an eye to the sizes and densities that are drawn.

Lengths are in radii of a field of view of 45 degrees, which is about 6.6 mm of retina. The sources
of means and spreads, and where the spread is wider than in life so that a small encoder sees it,
stand in docs/simulated-photographs.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.errors import ShapeError
from igwas.simulate.eye_parameters import parameter_names

# Beyond these a score adds nothing: a drawing of an extreme score is still that of an eye.
LARGEST_SCORE = 3.5


@dataclass(frozen=True)
class Anatomy:
    """What is drawn of an eye.

    Parameters
    ----------
    melanin : float
        Optical density of the pigment, relative to the median eye.
    disc_radius : float
        Horizontal radius of the optic disc.
    cup_ratio : float
        Diameter of the cup over that of the disc, 0 to 1.
    arteriole_width, venule_width : float
        Diameters of the trunks where they leave the disc.
    tortuosity : float
        Amplitude of the swing of a vessel's direction, radians.
    branching : float
        Probability that a site along a vessel has a branch, 0 to 1.
    macula_density : float
        Optical density of the fovea above that of its surroundings.
    macula_radius : float
        Distance from the fovea at which that is down to 1/e.
    choroid_contrast : float
        Optical density between choroidal vessels and the ground between them.
    """

    melanin: float
    disc_radius: float
    cup_ratio: float
    arteriole_width: float
    venule_width: float
    tortuosity: float
    branching: float
    macula_density: float
    macula_radius: float
    choroid_contrast: float


def anatomy_of(scores: npt.ArrayLike) -> Anatomy:
    """Sizes and densities of an eye.

    Each is monotone in one score; widths of arterioles and venules follow two, calibre and ratio.

    Parameters
    ----------
    scores : float64 (parameters,)
        In the order of EYE_PARAMETERS, standard normal in the population; clipped to 3.5.

    Returns
    -------
    Anatomy

    Raises
    ------
    ShapeError
        If there are not as many scores as parameters, or one is not finite.

    Examples
    --------
    >>> anatomy = anatomy_of(np.zeros(9))
    >>> anatomy.disc_radius, round(anatomy.cup_ratio, 2), anatomy.melanin
    (0.14, 0.42, 1.0)
    """
    z = _checked(scores)
    calibre = 0.028 * np.exp(0.20 * z["vessel_calibre"])
    # Bounded where an exponential would leave what an eye can have.
    ratio = 0.35 + 0.85 * _logistic(0.47, 1.80 * z["arteriole_venule_ratio"])
    return Anatomy(
        melanin=float(np.exp(0.35 * z["pigment"])),
        disc_radius=float(0.14 * np.exp(0.18 * z["disc_size"])),
        cup_ratio=_logistic(0.42, 0.80 * z["cup_ratio"]),
        arteriole_width=float(calibre * np.sqrt(ratio)),
        venule_width=float(calibre / np.sqrt(ratio)),
        tortuosity=0.95 * _logistic(0.36, 1.30 * z["vessel_tortuosity"]),
        branching=_logistic(0.36, 1.00 * z["vessel_branching"]),
        macula_density=1.20 * _logistic(0.36, 0.85 * z["macula"]),
        macula_radius=float(0.20 * np.exp(0.15 * z["macula"])),
        choroid_contrast=float(0.055 * np.exp(0.60 * z["fundus_texture"])),
    )


def _checked(scores: npt.ArrayLike) -> dict[str, float]:
    names = parameter_names()
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(names),) or not np.isfinite(values).all():
        raise ShapeError(
            f"scores are {values.shape} {values.tolist()}; expected {len(names)} finite numbers: "
            f"{', '.join(names)}. Give one a parameter."
        )
    clipped = np.clip(values, -LARGEST_SCORE, LARGEST_SCORE)
    return dict(zip(names, clipped.tolist(), strict=True))


def _logistic(middle: float, shift: float) -> float:
    """A share: `middle` at shift 0, between 0 and 1 whatever the shift."""
    return float(1 / (1 + (1 - middle) / middle * np.exp(-shift)))
