"""Genomic control of many phenotypes in one pass."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from igwas.association.ranking import MEDIAN_CHISQ_1DF

Floats = NDArray[np.float64]

# A bin is named by sign, exponent and 12 bits of the mantissa of a float32: 0.024 % wide.
_SHIFT = 11
_LOW, _HIGH = (int(np.float32(bound).view(np.int32)) >> _SHIFT for bound in (2.0**-8, 2.0**5))


class MedianCounter:
    """Medians of columns that are too long to be kept, good to 0.02 %.

    Values are counted in bins named by the top bits of their float32, which sort as the numbers
    do; within a bin they are taken as spread evenly. Medians below 1/256 or above 32 are given as
    that bound.

    Parameters
    ----------
    n_columns : int
    """

    def __init__(self, n_columns: int) -> None:
        # Two more bins: below the range, and not a number.
        self._n_bins = _HIGH - _LOW + 2
        self._counts = np.zeros((n_columns, self._n_bins + 1), np.int64)
        self._first = np.arange(n_columns, dtype=np.int64) * (self._n_bins + 1)

    def add(self, values: Floats) -> None:
        """Count float64 (rows, columns) of no negative number; NaN does not count."""
        with np.errstate(over="ignore"):
            single = np.ascontiguousarray(values, dtype=np.float32)
        bins = single.view(np.int32) >> _SHIFT
        bins -= _LOW - 1
        np.clip(bins, 0, self._n_bins - 1, out=bins)
        bins[np.isnan(single)] = self._n_bins
        named = bins + self._first
        size = self._counts.size
        self._counts += np.bincount(named.ravel(), minlength=size).reshape(self._counts.shape)

    @property
    def n(self) -> NDArray[np.int64]:
        """Values counted in each column."""
        total: NDArray[np.int64] = self._counts[:, :-1].sum(axis=1)
        return total

    def medians(self) -> Floats:
        """Median of each column; NaN where nothing was counted."""
        out = np.full(len(self._counts), np.nan)
        for column, counts in enumerate(self._counts[:, :-1]):
            total = int(counts.sum())
            if total:
                cumulative = np.cumsum(counts)
                at = int(np.searchsorted(cumulative, total / 2))
                below = cumulative[at] - counts[at]
                out[column] = _value(at, (total / 2 - below) / counts[at])
        return out


def _value(bin_number: int, share: float) -> float:
    """The number a share of the way through a bin."""
    if bin_number == 0:
        return 2.0**-8
    edges = np.array([bin_number - 1 + _LOW, bin_number + _LOW], dtype=np.int32) << _SHIFT
    low, high = edges.view(np.float32).astype(np.float64)
    return float(low + share * (high - low))


def lambda_of_chisq(median: Floats) -> Floats:
    """Genomic control from the median chi-square of one degree of freedom."""
    return np.asarray(median, dtype=np.float64) / MEDIAN_CHISQ_1DF


def lambda_of_median_log10p(median: Floats) -> Floats:
    """Genomic control from the median -log10 p of any test, as a chi-square of one degree.

    Examples
    --------
    >>> lambda_of_median_log10p(np.array([-np.log10(0.5)])).round(3)
    array([1.])
    """
    chisq = chdtri(1.0, 10.0 ** -np.asarray(median, dtype=np.float64))
    return np.asarray(chisq / MEDIAN_CHISQ_1DF)


def lambda_range(lambdas: Floats) -> tuple[float, float, float]:
    """Median, smallest and largest of the phenotypes that were tested; NaN if none was."""
    known = lambdas[np.isfinite(lambdas)]
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    return float(np.median(known)), float(known.min()), float(known.max())
