"""Float64 answers, by the plainest route: what every engine is held to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Statistics of some variants, each (variants, phenotypes); NaN where not known.

    Attributes
    ----------
    beta, t : float64 (variants, phenotypes)
        Effect per copy of the effect allele, and its ratio to the standard error.
    """

    beta: Matrix
    t: Matrix


def ordinary_least_squares(
    dosage: Matrix, values: Matrix, design: Matrix, *, drops_missing: bool
) -> Answers:
    """Regress each phenotype on each variant beside the covariates, one variant at a time.

    Parameters
    ----------
    dosage : float64 (variants, samples)
        NaN is missing.
    values : float64 (samples, phenotypes)
    design : float64 (samples, covariates)
        Intercept included.
    drops_missing : bool
        Leave out samples without a call, as `--missing drop`; else they take the variant's mean.
    """
    basis = np.linalg.qr(design)[0]
    residuals = values - basis @ (basis.T @ values)
    rows = []
    for variant in dosage:
        is_called = ~np.isnan(variant)
        if drops_missing:
            kept = np.linalg.qr(design[is_called])[0]
            phenotypes = values[is_called]
            phenotypes = phenotypes - kept @ (kept.T @ phenotypes)
            rows.append(_regress(variant[is_called], phenotypes, kept, None))
        else:
            filled = np.where(is_called, variant, variant[is_called].mean())
            rows.append(_regress(filled, residuals, basis, None))
    return _stack(rows)


def phenotypes_residualised_only(dosage: Matrix, values: Matrix, design: Matrix) -> Answers:
    """What projecting the covariates out of the phenotypes alone gives: |t| too small.

    t = r sqrt((n - 2) / (1 - r^2)) with the plain correlation r of the mean-imputed dosage and the
    residual, as TorchGWAS has it.
    """
    basis = np.linalg.qr(design)[0]
    residuals = values - basis @ (basis.T @ values)
    intercept = np.full((len(values), 1), len(values) ** -0.5)
    rows = []
    for variant in dosage:
        filled = np.where(np.isnan(variant), np.nanmean(variant), variant)
        rows.append(_regress(filled, residuals, intercept, len(values) - 2))
    return _stack(rows)


def _regress(
    dosage: Matrix, residuals: Matrix, basis: Matrix, dof: int | None
) -> tuple[Matrix, Matrix]:
    genotype = dosage - basis @ (basis.T @ dosage)
    # Twice: once leaves rounding along the basis.
    genotype -= basis @ (basis.T @ genotype)
    spread = genotype @ genotype
    if spread <= 1e-10 * max(1.0, float(dosage @ dosage)):
        return np.full(residuals.shape[1], np.nan), np.full(residuals.shape[1], np.nan)
    beta = genotype @ residuals / spread
    left = np.einsum("ij,ij->j", residuals, residuals) - beta**2 * spread
    dof = dof if dof is not None else len(dosage) - basis.shape[1] - 1
    return beta, beta / np.sqrt(left / (dof * spread))


def _stack(rows: list[tuple[Matrix, Matrix]]) -> Answers:
    return Answers(np.array([beta for beta, _ in rows]), np.array([t for _, t in rows]))
