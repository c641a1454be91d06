"""Manhattan plots: one test over the genome, or two back to back (Miami)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from igwas.plots.genome import GenomeAxis
from igwas.plots.style import (
    BLUE,
    SKY,
    VERMILION,
    look,
    new_figure,
    scale_log10p,
    short,
    top_of,
)
from igwas.plots.thinning import thin

# Every point from here on is drawn; below, one a pixel.
KEEP_ABOVE = 6.0

# Share of the genome that half of a name is wide.
_EDGE = 0.05
_N_LABELS = 20


@dataclass(frozen=True)
class Lead:
    """A lead variant to point out: its place on the axis, height and name."""

    x: float
    log10p: float
    name: str


def manhattan(
    axis: GenomeAxis,
    chromosome: NDArray[Any],
    position: NDArray[Any],
    log10p: NDArray[Any],
    *,
    level: float,
    leads: Sequence[Lead] = (),
) -> Figure:
    """Draw -log10 p along the genome.

    Parameters
    ----------
    axis : GenomeAxis
    chromosome : int (variants,)
        Number of the chromosome in the axis.
    position : int (variants,)
    log10p : float (variants,)
        NaN where the variant was not tested.
    level : float
        -log10 of the significance level.
    leads : sequence of Lead
        Marked; the strongest 20 are named.
    """
    with look():
        figure = new_figure(10, 3.6)
        axes = figure.add_subplot()
        highest = _draw(axes, axis, chromosome, position, log10p, level)
        scale_log10p(axes, highest)
        axes.set_ylim(0, top_of(highest, level))
        axis.draw_names(axes)
        _mark(axes, axis, leads, highest)
    return figure


def miami(
    axis: GenomeAxis,
    chromosome: NDArray[Any],
    position: NDArray[Any],
    upper: NDArray[Any],
    lower: NDArray[Any],
    *,
    level: float,
    names: tuple[str, str],
) -> Figure:
    """Draw two tests of the same variants, one upwards and one downwards.

    Parameters
    ----------
    axis, chromosome, position, level
        As for `manhattan`.
    upper, lower : float (variants,)
        -log10 p.
    names : (str, str)
        Of the two tests.
    """
    with look():
        figure = new_figure(10, 5.2)
        above, below = figure.subplots(2, 1, sharex=True)
        tallest = 0.0
        for axes, values, name in zip((above, below), (upper, lower), names, strict=True):
            tallest = max(tallest, _draw(axes, axis, chromosome, position, values, level))
            axes.set_title(short(name))
        for axes in (above, below):
            scale_log10p(axes, tallest)
        # The same height, so that the eyes can be compared.
        above.set_ylim(0, top_of(tallest, level))
        below.set_ylim(top_of(tallest, level), 0)
        axis.draw_names(below, side="top")
        below.xaxis.set_ticks_position("top")
        below.spines["bottom"].set_visible(False)
        below.spines["top"].set_visible(True)
        above.tick_params(axis="x", labelbottom=False)
        below.set_title(short(names[1]), y=-0.12)
    return figure


def _draw(
    axes: Any,
    axis: GenomeAxis,
    chromosome: NDArray[Any],
    position: NDArray[Any],
    log10p: NDArray[Any],
    level: float,
) -> float:
    """Draw the points and the level; return the highest of both."""
    x = axis.place(chromosome, position)
    chosen = thin(x, log10p, keep_above=min(KEEP_ABOVE, level))
    y = np.asarray(log10p[chosen], dtype=np.float64)
    # NumPy's infinity (p of exactly 0) would have no place on the axis.
    finite = y[np.isfinite(y)]
    highest = float(finite.max()) if len(finite) else 0.0
    y = np.where(np.isinf(y), highest, y)
    is_odd = chromosome[chosen] % 2 == 1
    for which, colour in ((~is_odd, BLUE), (is_odd, SKY)):
        axes.scatter(
            x[chosen][which], y[which], s=4, color=colour, linewidths=0, rasterized=True,
            gid="points",
        )  # fmt: skip
    axes.axhline(level, color=VERMILION, linewidth=0.9, linestyle=(0, (5, 3)))
    return max(highest, level)


def _mark(axes: Any, axis: GenomeAxis, leads: Sequence[Lead], highest: float) -> None:
    """Ring the leads; name the strongest of them that do not stand in each other's way."""
    if not leads:
        return
    leads = [replace(one, log10p=min(one.log10p, highest)) for one in leads]
    axes.scatter(
        [lead.x for lead in leads], [lead.log10p for lead in leads], s=22, facecolors="none",
        edgecolors=VERMILION, linewidths=0.9, gid="leads",
    )  # fmt: skip
    taken: list[float] = []
    for lead in sorted(leads, key=lambda one: -one.log10p):
        is_free = all(abs(lead.x - x) > 0.03 * axis.length for x in taken)
        if is_free and len(taken) < _N_LABELS:
            taken.append(lead.x)
            axes.annotate(
                short(lead.name, 16), (lead.x, lead.log10p), xytext=(0, 5),
                textcoords="offset points", fontsize=6.5, va="bottom",
                ha=_side_of(lead.x / axis.length), annotation_clip=False,
            )  # fmt: skip


def _side_of(share: float) -> str:
    """Where a name stands: not over the axis's numbers, nor beyond the figure."""
    if share < _EDGE:
        return "left"
    return "right" if share > 1 - _EDGE else "center"
