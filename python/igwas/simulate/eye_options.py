"""What moves the parameters of simulated eyes, and how much."""

from dataclasses import dataclass

from igwas.errors import OptionError
from igwas.simulate.eye_parameters import EYE_PARAMETERS
from igwas.simulate.options import flag_of

# Parameter -> covariate -> correlation with it, in the direction that retinal studies report:
# vessels narrow and the choroid shows more with age, pigment follows ancestry. Sizes are our own.
COVARIATE_EFFECTS: dict[str, dict[str, float]] = {
    "pigment": {"ancestry": 0.30},
    "disc_size": {"sex": 0.10},
    "cup_ratio": {"age": 0.10},
    "vessel_calibre": {"age": -0.30},
    "arteriole_venule_ratio": {"age": -0.15},
    "vessel_tortuosity": {"age": 0.20, "sex": -0.10},
    "vessel_branching": {"age": -0.20},
    "macula": {"age": -0.20, "sex": 0.10},
    "fundus_texture": {"age": 0.40},
}


@dataclass(frozen=True, kw_only=True)
class EyeOptions:
    """How planted variants move the parameters of eyes, and who is photographed how.

    Parameters
    ----------
    n_clear : int
        Variants with a clear effect on each parameter.
    clear_share : tuple of two floats
        Smallest and largest share of the variance of a parameter, in one eye, that such a variant
        explains.
    n_faint : int
        Further variants, each with a faint effect on one parameter: most cannot be found.
    faint_share : tuple of two floats
        Their smallest and largest share.
    one_eye_fraction : float
        Share of people of whom one eye only is photographed.
    own_camera_fraction : float
        Share of people photographed with the camera of their centre; the others with any.
    exposure_spread : float
        Standard deviation of the logarithm of the light.

    Raises
    ------
    OptionError
        If a value is out of range, or more of a parameter would be explained than both eyes share.
    """

    n_clear: int = 1
    clear_share: tuple[float, float] = (0.20, 0.25)
    n_faint: int = 4
    faint_share: tuple[float, float] = (0.002, 0.006)
    one_eye_fraction: float = 0.04
    own_camera_fraction: float = 0.8
    exposure_spread: float = 0.1

    def __post_init__(self) -> None:
        for name in ("n_clear", "n_faint"):
            if getattr(self, name) < 0:
                raise OptionError(
                    f"{flag_of(name)} is {getattr(self, name)}; expected 0 or more. Raise it."
                )
        for name in ("clear_share", "faint_share"):
            low, high = getattr(self, name)
            if not 0 < low <= high < 1:
                raise OptionError(
                    f"{flag_of(name)} is {low:g} to {high:g}; expected two shares of "
                    "variance above 0 and below 1, the smaller first. Correct them."
                )
        for name in ("one_eye_fraction", "own_camera_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(
                    f"{flag_of(name)} is {getattr(self, name):g}; expected 0 to 1. Correct it."
                )
        if not 0 <= self.exposure_spread <= 1:
            raise OptionError(f"exposure_spread is {self.exposure_spread:g}; expected 0 to 1.")

    @property
    def n_planted(self) -> int:
        """Variants that move a parameter."""
        return self.n_clear * len(EYE_PARAMETERS) + self.n_faint

    def check_shares(self, heritability: float) -> None:
        """Refuse shares that leave no room: genes and covariates are common to both eyes.

        Raises
        ------
        OptionError
        """
        # The n faint variants go round the parameters, so that some carry one more than others.
        n_faint = -(-self.n_faint // len(EYE_PARAMETERS))
        planted = self.n_clear * self.clear_share[1] + n_faint * self.faint_share[1]
        for parameter in EYE_PARAMETERS:
            explained = planted + heritability + covariate_share(parameter.name)
            if explained > parameter.between_eyes:
                raise OptionError(
                    f"variants and covariates would explain up to {100 * explained:.0f} % of "
                    f"{parameter.name}, whose eyes share {100 * parameter.between_eyes:.0f} %; "
                    "expected no more. Lower the shares, the variants or the heritability."
                )


def covariate_share(name: str) -> float:
    """Share of a parameter's variance that its covariates explain, taken as independent.

    Examples
    --------
    >>> round(covariate_share("vessel_tortuosity"), 3)
    0.05
    """
    return sum(effect**2 for effect in COVARIATE_EFFECTS.get(name, {}).values())
