"""How likely a planted variant is to be found in its own phenotype."""

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
    noncentrality = n_samples * variance_explained / (1 - variance_explained)
    return float(stats.ncf.sf(stats.f.isf(p, 1, dof), 1, dof, noncentrality))
