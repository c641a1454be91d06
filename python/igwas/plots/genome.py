"""The genome as one axis: chromosomes laid end to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.plots.style import short

Floats = NDArray[np.float64]

# Between chromosomes, as a share of the whole.
_GAP = 0.004


@dataclass(frozen=True)
class GenomeAxis:
    """Where each chromosome starts on the axis.

    Parameters
    ----------
    names : sequence of str
        Chromosomes in order.
    first, last : float64 (chromosomes,)
        Smallest and largest position of each that has variants.
    """

    names: Sequence[str]
    first: Floats
    last: Floats

    @property
    def starts(self) -> Floats:
        """Place on the axis of the first position of each chromosome."""
        lengths = self.last - self.first + 1
        gap = _GAP * float(lengths.sum())
        return np.concatenate([[0.0], np.cumsum(lengths + gap)[:-1]])

    @property
    def length(self) -> float:
        """Length of the axis."""
        return float(self.starts[-1] + self.last[-1] - self.first[-1] + 1)

    def place(self, chromosome: NDArray[Any], position: NDArray[Any]) -> Floats:
        """Places of variants.

        Parameters
        ----------
        chromosome : int (variants,)
            Number in `names`.
        position : int (variants,)
            1-based.
        """
        shift = self.starts - self.first
        return np.asarray(position + shift[chromosome], dtype=np.float64)

    def draw_names(self, axes: Any, *, side: str = "bottom") -> None:
        """Label the chromosomes under their middle; those too narrow for their name stay bare."""
        starts, lengths = self.starts, self.last - self.first + 1
        labels = [short(name, 8) for name in self.names]
        middle = starts + lengths / 2
        last_end = -np.inf
        shown = []
        for at, (label, x) in enumerate(zip(labels, middle.tolist(), strict=True)):
            half = (len(label) + 0.8) * self.length / 240
            if x - half > last_end:
                shown.append(at)
                last_end = x + half
        axes.set_xticks(middle[shown], [labels[at] for at in shown])
        axes.tick_params(axis="x", length=0, pad=3)
        axes.set_xlim(-0.005 * self.length, 1.005 * self.length)
        if side == "bottom":
            axes.set_xlabel("chromosome")
