"""How embeddings become phenotypes; checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.errors import OptionError
from igwas.phenotypes.eye_names import EYES

COMPONENT_ORDERS = ("variance", "left-right")
OUTLIER_LIMITS = {"clip": 6.0, "remove": 3.0}


@dataclass(frozen=True, kw_only=True)
class PhenotypeOptions:
    """Options of `igwas-fast phenotypes`; names and defaults are those of the command line.

    Parameters
    ----------
    eyes : tuple of str
        Phenotypes to make: left, right, mean, difference.
    choice : str
        `mean` of an eye's photographs, or the `best` one by quality.
    visit : str
        `all`, `first`, `last`, or the name of a visit.
    min_quality : float
        Photographs of lower or no quality are left out; 0 keeps all.
    use_unknown_eyes : bool
        Let photographs of unknown eyes count in the mean, as a third eye.
    images, image_table : Path, optional
        images.h5, or a table with image_id: what else is known of the photographs.
    regress_out, categorical_columns : tuple of str
        Columns to regress out of the embedding, and those that are categories.
    measures : tuple of str
        Columns that become phenotypes themselves.
    components : int, optional
        Components in place of the dimensions.
    components_by : str
        Which come first: those of largest `variance` (principal components), or those in which the
        eyes of a person are most alike (`left-right`).
    whiten : bool
        Scale components to variance 1; those by left-right are.
    basis, save_basis : Path, optional
        Apply a basis that was fitted before; save the one that is fitted.
    outliers : str
        `none`, `clip` values, or `remove` photographs.
    outlier_limit : float, optional
        In robust standard deviations.
    transform : str
        `none` or `rank-inverse-normal`, of each phenotype.
    overwrite : bool
    """

    eyes: tuple[str, ...] = EYES
    choice: str = "mean"
    visit: str = "all"
    min_quality: float = 0.0
    use_unknown_eyes: bool = False
    images: Path | None = None
    image_table: Path | None = None
    regress_out: tuple[str, ...] = ()
    categorical_columns: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    components: int | None = None
    components_by: str = "variance"
    whiten: bool = False
    basis: Path | None = None
    save_basis: Path | None = None
    outliers: str = "none"
    outlier_limit: float | None = None
    transform: str = "none"
    overwrite: bool = False

    def __post_init__(self) -> None:
        odd = [eye for eye in self.eyes if eye not in EYES]
        if odd or not self.eyes or len(set(self.eyes)) < len(self.eyes):
            raise OptionError(
                f"--eyes is {','.join(self.eyes)!r}; expected some of {', '.join(EYES)}, each once."
            )
        if not 0 <= self.min_quality <= 1:
            raise OptionError(f"--min-quality is {self.min_quality:g}; expected 0 to 1.")
        if self.outlier_limit is not None and not self.outlier_limit > 0:
            raise OptionError(f"--outlier-limit is {self.outlier_limit:g}; expected above 0.")
        if self.outlier_limit is not None and self.outliers == "none":
            raise OptionError(
                f"--outlier-limit is {self.outlier_limit:g} but --outliers is none; expected both "
                "or neither. Add --outliers clip or remove."
            )
        if self.components_by not in COMPONENT_ORDERS:
            raise OptionError(
                f"--components-by is {self.components_by!r}; expected one of: "
                f"{', '.join(COMPONENT_ORDERS)}."
            )
        if self.basis is not None and (self.is_fitting or self.save_basis is not None):
            raise OptionError(
                "--basis is given with --components, --components-by, --whiten or --save-basis; "
                "expected a basis that was fitted before, or a new one. Leave one out."
            )
        if self.save_basis is not None and not self.is_fitting:
            raise OptionError(
                "--save-basis is given but no basis is fitted; expected --components, "
                "--components-by left-right or --whiten. Add one."
            )

    @property
    def is_fitting(self) -> bool:
        """Whether a basis is fitted to the images."""
        by_eyes = self.components_by == "left-right"
        return self.components is not None or by_eyes or self.whiten

    def as_dict(self) -> dict[str, Any]:
        """Values that serialise to JSON."""
        values = {name: value for name, value in vars(self).items() if name != "overwrite"}
        return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}
