"""Is the encoder learning, or collapsing: alignment, uniformity, effective rank, spread."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Spread of a collapsed encoder is 0 and of one that uses the whole sphere is 1.
COLLAPSED_SPREAD = 0.1
COLLAPSED_RANK = 1.5

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Diagnostics:
    """State of a set of vectors, of which pairs belong together.

    Parameters
    ----------
    alignment : float
        Mean squared distance of the pairs, on the unit sphere; 0 is perfect.
    uniformity : float
        Log of the mean over other pairs of exp(-2 squared distance); about -4 is uniform, 0 is
        collapsed.
    effective_rank : float
        Exponential of the entropy of the variance over principal axes.
    spread : float
        Mean standard deviation of a dimension on the unit sphere, in units of 1 / sqrt(dimension).
    """

    alignment: float
    uniformity: float
    effective_rank: float
    spread: float

    @property
    def is_collapsed(self) -> bool:
        """Whether the vectors say almost nothing about which image they are of."""
        return not (self.spread > COLLAPSED_SPREAD and self.effective_rank > COLLAPSED_RANK)


def diagnose(vectors: npt.ArrayLike, pairs: npt.NDArray[np.int64]) -> Diagnostics:
    """Measure alignment, uniformity, effective rank and spread.

    Parameters
    ----------
    vectors : float (images, dimension)
    pairs : int64 (pairs, 2)
        Rows that belong together.

    Returns
    -------
    Diagnostics
        NaN alignment without pairs.

    References
    ----------
    Wang & Isola 2020, ICML (alignment, uniformity); Roy & Vetterli 2007, EUSIPCO (effective rank);
    Chen & He 2021, CVPR (spread).
    """
    rows = np.asarray(vectors, np.float64)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    apart = unit[pairs[:, 0]] - unit[pairs[:, 1]]
    alignment = float((apart**2).sum(1).mean()) if len(pairs) else float("nan")
    squared = np.clip(2 - 2 * unit @ unit.T, 0, None)
    others = ~np.eye(len(unit), dtype=bool)
    others[pairs[:, 0], pairs[:, 1]] = others[pairs[:, 1], pairs[:, 0]] = False
    uniformity = float(np.log(np.exp(-2 * squared[others]).mean())) if others.any() else 0.0
    spread = float(unit.std(0).mean() * np.sqrt(unit.shape[1]))
    return Diagnostics(alignment, uniformity, effective_rank(rows), spread)


def effective_rank(vectors: npt.ArrayLike) -> float:
    """Exponential of the entropy of the shares of variance of the principal axes.

    Parameters
    ----------
    vectors : float (images, dimension)

    Returns
    -------
    float
        1 to the dimension; 0 where nothing varies.

    Examples
    --------
    >>> round(effective_rank([[1, 0], [-1, 0], [0, 1], [0, -1]]), 6)
    2.0
    """
    rows = np.asarray(vectors, np.float64)
    shares = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
    if not shares.sum() > 0:
        return 0.0
    shares = shares[shares > 0] / shares.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
