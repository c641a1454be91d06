"""How many independent tests a set of correlated phenotypes amounts to."""

from typing import Any

import numpy as np
import numpy.typing as npt


def effective_number_of_tests(covariance: npt.NDArray[np.floating[Any]]) -> float:
    """Effective number of independent phenotypes, M_eff = (sum sqrt(l))^2 / sum(l).

    l are the eigenvalues of the phenotypes' correlation. It is the number of phenotypes if they
    are uncorrelated and 1 if they are all the same up to sign and scale.

    Parameters
    ----------
    covariance : float (phenotypes, phenotypes)
        Covariance or cross-products. NaN, as between missingness masks, counts as uncorrelated.

    Returns
    -------
    float
        Between 1 and the number of phenotypes.

    References
    ----------
    Galwey 2009, Genet Epidemiol 33:559.

    Examples
    --------
    >>> effective_number_of_tests(np.eye(3))
    3.0
    >>> round(effective_number_of_tests(np.ones((3, 3))), 3)
    1.0
    """
    scale = np.sqrt(np.diag(covariance))
    correlation = np.nan_to_num(covariance / np.outer(scale, scale))
    np.fill_diagonal(correlation, 1.0)
    # Rounding leaves zero eigenvalues slightly negative or positive; a root would enlarge them.
    values = np.linalg.eigvalsh(correlation)
    values = values[values > len(values) * np.finfo(float).eps * values[-1]]
    return float(np.sqrt(values).sum() ** 2 / values.sum())
