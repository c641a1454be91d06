"""Fewer points that draw the same picture: one of each pixel, and all that matter."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


def thin(
    x: ArrayLike,
    y: ArrayLike,
    *,
    keep_above: float,
    columns: int = 1600,
    rows: int = 240,
) -> Index:
    """Choose points that cover the same pixels.

    Parameters
    ----------
    x, y : float (points,)
        NaN is never chosen.
    keep_above : float
        Points as high as this or higher are all kept.
    columns, rows : int
        Pixels of the area below; of each the highest point is kept.

    Returns
    -------
    int64 (chosen,)
        Ascending.

    Examples
    --------
    >>> thin([0.0, 0.0, 1.0], [1.0, 1.001, 9.0], keep_above=5.0, columns=2, rows=10)
    array([1, 2])
    """
    x, y = np.asarray(x), np.asarray(y)
    with np.errstate(invalid="ignore"):
        high = np.flatnonzero((y >= keep_above) & np.isfinite(x))
        low = np.flatnonzero((y < keep_above) & np.isfinite(x))
    if not len(low):
        return high
    first, width = float(x[low].min()), float(np.ptp(x[low])) or 1.0
    least = min(0.0, float(y[low].min()))
    height = keep_above - least
    # In place: at 10 million points each copy is 80 MB.
    cell = ((x[low] - first) * ((columns - 1) / width)).astype(np.int64) * rows
    cell += ((y[low] - least) * ((rows - 1) / height)).astype(np.int64)
    best = np.full(columns * rows, -np.inf)
    np.maximum.at(best, cell, y[low])
    is_best = np.flatnonzero(y[low] == best[cell])
    # Of ties in one pixel the first.
    _, first_of = np.unique(cell[is_best], return_index=True)
    return np.sort(np.concatenate([high, low[is_best[first_of]]]))
