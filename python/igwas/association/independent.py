"""Which phenotypes the others do not already determine."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

# Pivot, as a share of the phenotype's variance, below which it repeats other phenotypes.
_DEPENDENT_TOLERANCE = 1e-10


def independent_columns(gram: NDArray[np.float64]) -> list[int]:
    """Choose as many linearly independent phenotypes as there are, by pivoted Cholesky.

    Parameters
    ----------
    gram : float64 (phenotypes, phenotypes)
        Cross-products of their residuals; a phenotype of zero variance is never chosen.

    Returns
    -------
    list of int
        Ascending columns.

    Examples
    --------
    >>> independent_columns(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]))
    [0, 2]
    """
    candidates = np.arange(len(gram))
    scale = np.sqrt(np.diag(gram))
    candidates = candidates[scale > 0]
    if len(candidates) == 0:
        return []
    scale = scale[scale > 0]
    correlation = gram[np.ix_(candidates, candidates)] / np.outer(scale, scale)
    # LAPACK's pivoted Cholesky; info > 0 only says that the rank is not full.
    _, pivots, rank, _ = lapack.dpstrf(correlation, tol=_DEPENDENT_TOLERANCE, lower=1)
    return sorted(int(candidates[pivot - 1]) for pivot in pivots[:rank])
