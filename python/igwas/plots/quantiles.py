"""Quantile-quantile plots of p-values against what the null hypothesis expects."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import beta as beta_distribution

from igwas.plots.style import (
    BLUE,
    GREEN,
    GREY,
    LOG10P,
    PALE,
    PURPLE,
    VERMILION,
    look,
    new_figure,
    scale_log10p,
    short,
    top_of,
)

Floats = NDArray[np.float64]

# The smallest p-values are all drawn, then so many of the rest, evenly on the axis.
_ALL_OF_FIRST = 1000
_OF_THE_REST = 1000

_COLOURS = (VERMILION, BLUE, GREEN, PURPLE)
_MARKS = ("o", "^", "s", "D")


def expected_log10p(log10p: NDArray[Any]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Sort -log10 p against its expectation under the null, and thin both.

    Parameters
    ----------
    log10p : float (tests,)
        NaN does not count.

    Returns
    -------
    expected, observed : float64 (points,)
        Largest first. The i-th smallest of n p-values is expected at (i - 1/2) / n.
    rank : int64 (points,)
        i, from 1.
    """
    values = log10p[np.isfinite(log10p)]
    n = len(values)
    if not n:
        return np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    values = np.sort(values)[::-1]
    first = np.arange(1, min(n, _ALL_OF_FIRST) + 1)
    rest = np.zeros(0)
    if n > _ALL_OF_FIRST:
        rest = np.geomspace(_ALL_OF_FIRST, n, _OF_THE_REST)
    rank = np.unique(np.concatenate([first, rest.astype(np.int64)]))
    expected = -np.log10((rank - 0.5) / n)
    return expected, values[rank - 1].astype(np.float64), rank


def band(n: int, rank: NDArray[np.int64], share: float = 0.95) -> tuple[Floats, Floats]:
    """Pointwise interval of -log10 of the i-th smallest of n independent null p-values.

    The i-th of n uniform numbers has the distribution beta(i, n - i + 1).

    Returns
    -------
    low, high : float64 (points,)
    """
    tail = (1 - share) / 2
    p = [beta_distribution.ppf(q, rank, n - rank + 1) for q in (1 - tail, tail)]
    return -np.log10(p[0]), -np.log10(p[1])


def qq(series: Mapping[str, NDArray[Any]], lambdas: Mapping[str, float]) -> Figure:
    """Draw observed against expected -log10 p of a few tests.

    Parameters
    ----------
    series : mapping of name to float (tests,)
        -log10 p; at most four are told apart.
    lambdas : mapping of name to float
        Genomic control, shown in the legend.
    """
    with look():
        figure = new_figure(4.6, 4.4)
        axes = figure.add_subplot()
        largest_x, largest_y, shaded = 1.0, 1.0, False
        for number, (name, log10p) in enumerate(series.items()):
            expected, observed, rank = expected_log10p(log10p)
            if not len(expected):
                continue
            if not shaded:
                n = int(np.isfinite(log10p).sum())
                low, high = band(n, rank)
                axes.fill_between(
                    expected, low, high, color=PALE, linewidth=0, label="95 % of null", gid="band"
                )
                shaded = True
            known = lambdas.get(name)
            shown = "" if known is None or not np.isfinite(known) else f"  λ = {known:.3f}"
            axes.scatter(
                expected, observed, s=9, marker=_MARKS[number % 4], linewidths=0,
                color=_COLOURS[number % 4], label=f"{short(name)}{shown}", rasterized=True,
                gid="points",
            )  # fmt: skip
            largest_x = max(largest_x, float(expected.max()))
            largest_y = max(largest_y, float(observed.max()))
        axes.plot([0, largest_x], [0, largest_x], color=GREY, linewidth=0.8)
        scale_log10p(axes, largest_y)
        axes.set_ylim(0, top_of(largest_y, largest_x))
        axes.set_xlim(0, 1.03 * largest_x)
        axes.set_xlabel(f"expected {LOG10P}")
        axes.set_ylabel(f"observed {axes.get_ylabel()}")
        axes.legend(loc="upper left")
    return figure
