"""Means over people with percentile bootstrap intervals; the person is the unit drawn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import OptionError

Values = npt.NDArray[np.float64]

# Draws are made in slabs, so that many people times many draws stay within a few megabytes.
_SLAB_DRAWS = 2**21


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; NaN where nothing could be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True)
class BootstrapOptions:
    """How intervals are drawn.

    Parameters
    ----------
    n_draws : int
        Bootstrap draws.
    confidence : float
        Coverage of the interval, between 0 and 1.
    seed : int
        Of the draws.
    """

    n_draws: int = 2000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_draws < 1 or not 0 < self.confidence < 1:
            raise OptionError(
                f"bootstrap has {self.n_draws} draws at confidence {self.confidence}; expected at "
                "least 1 draw and a confidence between 0 and 1. Give for example 2000 and 0.95."
            )


def mean_with_interval(values: npt.ArrayLike, options: BootstrapOptions | None = None) -> Estimate:
    """Mean over people, with a percentile bootstrap interval.

    Parameters
    ----------
    values : float (people,)
        One number a person.
    options : BootstrapOptions, optional
        Draws, confidence and seed.

    Returns
    -------
    Estimate
        NaN throughout where there is nobody.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> print(mean_with_interval([1.0, 0.0, 1.0, 1.0]))
    0.750 [0.250, 1.000]
    """
    options = options or BootstrapOptions()
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        return Estimate(np.nan, np.nan, np.nan)
    tail = (1 - options.confidence) / 2
    low, high = np.quantile(_bootstrap_means(values, options), [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high))


def _bootstrap_means(values: Values, options: BootstrapOptions) -> Values:
    rng = np.random.default_rng(options.seed)
    n = len(values)
    means = np.empty(options.n_draws)
    step = max(1, _SLAB_DRAWS // n)
    for start in range(0, options.n_draws, step):
        stop = min(start + step, options.n_draws)
        drawn: npt.NDArray[Any] = rng.integers(0, n, (stop - start, n))
        means[start:stop] = values[drawn].mean(axis=1)
    return means
