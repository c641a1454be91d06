"""Removing covariates from phenotypes, and finding phenotypes that nothing is left of."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError, ShapeError

EXPLAINED_SHARE = 1e-10
"""A phenotype whose residual sum of squares is at most this share of its centred one is "
"explained."""

_COLUMNS = 64
# Of values in another unit sums of squares would be infinite, or lose their digits.
_LARGEST = 1e100
_ROUNDING = 8 * float(np.finfo(np.float64).eps)


def residualise(
    values: NDArray[np.floating], q: NDArray[np.float64], *, names: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Project phenotypes off the covariates: (I - QQ') y.

    Projected twice: once leaves rounding errors as large as eps times the part removed, which
    matters where an offset or a covariate dwarfs the rest.

    Parameters
    ----------
    values : float (samples, phenotypes)
        Without NaN.
    q : float64 (samples, rank)
        Orthonormal columns, intercept included.
    names : sequence of str, optional
        Phenotype names, for messages.

    Returns
    -------
    float64 (samples, phenotypes)
        Residuals, in units of the phenotype.

    Raises
    ------
    InputError
        If a phenotype is constant or explained by the covariates, or has missing or infinite
        values.
    ShapeError
        If the arrays disagree on samples.
    """
    labels = _labels(values, names)
    residuals = np.empty(values.shape)
    reasons: dict[str, str] = {}
    for columns, block, centred in _project(values, q):
        residuals[:, columns] = block
        reasons |= _reasons(values[:, columns], block, centred, labels[columns])
    if reasons:
        name, reason = next(iter(reasons.items()))
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise InputError(
            f"phenotype {name!r} {reason}{more}; expected variation that covariates do not "
            "explain. Leave it out, or pass --skip-untestable."
        )
    return residuals


def find_untestable(
    values: NDArray[np.floating], q: NDArray[np.float64], names: Sequence[str]
) -> dict[str, str]:
    """Find the phenotypes that `residualise` would refuse.

    Parameters
    ----------
    values, q
        As in `residualise`.
    names : sequence of str
        Phenotype names.

    Returns
    -------
    dict of str to str
        Name to reason: `is constant`, `is explained by the covariates`, `has no value`...
    """
    if not len(values):
        return dict.fromkeys(names, "has no value among the samples analysed")
    labels = _labels(values, names)
    reasons: dict[str, str] = {}
    for columns, block, centred in _project(values, q):
        reasons |= _reasons(values[:, columns], block, centred, labels[columns])
    return reasons


def _labels(values: NDArray[np.floating], names: Sequence[str] | None) -> list[str]:
    labels = [str(column) for column in range(values.shape[1])] if names is None else list(names)
    if len(labels) != values.shape[1]:
        raise ShapeError(
            f"{len(labels)} names for {values.shape[1]} phenotypes; expected one a phenotype."
        )
    return labels


def _project(
    values: NDArray[np.floating], q: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.float64]]]:
    """Residuals and centred sums of squares, a block of columns at a time to bound temporaries."""
    if len(values) != len(q):
        raise ShapeError(
            f"phenotypes have {len(values)} samples but covariates {len(q)}; expected the same. "
            "Take the same rows of both."
        )
    for start in range(0, values.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        block = values[:, columns].astype(np.float64)
        # Of values that are too large for it, which are refused.
        with np.errstate(over="ignore", invalid="ignore"):
            centred = _sum_of_squares(block - block.mean(axis=0))
            for _ in range(2):
                block -= q @ (q.T @ block)
        yield columns, block, centred


def _sum_of_squares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column, without an array of the squares."""
    return np.asarray(np.einsum("ij,ij->j", values, values))


def _reasons(
    values: NDArray[np.floating],
    residuals: NDArray[np.float64],
    centred: NDArray[np.float64],
    names: Sequence[str],
) -> dict[str, str]:
    largest = np.maximum(values.max(axis=0), -values.min(axis=0))
    # What rounding alone leaves of a constant: nothing smaller can be called variation.
    with np.errstate(over="ignore", invalid="ignore"):
        noise = len(values) * (_ROUNDING * largest.astype(np.float64)) ** 2
        left = _sum_of_squares(residuals)
    spread = values.max(axis=0).astype(np.float64) - values.min(axis=0)
    reasons: dict[str, str] = {}
    for index, name in enumerate(names):
        if not np.isfinite(largest[index]):
            reasons[name] = "has missing or infinite values where none may be"
        elif largest[index] > _LARGEST:
            reasons[name] = f"has values up to {largest[index]:.0e}, whose squares are too large"
        elif 0 < spread[index] < 1 / _LARGEST:
            reasons[name] = f"varies by {spread[index]:.0e} only, whose square is too small"
        elif centred[index] <= noise[index]:
            reasons[name] = "is constant"
        elif left[index] <= max(EXPLAINED_SHARE * centred[index], noise[index]):
            reasons[name] = "is explained by the covariates"
    return reasons
