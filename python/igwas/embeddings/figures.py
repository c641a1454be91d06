"""Figures of the report card: each takes arrays and returns a figure; none opens a file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import IgwasError
from igwas.extras import install_command

Values = npt.NDArray[np.float64]

# Okabe & Ito's colours, which colour-blind people tell apart.
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#999999", "#000000"


def new_figure(width: float, height: float) -> Any:
    """A figure without pyplot: no window, no global state.

    Raises
    ------
    IgwasError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise IgwasError(
            f"needs matplotlib. Install it with: {install_command('report')}"
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    return figure


def _axes(figure: Any, title: str, x: str, y: str) -> Any:
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def retrieval_curve(
    ranks: npt.NDArray[np.int64], baseline_ranks: npt.NDArray[np.int64] | None = None
) -> Any:
    """Share of mates found within the first k of the gallery, for every k.

    Parameters
    ----------
    ranks, baseline_ranks : int64 (directions, people)
        Of the embedding, and of the colour histogram if there is one.
    """
    figure = new_figure(6, 4)
    n_people = ranks.shape[1]
    axes = _axes(figure, f"Other eye found, {n_people:,} people", "among the first k", "share")
    k = np.arange(1, n_people + 1)
    axes.plot(k, _found_within(ranks), color=BLUE, label="embedding", linewidth=2)
    if baseline_ranks is not None:
        within = _found_within(baseline_ranks)
        axes.plot(k, within, color=ORANGE, linestyle="--", label="colour histogram")
    axes.plot(k, k / n_people, color=GREY, linestyle=":", label="chance")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, loc="lower right")
    return figure


def _found_within(ranks: npt.NDArray[np.int64]) -> Values:
    counts = np.bincount(ranks.ravel(), minlength=ranks.shape[1] + 1)[1:]
    return np.asarray(np.cumsum(counts) / ranks.size)


def agreement_plot(value: Values, low: Values, high: Values) -> Any:
    """Intraclass correlation of each dimension with its interval, in order.

    Parameters
    ----------
    value, low, high : float64 (dimensions,)
        NaN ones are left out and counted.
    """
    figure = new_figure(7, 4)
    known = np.isfinite(value)
    order = np.flatnonzero(known)[np.argsort(-value[known], kind="stable")]
    title = f"Agreement of the eyes, {len(order):,} dimensions"
    if len(order) < len(value):
        title += f" ({len(value) - len(order):,} not estimable)"
    axes = _axes(figure, title, "dimension, in order", "ICC(A,1)")
    at = np.arange(1, len(order) + 1)
    axes.vlines(at, low[order], high[order], color=GREY, linewidth=1)
    axes.plot(at, value[order], ".", color=BLUE, markersize=5)
    axes.axhline(0, color=BLACK, linewidth=0.8)
    axes.set_ylim(min(-0.1, np.nanmin(low[order], initial=0.0)), 1.02)
    return figure


def spectrum_plot(shares: Values, effective_rank: float) -> Any:
    """Cumulative variance of the principal axes.

    Parameters
    ----------
    shares : float64 (dimensions,)
        Largest first.
    effective_rank : float
        Marked by a line.
    """
    figure = new_figure(6, 4)
    axes = _axes(
        figure, f"Effective rank {effective_rank:.1f} of {len(shares):,}", "principal axes",
        "share of the variance",
    )  # fmt: skip
    at = np.arange(1, len(shares) + 1)
    axes.plot(at, np.cumsum(shares), color=BLUE, linewidth=2, label="embedding")
    axes.plot(at, at / len(shares), color=GREY, linestyle=":", label="all axes alike")
    axes.axvline(effective_rank, color=ORANGE, linestyle="--", label="effective rank")
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, loc="lower right")
    return figure


def explained_plot(names: Sequence[str], by_dimension: Values, total: Values) -> Any:
    """Cross-validated variance explained, a row a variable: every dimension and all together.

    Parameters
    ----------
    names : sequence of str (variables,)
    by_dimension : float64 (variables, dimensions)
    total : float64 (variables,)
    """
    figure = new_figure(7, 1.4 + 0.34 * len(names))
    axes = _axes(
        figure, "Variance explained, cross-validated by person", "share of the variance", ""
    )
    order = np.argsort(np.nan_to_num(total, nan=-np.inf), kind="stable")
    for row, variable in enumerate(order):
        values = by_dimension[variable]
        axes.plot(values, np.full(len(values), row), "|", color=GREY, markersize=8)
        axes.plot(total[variable], row, "o", color=BLUE)
    axes.plot([], [], "|", color=GREY, label="a dimension")
    axes.plot([], [], "o", color=BLUE, label="all together")
    axes.set_yticks(range(len(order)), [names[variable] for variable in order])
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.legend(frameon=False, loc="lower right")
    return figure


def neighbour_sheet(
    pictures: npt.NDArray[np.uint8], labels: Sequence[Sequence[str]], title: str
) -> Any:
    """A row a query: the eye asked with, the same person's other eye, the nearest other people.

    Parameters
    ----------
    pictures : uint8 (queries, columns, rows_px, columns_px, 3)
    labels : texts (queries, columns)
        Under each picture.
    title : str
    """
    n_queries, n_columns = pictures.shape[:2]
    figure = new_figure(1.35 * n_columns, 0.5 + 1.55 * n_queries)
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(n_queries, n_columns, squeeze=False)
    headings = ["asked with", "other eye", *(f"nearest {at}" for at in range(1, n_columns - 1))]
    for row, column in np.ndindex(n_queries, n_columns):
        axes = grid[row, column]
        axes.imshow(pictures[row, column], interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(labels[row][column], fontsize=6, labelpad=2)
        for spine in axes.spines.values():
            spine.set_color((BLACK, GREEN)[column] if column < 2 else GREY)
            spine.set_linewidth(2 if column < 2 else 0.5)
        if row == 0:
            axes.set_title(headings[column], fontsize=8)
    return figure
