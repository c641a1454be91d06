"""One locus close up: tests by position, coloured by linkage with the lead, genes below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from igwas.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    look,
    new_figure,
    scale_log10p,
    short,
    top_of,
)

# r^2 from -> colour and shape; the shape says the same to those who cannot see the colour.
LD_CLASSES = (
    (0.8, VERMILION, "s", "0.8 and more"),
    (0.6, ORANGE, "D", "0.6 to 0.8"),
    (0.4, GREEN, "^", "0.4 to 0.6"),
    (0.2, SKY, "v", "0.2 to 0.4"),
    (0.0, BLUE, "o", "below 0.2"),
)
UNKNOWN_LD = ("#b6bcc6", "o", "not known")

_LANES = 5
# Share of the axis: about two pixels of the page. A shorter gene would have no mark.
_LEAST_GENE = 1 / 200


@dataclass(frozen=True)
class Gene:
    """A gene's name and first and last position."""

    name: str
    start: int
    end: int


def ld_class(r2: NDArray[Any]) -> NDArray[np.int64]:
    """Number of the class in LD_CLASSES of each r^2; -1 where it is not known.

    Examples
    --------
    >>> ld_class(np.array([1.0, 0.8, 0.79, 0.0, np.nan]))
    array([ 0,  0,  1,  4, -1])
    """
    found = np.full(len(r2), -1, dtype=np.int64)
    for number, (least, *_) in reversed(list(enumerate(LD_CLASSES))):
        with np.errstate(invalid="ignore"):
            found[r2 >= least] = number
    return found


def regional(
    position: NDArray[Any],
    log10p: NDArray[Any],
    r2: NDArray[Any],
    *,
    lead: int,
    level: float,
    chromosome: str,
    lead_name: str,
    interval: tuple[int, int],
    genes: Sequence[Gene] | None = None,
) -> Figure:
    """Draw the variants around a locus.

    Parameters
    ----------
    position : int (variants,)
    log10p : float (variants,)
    r2 : float (variants,)
        With the lead; NaN is not known.
    lead : int
        Which of the variants is the lead.
    level : float
        -log10 of the significance level.
    chromosome, lead_name : str
    interval : (int, int)
        First and last position of the locus.
    genes : sequence of Gene, optional
        None draws no lane for genes.
    """
    with look():
        if genes is None:
            figure = new_figure(6.4, 3.1)
            axes, track = figure.add_subplot(), None
        else:
            figure = new_figure(6.4, 3.9)
            axes, track = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1.1])
        x = np.asarray(position, dtype=np.float64) / 1e6
        y = np.asarray(log10p, dtype=np.float64)
        finite = y[np.isfinite(y)]
        highest = float(finite.max()) if len(finite) else level
        y = np.where(np.isinf(y), highest, y)  # p of exactly 0 would have no place on the axis
        axes.axvspan(interval[0] / 1e6, interval[1] / 1e6, color="#f3f4f6", linewidth=0, zorder=0)
        _points(axes, x, y, np.asarray(r2, dtype=np.float64), lead)
        axes.axhline(level, color=VERMILION, linewidth=0.8, linestyle=(0, (5, 3)))
        axes.annotate(
            short(lead_name), (x[lead], y[lead]), xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
        scale_log10p(axes, highest)
        axes.set_ylim(0, top_of(highest, level, headroom=0.14))
        lowest, furthest = float(x.min()), float(x.max())
        pad = 0.02 * (furthest - lowest) or 0.01
        axes.set_xlim(lowest - pad, furthest + pad)
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.2, reverse=True,
            title="r² with the lead", title_fontsize=8,
        )  # fmt: skip
        if track is not None and genes is not None:
            _draw_genes(track, genes, (lowest - pad, furthest + pad))
        axes.ticklabel_format(axis="x", useOffset=False, style="plain")
        (track or axes).set_xlabel(f"position on chromosome {short(chromosome, 12)} (Mb)")
    return figure


def _points(axes: Any, x: Any, y: Any, r2: Any, lead: int) -> None:
    """Weakest linkage first, so that the strongest lies on top; the lead last."""
    which = ld_class(r2)
    is_other = np.arange(len(x)) != lead
    classes = [(-1, *UNKNOWN_LD)]
    classes += [(n, *LD_CLASSES[n][1:]) for n in range(len(LD_CLASSES) - 1, -1, -1)]
    for number, colour, mark, label in classes:
        chosen = (which == number) & is_other
        if chosen.any():
            axes.scatter(
                x[chosen], y[chosen], s=13, color=colour, marker=mark, linewidths=0, label=label,
                rasterized=True, gid="points",
            )  # fmt: skip
    axes.scatter(
        x[lead : lead + 1], y[lead : lead + 1], s=42, color=PURPLE, marker="D",
        edgecolors=BLACK, linewidths=0.7, label="lead", gid="lead", zorder=5,
    )  # fmt: skip


def _visible(gene: Gene, low: float, high: float) -> tuple[float, float]:
    """Where a gene is drawn, in Mb: within the axis, and wide enough to be seen."""
    start, end = max(gene.start / 1e6, low), min(gene.end / 1e6, high)
    least = _LEAST_GENE * (high - low)
    if end - start >= least:
        return start, end
    middle = min(max((start + end) / 2, low + least / 2), high - least / 2)
    return middle - least / 2, middle + least / 2


def _draw_genes(track: Any, genes: Sequence[Gene], limits: tuple[float, float]) -> None:
    """Genes in lanes, so that names do not overlap; what finds no lane is counted."""
    low, high = limits
    free = [-np.inf] * _LANES
    n_left = 0
    letter = (high - low) / 95
    for gene in sorted(genes, key=lambda one: one.start):
        start, end = _visible(gene, low, high)
        name = short(gene.name, 14)
        middle = (start + end) / 2
        reach = max((end - start) / 2, letter * len(name) / 2)
        lane = next((n for n in range(_LANES) if free[n] < middle - reach), None)
        if lane is None:
            n_left += 1
            continue
        free[lane] = middle + reach + letter
        track.plot(
            [start, end], [-lane, -lane], color=GREY, linewidth=3, solid_capstyle="butt", gid="gene"
        )
        track.text(middle, -lane + 0.22, name, ha="center", va="bottom", fontsize=6, style="italic")
    track.set_ylim(-_LANES + 0.4, 1.0)
    track.set_yticks([])
    track.spines["left"].set_visible(False)
    if n_left:
        track.set_title(f"{n_left:,} more genes", fontsize=6.5, loc="right")
