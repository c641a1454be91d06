"""Whether two devices gave the same numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def n_different(found: NDArray[Any], expected: NDArray[Any], *, tolerance: float = 0.0) -> int:
    """Cells that are not the same; all of them if the shapes differ. NaN is the same as NaN.

    Parameters
    ----------
    found, expected : array
    tolerance : float
        Relative; 0 asks for the same number.

    Examples
    --------
    >>> n_different(np.array([1.0, np.nan, 3.0]), np.array([1.0, np.nan, 3.1]))
    1
    """
    if found.shape != expected.shape:
        return max(1, expected.size)
    is_same = np.asarray(found == expected)
    if expected.dtype.kind == "f":
        is_same |= np.isclose(found, expected, rtol=tolerance, atol=0.0, equal_nan=True)
    return int(np.count_nonzero(~is_same))
