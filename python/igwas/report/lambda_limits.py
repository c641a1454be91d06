"""From which lambda a report warns: what chance alone would not give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGE_LAMBDA = 1.1
SMALL_LAMBDA = 0.9

# Standard error of lambda times sqrt(n): 1 / (2 f(m) m) for the median m of chi-square with one
# degree of freedom, whose density there is f(m) = 0.4711.
_ERROR = 2.333

# By chance one of 48 phenotypes lies so far above its true lambda in one report of sixteen, one of
# 128 in one of six; and the true one may be 1.1 before there is a warning.
_STANDARD_ERRORS = 3


def lambda_error(n: NDArray[np.integer] | int) -> Floats:
    """Standard error of lambda over n independent variants; infinite for none.

    Examples
    --------
    >>> round(float(lambda_error(10_000)), 4)
    0.0233
    """
    with np.errstate(divide="ignore"):
        return np.asarray(_ERROR / np.sqrt(np.asarray(n, dtype=np.float64)))


@dataclass(frozen=True)
class LambdaLimits:
    """Limits of each phenotype, by the variants it was tested at.

    Parameters
    ----------
    small, large : float64 (phenotypes,)
        Below and above these a report warns.
    """

    small: Floats
    large: Floats

    @classmethod
    def of(cls, n_tested: NDArray[np.integer]) -> "LambdaLimits":
        """0.9 and 1.1, and three standard errors beyond.

        Parameters
        ----------
        n_tested : int (phenotypes,)
            Variants at which each was tested.
        """
        error = _STANDARD_ERRORS * lambda_error(n_tested)
        return cls(np.maximum(SMALL_LAMBDA - error, 0.0), LARGE_LAMBDA + error)


def limit_text(limits: Floats) -> str:
    """Limits of several phenotypes as one number, or as the range they are in.

    Examples
    --------
    >>> limit_text(np.array([1.168, 1.168])), limit_text(np.array([1.17, 1.1682]))
    ('1.168', '1.168 to 1.170')
    """
    first, last = f"{limits.min():.3f}", f"{limits.max():.3f}"
    return first if first == last else f"{first} to {last}"
