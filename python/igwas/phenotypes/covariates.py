"""Covariates as columns of numbers, and an orthonormal basis of what they span."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from igwas.errors import InputError, ShapeError
from igwas.phenotypes.table import CovariateTable

_log = logging.getLogger("igwas")
_EPS = float(np.finfo(np.float64).eps)
_SMALLEST_NORMAL = float(np.finfo(np.float64).smallest_normal)

DEPENDENCE_TOLERANCE = 1e-8
"""A covariate is dependent if less than this share of its spread is left by the ones before it.

R's lm uses 1e-7; curvature of a year of birth (year, its square and cube) leaves about 6e-7.
"""

_NOISE_FACTOR = 8.0


@dataclass(frozen=True)
class Design:
    """Covariates as numbers, without intercept.

    Parameters
    ----------
    columns : float64 (samples, covariates)
        Numeric covariates as they are, categories as indicator columns.
    names : tuple of str
        Column names; `CAT=B` is the indicator of level B.
    dropped : tuple of str
        Categories with a single level among these samples: they say nothing.
    """

    columns: NDArray[np.float64]
    names: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of covariates.

    Parameters
    ----------
    q : float64 (samples, rank)
        Orthonormal columns that span the covariates.
    kept, dropped : tuple of str
        Covariates that are independent of the ones before them, and those that are not.
    """

    q: NDArray[np.float64]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Covariates counted by the degrees of freedom, intercept included."""
        return int(self.q.shape[1])


def design_matrix(covariates: CovariateTable) -> Design:
    """Write covariates as numbers; a category with L levels becomes L - 1 indicator columns.

    The reference is the most frequent level (of equals, the first by name), so row order does not
    matter. It changes no statistic of a variant.

    Parameters
    ----------
    covariates : CovariateTable
        Complete rows, those analysed.

    Raises
    ------
    InputError
        If a value is missing, or categories have as many levels as there are samples.
    """
    n_samples = len(covariates.sample_id)
    columns: list[NDArray[np.float64]] = []
    names: list[str] = []
    dropped: list[str] = []
    if not covariates.is_complete().all():
        raise InputError(
            f"{covariates.path}: a covariate is missing; expected complete rows. Join the cohort "
            "first."
        )
    for name, column in covariates.columns.items():
        if name not in covariates.categorical:
            columns.append(column)
            names.append(name)
            continue
        levels, codes, counts = _levels(column)
        if len(levels) == 1:
            dropped.append(name)
        if len(columns) + len(levels) > n_samples and len(levels) > 1:
            raise InputError(
                f"{covariates.path}: categorical covariate {name!r} has {len(levels):,} levels for "
                f"{n_samples:,} samples; expected fewer covariates than samples. "
                "Join rare levels, or leave it out."
            )
        reference = int(counts.argmax())
        for code, level in enumerate(levels):
            if code != reference:
                columns.append((codes == code).astype(np.float64))
                names.append(f"{name}={level}")
    if dropped:
        _log.warning("left out categorical covariates with one level: %s", ", ".join(dropped))
    stacked = np.column_stack(columns) if columns else np.empty((n_samples, 0))
    return Design(stacked, tuple(names), tuple(dropped))


def _levels(
    column: NDArray[Any],
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Levels sorted by name, the level of each sample, and how many samples each has."""
    levels = sorted(set(column))
    code_of = {level: code for code, level in enumerate(levels)}
    codes = np.array([code_of[level] for level in column], dtype=np.int64)
    return levels, codes, np.bincount(codes, minlength=len(levels))


def orthonormal_basis(
    columns: NDArray[np.float64], names: Sequence[str], *, require_dof: bool = True
) -> Basis:
    """Orthonormal basis of covariates; dependent ones are dropped by name.

    Columns are centred against the intercept and scaled first, so that units and offsets do not
    decide what counts as dependent. Pivoted QR tells whether the rank is full; if not, columns are
    taken in the order given and one that the earlier ones explain is dropped: the intercept and
    earlier names stay.

    Parameters
    ----------
    columns : float64 (samples, covariates)
        The intercept, a constant column, first.
    names : sequence of str
        One a column.
    require_dof : bool
        Fail if no degree of freedom is left for a variant.

    Returns
    -------
    Basis
        Q'Q is the identity to about 1e-15.

    Raises
    ------
    InputError
        If a covariate has NaN or infinity, or only numbers below 2.2e-308 that are not all zero, or
        samples - rank - 1 is below 1.
    ShapeError
        If the first column is not constant, or names do not fit.
    """
    _check(columns, names)
    n_samples = len(columns)
    scaled, noise = _scale(columns)
    order = [0, *np.flatnonzero(np.isfinite(noise[1:])) + 1]
    r: NDArray[np.float64] = np.asarray(np.linalg.qr(scaled[:, order], mode="r"))
    picked = _independent(r, noise[order])
    kept = [order[index] for index in picked]
    dropped = [index for index in range(len(names)) if index not in set(kept)]
    basis = Basis(
        np.linalg.qr(scaled[:, kept])[0],
        tuple(names[index] for index in kept),
        tuple(names[index] for index in dropped),
    )
    if require_dof and n_samples - basis.rank - 1 < 1:
        raise InputError(
            f"{n_samples:,} samples and {basis.rank:,} independent covariates (intercept counted) "
            f"leave {n_samples - basis.rank - 1} degrees of freedom; expected at least 1. "
            "Use fewer covariates or more samples."
        )
    if basis.dropped:
        _log.warning(
            "dropped covariates that are constant or explained by those before them: %s",
            ", ".join(basis.dropped),
        )
    return basis


def _check(columns: NDArray[np.float64], names: Sequence[str]) -> None:
    if columns.ndim != 2 or columns.shape[1] != len(names) or not len(names):
        raise ShapeError(
            f"covariates have shape {columns.shape} and {len(names)} names; expected "
            "(samples, covariates) and a name a column, intercept first."
        )
    for index, name in enumerate(names):
        if not np.isfinite(columns[:, index]).all():
            raise InputError(
                f"covariate {name!r} has a missing or infinite value; expected finite numbers. "
                "Leave out those samples."
            )
        # Below the smallest normal number float64 has fewer digits the smaller a number is: a sum
        # of other covariates is no longer recognised as one, and would count as independent.
        largest = float(np.abs(columns[:, index]).max(initial=0.0))
        if index and 0 < largest < _SMALLEST_NORMAL:
            raise InputError(
                f"covariate {name!r} has no value above {largest:.3g} in size; expected one of at "
                f"least {_SMALLEST_NORMAL:.3g}, below which numbers lose their digits. "
                "Compute it in a smaller unit (a factor changes no result), or leave it out."
            )
    if len(columns) and (columns[0, 0] == 0 or (columns[:, 0] != columns[0, 0]).any()):
        raise ShapeError(
            f"the first covariate, {names[0]!r}, is not constant; expected the intercept first. "
            "Put a column of ones before the others."
        )


def _scale(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intercept and centred columns of unit norm, and the rounding noise of each in that unit.

    The noise is infinite for a column that is constant to rounding.
    """
    n_samples, n_columns = columns.shape
    scaled = np.empty((n_samples, n_columns), order="F")
    noise = np.full(n_columns, _EPS)
    scaled[:, 0] = 1 / np.sqrt(n_samples)
    for index in range(1, n_columns):
        largest = float(np.abs(columns[:, index]).max())
        if largest == 0:
            noise[index] = np.inf
            continue
        # Scale first: the squares of 1e300 overflow, those of 1e-300 vanish. A power of two is
        # exact; ldexp, as 2 ** 1024, that of 1e308, is infinite.
        column = np.ldexp(columns[:, index], -int(np.frexp(largest)[1]))
        # The mean itself is rounded; a second centring removes what the first left.
        column = column - column.mean()
        column -= column.mean()
        norm = float(np.sqrt(column @ column))
        rounding = _EPS * np.sqrt(n_samples)
        if norm <= _NOISE_FACTOR * rounding:
            noise[index] = np.inf
            continue
        noise[index] = rounding / norm
        scaled[:, index] = column / norm
    return scaled, noise


def _independent(r: NDArray[np.float64], noise: NDArray[np.float64]) -> list[int]:
    """Columns of `r` that the columns before them do not explain, first come first kept.

    `r` is the triangular factor of the scaled columns, so its columns depend on each other exactly
    as they do, at a cost that does not grow with samples.
    """
    n_columns = r.shape[1]
    full = max(DEPENDENCE_TOLERANCE, _NOISE_FACTOR * n_columns * float(noise.max(initial=0.0)))
    pivoted: Any = scipy.linalg.qr(r, mode="r", pivoting=True)
    diagonal = np.abs(np.diag(pivoted[0]))
    if len(diagonal) == n_columns and (diagonal > full * n_columns).all():
        return list(range(n_columns))
    kept: list[int] = []
    basis = np.empty((r.shape[0], 0))
    for index in range(n_columns):
        column = r[:, index]
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        tolerance = DEPENDENCE_TOLERANCE
        if kept:
            # Rounding of the kept columns reaches this one in proportion to how much of each it
            # takes.
            weights = np.linalg.lstsq(r[:, kept], column, rcond=None)[0]
            tolerance = max(
                tolerance, _NOISE_FACTOR * float(noise[index] + np.abs(weights) @ noise[kept])
            )
        norm = float(np.linalg.norm(left))
        if norm > tolerance and len(kept) < r.shape[0]:
            kept.append(index)
            basis = np.column_stack([basis, left / norm])
    return kept
