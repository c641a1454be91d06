"""How likely a planted variant is to be found, in its own phenotype or in all together."""

import numpy as np
import numpy.typing as npt
from scipy import stats

GENOME_WIDE_P = 5e-8


def power(
    variance_explained: float, n_samples: int, n_covariates: int = 0, p: float = GENOME_WIDE_P
) -> float:
    """Power of Student's test of one variant on one phenotype, for fixed genotypes.

    Parameters
    ----------
    variance_explained : float
        Share of the phenotype's variance, covariates removed, that the variant explains.
    n_samples : int
        Samples tested.
    n_covariates : int
        Covariates removed, the intercept among them.
    p : float
        Two-sided level.

    Returns
    -------
    float
        Between `p` and 1; `p` where nothing is explained, or nobody is left to test.

    Notes
    -----
    t is non-central with N - C - 1 degrees of freedom and noncentrality sqrt(N q / (1 - q)).

    Examples
    --------
    >>> round(power(0.04, 1000), 2), round(power(0.01, 1000), 3)
    (0.83, 0.011)
    """
    dof = n_samples - n_covariates - 1
    if dof < 1 or variance_explained <= 0:
        return p
    return _power_of_f(variance_explained, 1, dof, n_samples, p)


def omnibus_power(
    correlation: npt.NDArray[np.float64],
    covariance: npt.NDArray[np.float64],
    n_samples: int,
    n_covariates: int = 0,
    p: float = GENOME_WIDE_P,
) -> float:
    """Power of the omnibus test of one variant on all phenotypes, for fixed genotypes.

    Parameters
    ----------
    correlation : float64 (phenotypes,)
        Effect of the variant on each phenotype times the variant's standard deviation.
    covariance : float64 (phenotypes, phenotypes)
        Of the phenotypes, covariates removed, in the same units.
    n_samples, n_covariates, p
        As of `power`.

    Returns
    -------
    float
        Between `p` and 1; `p` where nothing is explained, or nobody is left to test.

    Notes
    -----
    F with K and N - C - K degrees of freedom; the variance explained is c' S^-1 c, of the
    combination of phenotypes that the variant moves most.

    Examples
    --------
    >>> round(omnibus_power(np.array([0.2, 0.0]), np.eye(2), 1000), 2)
    0.75
    """
    dof = n_samples - n_covariates - len(correlation)
    if dof < 1 or not correlation.any():
        return p
    explained = float(correlation @ np.linalg.solve(covariance, correlation))
    return _power_of_f(min(explained, 1 - 1e-12), len(correlation), dof, n_samples, p)


def _power_of_f(explained: float, dof1: int, dof2: int, n_samples: int, p: float) -> float:
    noncentrality = n_samples * explained / (1 - explained)
    return float(stats.ncf.sf(stats.f.isf(p, dof1, dof2), dof1, dof2, noncentrality))
