"""Imputation information: how much of the allele count's variance the dosages kept."""

import numpy as np
import numpy.typing as npt


def information_of_variances(
    variance: npt.NDArray[np.float64],
    dosage: npt.NDArray[np.float64],
    copies: npt.NDArray[np.float64],
) -> float:
    """IMPUTE-style information of one variant from its genotype probabilities.

    INFO = 1 - sum_i Var(g_i) / (2 theta (1 - theta) N) for diploid samples, where Var(g_i) is the
    variance of the unknown count of effect alleles under the sample's probabilities. In general the
    denominator is theta (1 - theta) times the number of chromosome copies.

    Parameters
    ----------
    variance : float64 (samples,)
        Var(g_i), in copies carried; NaN where missing.
    dosage : float64 (samples,)
        Expected copies carried: 0 to 1 for a haploid sample; NaN where missing.
    copies : float64 (samples,)
        Ploidy: 1 or 2.

    Returns
    -------
    float
        At most 1; 1 where the variant does not vary, NaN where all calls are missing.

    References
    ----------
    Marchini & Howie 2010, Nat Rev Genet 11:499, box 2.

    Examples
    --------
    >>> variance, dosage, copies = np.array([0.0, 0.5]), np.array([2.0, 1.0]), np.array([2.0, 2.0])
    >>> round(information_of_variances(variance, dosage, copies), 3)
    0.333
    """
    is_called = ~np.isnan(dosage)
    n_copies = float(copies[is_called].sum())
    if not n_copies:
        return float("nan")
    theta = float(dosage[is_called].sum()) / n_copies
    expected = theta * (1 - theta) * n_copies
    # Rounded probabilities leave a crumb where every call is the same.
    if expected < 1e-9 * n_copies:
        return 1.0
    return 1.0 - float(variance[is_called].sum()) / expected


def dosage_r2(
    dosage: npt.NDArray[np.float32], is_haploid: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float32]:
    """MaCH's r2 of each variant: variance of the dosage over that of Hardy-Weinberg genotypes.

    Where only dosages are given, not probabilities, this is the measure that can be had.

    Parameters
    ----------
    dosage : float32 (variants, samples)
        0 to 2, also for haploid samples (0 or 2); NaN is missing.
    is_haploid : bool (variants, samples) or (samples,), optional
        Samples with one copy: their expected variance is 4 p (1 - p), not 2 p (1 - p).

    Returns
    -------
    float32 (variants,)
        1 where the variant does not vary, NaN where all are missing. May exceed 1.

    References
    ----------
    Li et al. 2010, Genet Epidemiol 34:816.

    Examples
    --------
    >>> dosage_r2(np.array([[0, 1, 1, 2]], np.float32))
    array([1.], dtype=float32)
    """
    is_called = ~np.isnan(dosage)
    n_called = is_called.sum(axis=1)
    weights = is_called.astype(np.float64)
    if is_haploid is not None:
        weights = weights * np.where(is_haploid, 2.0, 1.0)
    values = np.where(is_called, dosage, 0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=1) / n_called
        deviation = np.where(is_called, values - mean[:, None], 0)
        frequency = mean / 2
        expected = 2 * frequency * (1 - frequency) * weights.sum(axis=1)
        ratio = (deviation**2).sum(axis=1) / expected
    ratio[(expected < 1e-9 * n_called) & (n_called > 0)] = 1.0
    ratio[n_called == 0] = np.nan
    r2: npt.NDArray[np.float32] = ratio.astype(np.float32)
    return r2
