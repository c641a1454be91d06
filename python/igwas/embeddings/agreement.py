"""Intraclass correlation: how far a dimension is a trait of the person rather than of the eye.

The two eyes are two raters of one person. ICC(1,1) takes them as interchangeable; ICC(A,1), the
two-way absolute agreement, also counts a shift between left and right as disagreement.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution

from igwas.errors import ShapeError

Values = npt.NDArray[np.float64]

_ROUNDING = 1e-12


@dataclass(frozen=True)
class IntraclassCorrelation:
    """An intraclass correlation of each dimension with its interval; each float64 (dimensions,).

    NaN where a dimension does not vary or there are fewer than two people.
    """

    value: Values
    low: Values
    high: Values


@dataclass(frozen=True)
class _MeanSquares:
    """Of the two-way table people x raters, each (dimensions,)."""

    n_people: int
    n_raters: int
    people: Values
    raters: Values
    residual: Values
    within: Values


def one_way(ratings: npt.ArrayLike, *, confidence: float = 0.95) -> IntraclassCorrelation:
    """ICC(1,1): raters are interchangeable.

    Parameters
    ----------
    ratings : float (people, raters, dimensions)
        For eyes there are two raters: the left eye and the right eye.
    confidence : float
        Of the interval, from the F distribution.

    Returns
    -------
    IntraclassCorrelation

    Raises
    ------
    ShapeError
        If there are not three axes, or fewer than two raters.

    References
    ----------
    Shrout & Fleiss 1979, Psychol Bull 86:420, case 1.

    Examples
    --------
    >>> import numpy as np
    >>> eyes = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    >>> one_way(eyes[:, :, None]).value
    array([1.])
    """
    squares = _mean_squares(ratings)
    n, k = squares.n_people, squares.n_raters
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = squares.people / squares.within
        tail = (1 + confidence) / 2
        low_ratio = ratio / f_distribution.ppf(tail, n - 1, n * (k - 1))
        high_ratio = ratio * f_distribution.ppf(tail, n * (k - 1), n - 1)
        found = [_from_ratio(one, k) for one in (ratio, low_ratio, high_ratio)]
    return IntraclassCorrelation(*found)


def _from_ratio(ratio: Values, k: int) -> Values:
    value = (ratio - 1) / (ratio + k - 1)
    return np.asarray(np.where(np.isposinf(ratio), 1.0, value))


def absolute_agreement(
    ratings: npt.ArrayLike, *, confidence: float = 0.95
) -> IntraclassCorrelation:
    """ICC(A,1), called ICC(2,1) by Shrout & Fleiss: a shift between raters is disagreement.

    Parameters
    ----------
    ratings : float (people, raters, dimensions)
    confidence : float
        Of the interval, by Satterthwaite's degrees of freedom.

    Returns
    -------
    IntraclassCorrelation

    Raises
    ------
    ShapeError
        If there are not three axes, or fewer than two raters.

    References
    ----------
    Shrout & Fleiss 1979, case 2; McGraw & Wong 1996, Psychol Methods 1:30, table 7.
    """
    squares = _mean_squares(ratings)
    n, k = squares.n_people, squares.n_raters
    people, raters, residual = squares.people, squares.raters, squares.residual
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (people - residual) / (people + (k - 1) * residual + k / n * (raters - residual))
        a = k * value / (n * (1 - value))
        b = 1 + k * value * (n - 1) / (n * (1 - value))
        dof = (a * raters + b * residual) ** 2 / (
            (a * raters) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1))
        )
        tail = (1 + confidence) / 2
        f_low = f_distribution.ppf(tail, n - 1, dof)
        f_high = f_distribution.ppf(tail, dof, n - 1)
        other = k * raters + (k * n - k - n) * residual
        # Divided by the quantiles, which are beyond all numbers where two people give no degrees
        # of freedom to speak of.
        low = n * (people / f_low - residual) / (other + n * people / f_low)
        high = n * (people - residual / f_high) / (other / f_high + n * people)
    # Eyes that agree to the last digit leave nothing to estimate the interval from.
    is_exact = (residual == 0) & (raters == 0) & (people > 0)
    low, high = (np.where(is_exact, 1.0, bound) for bound in (low, high))
    return IntraclassCorrelation(value, low, high)


def _mean_squares(ratings: npt.ArrayLike) -> _MeanSquares:
    values: npt.NDArray[Any] = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 3 or values.shape[1] < 2:
        raise ShapeError(
            f"ratings are {values.shape}; expected (people, raters, dimensions) with at least two "
            "raters. Stack the left and the right eyes."
        )
    n, k, n_dimensions = values.shape
    if n < 2:
        missing = np.full(n_dimensions, np.nan)
        return _MeanSquares(2, k, missing, missing, missing, missing)
    grand = values.mean(axis=(0, 1))
    centred = values - grand
    # A constant keeps the rounding of its mean, which would be taken for variance.
    largest = np.abs(values).max(axis=(0, 1))
    centred[:, :, np.abs(centred).max(axis=(0, 1)) <= _ROUNDING * largest] = 0
    of_people, of_raters = centred.mean(axis=1), centred.mean(axis=0)
    rest = centred - of_people[:, None] - of_raters[None]
    return _MeanSquares(
        n, k,
        people=k * (of_people**2).sum(axis=0) / (n - 1),
        raters=n * (of_raters**2).sum(axis=0) / (k - 1),
        residual=(rest**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1)),
        within=((centred - of_people[:, None]) ** 2).sum(axis=(0, 1)) / (n * (k - 1)),
    )  # fmt: skip
