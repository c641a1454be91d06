"""Left and right eyes of one person: what agreement between them is worth.

The two eyes share a person's genotype and most of the noise: their statistics are correlated under
the null hypothesis, so that agreement is no replication. What it is worth follows from that
correlation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from igwas.association.tails import log10p_chisq
from igwas.phenotypes.eye_names import EyeColumns

Floats = NDArray[np.float64]


def chance_of_both(p: float, correlation: float) -> float:
    """Chance that both eyes reach a two-sided p with the same sign, under the null.

    2 P(Z1 > z, Z2 > z) for standard normal Z1, Z2 of the given correlation. Its derivative by the
    correlation is the bivariate density at (z, z), which is integrated from independence.

    Parameters
    ----------
    p : float
        Two-sided p of one eye.
    correlation : float
        Of the two statistics, between -1 and 1.

    Examples
    --------
    >>> f"{128e6 * chance_of_both(5e-8, 0.7):.2f}"
    '0.12'
    """
    z = -float(ndtri(p / 2))
    r = float(np.clip(correlation, -1.0, 1.0))
    if r <= -1.0:
        return 0.0
    # With the correlation as sin(angle), the density has no singularity at 1.
    area = quad(
        lambda angle: np.exp(-z * z / (1 + np.sin(angle))) / (2 * np.pi), 0.0, np.arcsin(r),
        epsabs=0.0, epsrel=1e-8, limit=200,
    )[0]  # fmt: skip
    return max(0.0, 2 * (float(ndtr(-z)) ** 2 + float(area)))


@dataclass(frozen=True)
class EyePairs:
    """Dimensions that have a left and a right phenotype.

    Parameters
    ----------
    dimensions : list of str
    left, right : int64 (pairs,)
        Columns.
    correlation : float64 (pairs,)
        Of the two test statistics under the null.
    correlation_from : str
        `residuals` (same people: exact) or `statistics` (of null variants).
    """

    dimensions: list[str]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    correlation: Floats
    correlation_from: str

    def expected_null_hits(self, p: float, n_variants: int) -> dict[str, float]:
        """Tests expected to reach p by chance: in one eye, and in both with the same sign."""
        both = sum(chance_of_both(p, r) for r in self.correlation.tolist())
        return {
            "one_eye": n_variants * p * len(self.dimensions),
            "both_eyes": n_variants * both,
            "both_eyes_if_independent": n_variants * len(self.dimensions) * p * p / 2,
        }

    def both_eyes(self, tests: pd.DataFrame) -> pd.DataFrame:
        """Variants that both eyes find in the same dimension with the same sign.

        Parameters
        ----------
        tests : DataFrame
            variant, column, log10p, beta of the tests of single phenotypes.

        Returns
        -------
        DataFrame
            variant, column (of the left eye), log10p (of the eye with the larger p): for each
            variant its best dimension, in file order.
        """
        number = {column: at for at, column in enumerate(self.left.tolist())}
        partner = {column: at for at, column in enumerate(self.right.tolist())}
        left = tests[tests["column"].isin(list(number))]
        right = tests[tests["column"].isin(list(partner))]
        left = left.assign(pair=[number[c] for c in left["column"]])
        right = right.assign(pair=[partner[c] for c in right["column"]])
        both = left.merge(right, on=["variant", "pair"], suffixes=("", "_right"))
        both = both[np.sign(both["beta"]) == np.sign(both["beta_right"])]
        both["log10p"] = both[["log10p", "log10p_right"]].min(axis=1)
        return best_of_variants(both[["variant", "column", "log10p"]])

    def compare(self, pair: int, beta: Floats, se: Floats) -> dict[str, float]:
        """Mean of the two effects, weighted as their errors ask for, and their difference.

        Parameters
        ----------
        pair : int
            Number of the dimension.
        beta, se : float64 (phenotypes,)
            Of one variant.
        """
        r = float(self.correlation[pair])
        b = beta[[self.left[pair], self.right[pair]]]
        s = se[[self.left[pair], self.right[pair]]]
        covariance = np.array([[s[0] ** 2, r * s[0] * s[1]], [r * s[0] * s[1], s[1] ** 2]])
        found = {"beta_mean_of_eyes": np.nan, "log10p_mean_of_eyes": np.nan,
                 "log10p_heterogeneity": np.nan}  # fmt: skip
        if not (np.isfinite(b).all() and np.isfinite(s).all() and abs(r) < 1):
            return found
        weights = np.linalg.solve(covariance, np.ones(2))
        mean, variance = float(weights @ b / weights.sum()), float(1 / weights.sum())
        difference = float(b[0] - b[1])
        spread = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        found["beta_mean_of_eyes"] = mean
        found["log10p_mean_of_eyes"] = float(log10p_chisq(mean**2 / variance, 1.0))
        found["log10p_heterogeneity"] = float(log10p_chisq(difference**2 / spread, 1.0))
        return found


def both_eyes_log10p(
    log10p: Floats, beta: Floats, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Floats:
    """-log10 of the larger p of left and right in each dimension.

    Parameters
    ----------
    log10p, beta : float64 (variants, phenotypes)
    left, right : int64 (pairs,)
        Columns.

    Returns
    -------
    float64 (variants, pairs)
        NaN where the signs differ, which the rule of both eyes does not allow, or an eye was not
        tested.
    """
    with np.errstate(invalid="ignore"):
        is_same = beta[:, left] * beta[:, right] > 0
    return np.where(is_same, np.minimum(log10p[:, left], log10p[:, right]), np.nan)


def best_of_variants(tests: pd.DataFrame) -> pd.DataFrame:
    """The strongest test of each variant, in file order; the first column where tied."""
    order = tests.sort_values(["variant", "log10p"], ascending=[True, False], kind="stable")
    return order.drop_duplicates("variant").reset_index(drop=True)


def pair_up(
    columns: EyeColumns,
    masks: NDArray[np.int64],
    covariance: Floats,
    statistic_correlation: Sequence[float] | Floats,
) -> EyePairs:
    """Join left and right phenotypes of the same dimension.

    Parameters
    ----------
    columns : EyeColumns
    masks : int64 (phenotypes,)
        Missingness masks.
    covariance : float64 (phenotypes, phenotypes)
        Of the residuals; NaN between masks.
    statistic_correlation : float (pairs,)
        Of the statistics of null variants, used where the eyes were measured in different people.
    """
    pairs = columns.pairs
    left = np.array([pair[1] for pair in pairs], dtype=np.int64)
    right = np.array([pair[2] for pair in pairs], dtype=np.int64)
    is_same = bool((masks[left] == masks[right]).all())
    if is_same:
        scale = np.sqrt(np.diag(covariance))
        correlation = covariance[left, right] / (scale[left] * scale[right])
    else:
        correlation = np.asarray(statistic_correlation, dtype=np.float64)
    return EyePairs(
        [pair[0] for pair in pairs], left, right, np.clip(correlation, -1.0, 1.0),
        "residuals" if is_same else "statistics",
    )  # fmt: skip
