"""The scan's numbers of combined phenotypes, computed from those of the phenotypes.

With B the effects of K phenotypes on one variant and w a combination, the least-squares effect on
the phenotype Yw is Bw, since estimates are linear in the phenotype; its residual sum of squares
before the variant enters is w'Sigma w, with Sigma = Y~'Y~ the stored cross-products. se, t and p
follow as for any phenotype. Nothing is approximated while missing calls are filled with the mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from igwas.association.independent import independent_columns
from igwas.association.tails import log10p_f

Floats = NDArray[np.float64]

_LARGEST_R2 = 1.0 - np.finfo(np.float64).eps


@dataclass(frozen=True)
class Effects:
    """Tests of a run of variants against the combinations of one mask.

    Parameters
    ----------
    beta, se : float64 (variants, combinations)
        NaN where a phenotype with a weight was not tested.
    f_statistic, log10p : float64 (variants,)
        All combinations together.
    """

    beta: Floats
    se: Floats
    f_statistic: Floats
    log10p: Floats


class Combination:
    """The combinations of one mask in one model, ready to be applied.

    Parameters
    ----------
    weights : float64 (phenotypes, combinations)
        Of the mask's phenotypes only.
    gram : float64 (phenotypes, phenotypes)
        Cross-products of their residuals in the model; the row of a phenotype that the model could
        not test is zero.

    Attributes
    ----------
    is_whole : bool (combinations,)
        Whether the model tested every phenotype that has a weight.
    gram : float64 (combinations, combinations)
        Cross-products of the combinations.
    """

    def __init__(self, weights: Floats, gram: Floats) -> None:
        self._weights = weights
        self._has_weight = weights != 0
        is_tested = np.diag(gram) > 0
        self.is_whole = ~(self._has_weight & ~is_tested[:, None]).any(axis=0)
        combined = weights.T @ gram @ weights
        combined[~self.is_whole] = combined[:, ~self.is_whole] = 0.0
        self.gram = (combined + combined.T) / 2
        self.sum_of_squares = np.diag(self.gram).copy()
        self.omnibus_columns = independent_columns(self.gram)
        use = self.omnibus_columns
        self._cholesky = np.linalg.cholesky(self.gram[np.ix_(use, use)]) if use else None
        # Weight of each phenotype's own sum of squares in that of the combination.
        with np.errstate(divide="ignore", invalid="ignore"):
            share = weights * (gram @ weights) / np.diag(gram)[:, None]
        self._share = np.where(self._has_weight & is_tested[:, None], share, 0.0)

    def effects(self, beta: Floats, s: Floats, dof: Floats, se: Floats | None = None) -> Effects:
        """Combine the effects of a run of variants.

        Parameters
        ----------
        beta : float64 (variants, phenotypes)
            NaN where untested.
        s, dof : float64 (variants,)
            Residual sum of squares of the genotype; degrees of freedom of t.
        se : float64 (variants, phenotypes), optional
            Where samples without a call were dropped: then a phenotype's sum of squares changes
            with the variant, and that of a combination is taken to change as its phenotypes' do.
        """
        assert beta.shape[1] == len(self._weights)
        combined = self._multiply(beta)
        s_column, dof_column = s[:, None], dof[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            total = self._total(beta, s_column, dof_column, se)
            residual = np.maximum(total - combined**2 * s_column, 0.0)
            error = np.sqrt(residual / (dof_column * s_column))
            error[~np.isfinite(combined)] = np.nan
            f_statistic, log10p = self._omnibus(combined, total, s, dof)
        return Effects(combined, error, f_statistic, log10p)

    def _multiply(self, beta: Floats) -> Floats:
        is_bad = np.isnan(beta).any(axis=1)
        if not is_bad.any():
            combined: Floats = beta @ self._weights
        else:
            # NaN times a weight of zero is NaN: an untested phenotype must not spoil the others.
            combined = np.nan_to_num(beta) @ self._weights
            is_absent = np.isnan(beta[is_bad]).astype(np.float32)
            spoiled = is_absent @ self._has_weight.astype(np.float32) > 0
            combined[is_bad] = np.where(spoiled, np.nan, combined[is_bad])
        combined[:, ~self.is_whole] = np.nan
        return combined

    def _total(self, beta: Floats, s: Floats, dof: Floats, se: Floats | None) -> Floats:
        """Sums of squares of the combinations among the samples of each variant."""
        if se is None:
            return self.sum_of_squares[None, :]
        own = np.nan_to_num(se**2 * dof * s + beta**2 * s)
        total: Floats = own @ self._share
        return np.maximum(total, 0.0)

    def _omnibus(
        self, combined: Floats, total: Floats, s: Floats, dof: Floats
    ) -> tuple[Floats, Floats]:
        use = self.omnibus_columns
        if self._cholesky is None:
            nothing = np.full(len(s), np.nan)
            return nothing, nothing.copy()
        scaled = combined[:, use] * np.sqrt(self.sum_of_squares[use] / total[:, use])
        bad = np.asarray(np.isnan(scaled).any(axis=1))
        scaled = np.where(bad[:, None], 0.0, scaled)
        z = solve_triangular(self._cholesky, scaled.T, lower=True, check_finite=False)
        r2 = np.minimum(np.einsum("ij,ij->j", z, z) * s, _LARGEST_R2)
        dof1 = float(len(use))
        dof2 = dof + 1 - dof1
        bad = bad | ~(dof2 >= 1) | ~np.isfinite(r2)
        f_statistic = r2 / (1 - r2) * dof2 / dof1
        f_statistic[bad] = np.nan
        return f_statistic, log10p_f(f_statistic, dof1, np.where(bad, 1.0, dof2))
