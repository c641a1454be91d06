"""How far tests of fractions on a GPU may be from the CPU's: the rounding of dosages, no more.

On a GPU a dosage g is g + e, with e at most 2^-22 copies, 1.4e-7 in root mean square. With S the
squares that covariates leave of g, s^2 = S / n, and r the residuals of a phenotype, to first order

    beta + (e'r - beta e'g) / S        t + e'r / (sqrt(S) sigma) (1 + t^2 / dof)

so that a beta moves by about 1.4e-7 / s of its standard error and 1.4e-7 / (s sqrt(n)) of itself,
and a t by 1.4e-7 / s (1 + t^2 / dof). Derivation: docs/decisions/008-fine-codes.md.
"""

import numpy as np
from numpy.typing import NDArray

from igwas.association.associate import Association
from igwas.association.tails import log10p_student_t
from igwas.errors import IgwasError

LARGEST, USUAL = 2.0**-22, 2.0**-21 / np.sqrt(12)
# Standard deviations of what is usual, and the digits that sums of columns in 40 bits keep.
ALLOWED, COLUMNS = 6.0, 1e-8
_EXACT = ("n", "missing_count", "degrees_of_freedom", "reason", "masks")

Floats = NDArray[np.float64]


def require_near(found: Association, expected: Association) -> None:
    """Every array of a GPU's tests of fractions against the CPU's.

    Parameters
    ----------
    found, expected : Association
        In NumPy arrays; the GPU's, the CPU's.

    Raises
    ------
    IgwasError
        Names the first array that is further off than rounding explains, or is NaN elsewhere.
    """
    for name in _EXACT:
        if not np.array_equal(getattr(found, name), getattr(expected, name)):
            raise IgwasError(f"{name} of fractions differs from the CPU's")
    for name, allowed in _allowed(expected).items():
        ours, theirs = getattr(found, name), getattr(expected, name)
        is_near = np.abs(ours - theirs) <= allowed + COLUMNS * np.abs(theirs)
        if not (is_near | (np.isnan(ours) & np.isnan(theirs))).all():
            raise IgwasError(f"{name} of fractions is off by more than rounding explains")
    # Of the t that was found, p is no matter of rounding.
    dof = found.degrees_of_freedom.astype(np.float64)
    if not np.allclose(found.log10p, log10p_student_t(found.t, dof), rtol=1e-9, equal_nan=True):
        raise IgwasError("log10p of fractions is not that of t")


def _allowed(of: Association) -> dict[str, Floats]:
    """How far each array may be off, in its own units."""
    n, squares = of.n, of.genotype_sum_of_squares
    with np.errstate(divide="ignore", invalid="ignore"):
        per_s = ALLOWED * USUAL / np.sqrt(squares / n)
        of_test = per_s[:, of.masks]
        dof = np.maximum(1, of.degrees_of_freedom)
        n_tested = np.bincount(of.masks, minlength=n.shape[1])
        left = np.maximum(1, n - n_tested)
        f = of.omnibus_f
        return {
            "effect_allele_frequency": np.full(n.shape, LARGEST / 2),
            "minor_allele_count": n * LARGEST,
            "genotype_sum_of_squares": 2 * LARGEST * np.sqrt(n * squares) + n * LARGEST**2,
            "beta": of_test * (of.se + np.abs(of.beta) / np.sqrt(n[:, of.masks])),
            # Of a nearly perfect fit the residual is mostly what rounding adds to it.
            "se": of_test * of.se * (1 + np.abs(of.t) / dof),
            "t": of_test * (1 + of.t**2 / dof),
            # A mean of squares of statistics: twice the root of it times what one moves by.
            "omnibus_f": 2 * per_s * (np.sqrt(f) + 1) * (1 + n_tested * f / left),
        }
