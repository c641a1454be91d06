"""Genomic control of many phenotypes at a glance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from igwas.plots.style import BLUE, GREY, PURPLE, VERMILION, look, new_figure


def lambda_plot(lambdas: NDArray[Any], is_control: Sequence[bool], *, worst: float) -> Figure:
    """Draw lambda of every phenotype in the order of the file.

    Parameters
    ----------
    lambdas : float (phenotypes,)
        NaN where nothing was tested.
    is_control : sequence of bool (phenotypes,)
        Negative controls, drawn apart.
    worst : float
        Where the report starts to warn.
    """
    with look():
        figure = new_figure(5.2, 4.4)
        axes = figure.add_subplot()
        number = np.arange(1, len(lambdas) + 1)
        control = np.asarray(is_control, dtype=bool)
        for which, colour, mark, label in (
            (~control, BLUE, "o", "phenotype"),
            (control, PURPLE, "s", "left minus right (negative control)"),
        ):
            if which.any():
                axes.scatter(
                    number[which], np.asarray(lambdas)[which], s=14, color=colour, marker=mark,
                    linewidths=0, label=label, gid="points",
                )  # fmt: skip
        axes.axhline(1.0, color=GREY, linewidth=0.8)
        axes.axhline(worst, color=VERMILION, linewidth=0.9, linestyle=(0, (5, 3)))
        known = np.asarray(lambdas, dtype=np.float64)
        known = np.concatenate([known[np.isfinite(known)], [0.98, worst]])
        spread = float(np.ptp(known))
        axes.set_ylim(known.min() - 0.05 * spread, known.max() + 0.15 * spread)
        axes.set_xlabel("phenotype, in the order of the file")
        axes.set_ylabel("λ GC")
        if control.any():
            axes.legend(loc="upper right", ncols=2)
    return figure
