"""Phenotypes by loci: which dimension sees which variant."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from igwas.plots.style import look, new_figure, short

# Beyond this many names a label is narrower than a line of text.
_MOST_NAMES = 64


def heat_map(
    z: NDArray[Any], loci: Sequence[str], phenotypes: Sequence[str], *, limit: float = 12.0
) -> Figure:
    """Draw z = beta / se of each phenotype at each lead variant.

    Parameters
    ----------
    z : float (loci, phenotypes)
        NaN is grey.
    loci, phenotypes : sequence of str
        Labels.
    limit : float
        z at the ends of the colour bar; beyond them the colour stays.

    Returns
    -------
    Figure
        Orange is positive, purple negative: apart for every kind of colour blindness.
    """
    values = np.asarray(z, dtype=np.float64)
    assert values.shape == (len(loci), len(phenotypes))
    with look():
        figure = new_figure(10, float(np.clip(1.2 + 0.17 * len(loci), 1.9, 14)))
        axes = figure.add_subplot()
        axes.set_facecolor("#e5e7eb")
        largest = float(np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values)))
        reach = min(limit, max(largest, 1.0))
        image = axes.imshow(
            np.ma.masked_invalid(values), aspect="auto", cmap="PuOr_r", vmin=-reach, vmax=reach,
            interpolation="nearest", gid="values",
        )  # fmt: skip
        axes.set_yticks(range(len(loci)), [short(name, 34) for name in loci], fontsize=7)
        if len(phenotypes) <= _MOST_NAMES:
            axes.set_xticks(
                range(len(phenotypes)), [short(name, 20) for name in phenotypes], rotation=90,
                fontsize=6.5,
            )  # fmt: skip
        else:
            axes.set_xlabel("phenotype, in the order of the file")
        extend = "both" if largest > limit else "neither"
        figure.colorbar(image, ax=axes, label="z = beta / se", extend=extend, pad=0.01)
    return figure
