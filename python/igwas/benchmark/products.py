"""Whether two products of genotypes with columns agree, before either is timed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.benchmark.answers import WrongAnswer

Floats = npt.NDArray[np.float64]
# Ours rounds a column to 2^-21 of its largest value, the peer's sums are float32: together that
# moves a product by about 1e-5 of its standard error, with 65,629 samples and with 500,000. One
# copy too many in one of 500,000 samples moves it by 0.002.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Spread:
    """What the genotypes of some variants are, counted by the peer and not by the core.

    Attributes
    ----------
    n_called : float64 (variants,)
        Samples that are not missing.
    total : float64 (variants,)
        Sum of codes of the effect allele over them.
    squares : float64 (variants,)
        Sum of squared codes over them.
    """

    n_called: Floats
    total: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        """Mean code; 0 where nobody is called."""
        return self.total / np.maximum(self.n_called, 1)

    @property
    def deviation(self) -> Floats:
        """Square root of the sum of squared deviations, at least one code unit."""
        return np.sqrt(np.maximum(self.squares - self.total * self.mean, 1.0))

    def is_flipped(self, two_copies: float) -> npt.NDArray[np.bool_]:
        """Variants whose effect allele is the commoner: the core sums the other allele's codes."""
        return 2 * self.total > two_copies * self.n_called


def mean_imputed(
    called: Floats, missing: Floats, columns: Floats, spread: Spread, two_copies: float
) -> Floats:
    """Products of effect allele codes, a mean in place of what is missing, from the core's sums.

    Parameters
    ----------
    called, missing : float64 (variants, columns)
        The core's sums: of codes of the rarer allele over called samples, and of the columns over
        the others.
    columns : float64 (samples, columns)
    spread : Spread
    two_copies : float
        Code of two copies: 2 for calls, 254 for dosages in bytes.
    """
    over_called = columns.sum(axis=0) - missing
    is_flipped = spread.is_flipped(two_copies)[:, None]
    effect = np.where(is_flipped, two_copies * over_called - called, called)
    return np.asarray(effect + missing * spread.mean[:, None])


def largest_difference(ours: Floats, theirs: Floats, columns: Floats, spread: Spread) -> float:
    """Largest difference of two products, in standard errors of a product.

    The product of a variant with a column that has nothing to do with it varies by the variant's
    deviation times the column's root mean square: the difference is that of a z score. A share of
    the largest product would hide an error behind the column of ones.

    Parameters
    ----------
    ours, theirs : float64 (variants, columns)
    columns : float64 (samples, columns)
    spread : Spread
        Of the same variants.
    """
    size = np.sqrt(np.mean(columns**2, axis=0))
    return float(np.max(np.abs(ours - theirs) / (spread.deviation[:, None] * size)))


def require_agreement(difference: float, what: str) -> None:
    """Stop if two products differ.

    Raises
    ------
    WrongAnswer
        If the difference is above TOLERANCE, or not a number.
    """
    if not difference <= TOLERANCE:
        raise WrongAnswer(
            f"the product of {what} is off by {difference:.3g} standard errors from decode + "
            f"sgemm; expected at most {TOLERANCE:g} before anything is timed. Run "
            '"igwas-fast doctor".'
        )
