"""Principal axes of the training images' descriptions, from sums over slabs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
# Whitened axes are divided by the root of their variance and this share of the mean variance:
# without it the last axes, all noise, would count as much as the first.
_WHITENING_SHARE = 0.01


@dataclass(frozen=True)
class PrincipalAxes:
    """Centre and axes of a set of vectors.

    Parameters
    ----------
    centre : float64 (joined,)
    axes : float64 (joined, dimension)
        Columns by falling variance; the largest weight of each is positive.
    variance_share : float
        Of the variance, what the axes hold.
    """

    centre: FloatArray
    axes: FloatArray
    variance_share: float


class Moments:
    """Sums of vectors and of their products, slab by slab.

    Parameters
    ----------
    n_columns : int
    """

    def __init__(self, n_columns: int) -> None:
        self.count = 0
        self._sum = np.zeros(n_columns)
        self._products = np.zeros((n_columns, n_columns))

    def add(self, vectors: npt.ArrayLike) -> None:
        """Add float (rows, columns)."""
        rows = np.asarray(vectors, np.float64)
        self.count += len(rows)
        self._sum += rows.sum(0)
        self._products += rows.T @ rows

    def axes(self, n_dimensions: int, *, whiten: bool = False) -> PrincipalAxes:
        """Principal axes, at most `n_dimensions`, and no more than there is variance along.

        Parameters
        ----------
        n_dimensions : int
        whiten : bool
            Scale each axis to about unit variance.
        """
        centre = self._sum / self.count
        covariance = self._products / self.count - np.outer(centre, centre)
        variances, axes = np.linalg.eigh(covariance)
        variances, axes = np.clip(variances[::-1], 0, None), axes[:, ::-1]
        total = variances.sum()
        n_real = int((variances > 1e-12 * max(variances[0], 1e-300)).sum())
        kept = max(1, min(n_dimensions, n_real, self.count - 1))
        axes, variances = axes[:, :kept], variances[:kept]
        # An axis's sign is arbitrary; a fixed one makes two exports of one run equal.
        largest = np.abs(axes).argmax(0)
        axes = axes * np.sign(axes[largest, np.arange(kept)])
        share = float(variances.sum() / total) if total > 0 else 0.0
        if whiten:
            axes = axes / np.sqrt(variances + _WHITENING_SHARE * variances.mean())
        return PrincipalAxes(centre, axes, share)
