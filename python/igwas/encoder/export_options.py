"""What goes into an encoder.onnx, and what was written."""

from dataclasses import dataclass
from pathlib import Path

from igwas.errors import OptionError
from igwas.wording import counted

# Test-time views: rotation in degrees, and the window's side as a share of the image's.
PLAIN_VIEW = ((0.0, 1.0),)
MILD_VIEWS = ((0.0, 1.0), (8.0, 0.9), (-8.0, 0.9), (0.0, 0.85), (0.0, 0.8))
VIEWS = {1: PLAIN_VIEW, len(MILD_VIEWS): MILD_VIEWS}


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What goes into an encoder.onnx.

    Parameters
    ----------
    which : str
        `best` or `last`: the checkpoint of a run's folder.
    n_views : int
        1, or 5 mild test-time views that are averaged.
    dimensions : int
        Principal axes kept; 0 leaves the networks' own dimensions.
    whiten : bool
        Scale the axes to about unit variance.
    n_verified : int
        Images on which ONNX Runtime must agree with torch.
    n_fitted : int
        Most training images that principal axes are fitted on.
    """

    which: str = "best"
    n_views: int = 5
    dimensions: int = 128
    whiten: bool = False
    n_verified: int = 200
    n_fitted: int = 20_000

    def __post_init__(self) -> None:
        if self.which not in ("best", "last"):
            raise OptionError(f"--checkpoint is {self.which!r}; expected best or last.")
        if self.n_views not in VIEWS:
            raise OptionError(
                f"--views is {self.n_views}; expected one of: {', '.join(map(str, VIEWS))}."
            )
        if self.dimensions < 0 or self.n_verified < 1 or self.n_fitted < 2:
            raise OptionError(
                f"--dimensions is {self.dimensions} and --verify-images {self.n_verified}; "
                "expected at least 0 and 1."
            )
        if self.whiten and not self.dimensions:
            raise OptionError("--whiten scales principal axes; expected --dimensions above 0.")


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """What was written.

    Parameters
    ----------
    output : Path
    description : str
    n_dimensions : int
    variance_share : float
        Of the training images' variance, what the principal axes hold; 1 without them.
    max_difference : float
        Largest between ONNX Runtime and torch over `n_verified` images.
    allowed : float
    n_verified : int
    weights_digest : str
    size_bytes : int
    """

    output: Path
    description: str
    n_dimensions: int
    variance_share: float
    max_difference: float
    allowed: float
    n_verified: int
    weights_digest: str
    size_bytes: int

    def describe(self) -> list[str]:
        """Lines for a terminal."""
        return [
            f"{self.output}: {self.description}, "
            f"{counted(self.n_dimensions, 'dimension', 'dimensions')} "
            f"({100 * self.variance_share:.1f} % of the variance), "
            f"{self.size_bytes / 2**20:.1f} MiB",
            f"  ONNX Runtime and torch differ by at most {self.max_difference:.2g} on "
            f"{counted(self.n_verified, 'image', 'images')} (allowed: {self.allowed:.2g})",
            f"  weights {self.weights_digest}",
        ]
