"""How much of each dimension is explained by quality, camera or any other column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import ShapeError

Values = npt.NDArray[np.float64]

N_FOLDS = 5
# Columns of a design that keep less than this share of their length are combinations of others.
_DEPENDENT = 1e-8


@dataclass(frozen=True)
class Variable:
    """Something that should not drive an embedding, or of which it should be known.

    Parameters
    ----------
    name : str
    design : float64 (images, columns)
        Its terms, without an intercept; rows with NaN are left out.
    kind : str
        `number`, `category` or `group`.
    """

    name: str
    design: Values
    kind: str


@dataclass(frozen=True)
class Explained:
    """Variance that a variable explains.

    Parameters
    ----------
    name, kind : str
        Of the variable.
    n_images, n_terms : int
        Images that have it, and the rank of its terms.
    r2, adjusted, cross_validated : float64 (dimensions,)
        Of each dimension; NaN for one that does not vary. Cross-validated is of people that the
        fit has not seen, and is the one to believe: it may be below zero.
    total, total_adjusted, total_cross_validated : float
        Of the variance of all dimensions together.
    """

    name: str
    kind: str
    n_images: int
    n_terms: int
    r2: Values
    adjusted: Values
    cross_validated: Values
    total: float
    total_adjusted: float
    total_cross_validated: float


def explain(
    vectors: npt.NDArray[np.floating[Any]],
    participant_id: Sequence[str],
    variable: Variable,
    *,
    seed: int = 0,
) -> Explained:
    """Regress every dimension on a variable.

    Parameters
    ----------
    vectors : float (images, dimensions)
    participant_id : sequence of str (images,)
        Photographs of one person are never in the fit and in the test of a fold.
    variable : Variable
    seed : int
        Of the folds.

    Returns
    -------
    Explained
        NaN throughout where there are too few images or the variable does not vary.

    Raises
    ------
    ShapeError
        If the lengths differ.
    """
    if not len(vectors) == len(participant_id) == len(variable.design):
        raise ShapeError(
            f"{len(vectors):,} vectors, {len(participant_id):,} participants, "
            f"{len(variable.design):,} values of {variable.name!r}; expected one each an image. "
            "Match them by image id first."
        )
    has_value = np.isfinite(variable.design).all(axis=1)
    y = np.asarray(vectors[has_value], dtype=np.float64)
    basis = _basis(variable.design[has_value])
    n, n_terms = basis.shape
    if n_terms == 0 or n <= n_terms + 1:
        missing = np.full(y.shape[1], np.nan)
        nothing = float("nan")
        return Explained(variable.name, variable.kind, n, n_terms, missing, missing, missing,
                         nothing, nothing, nothing)  # fmt: skip
    centred = y - y.mean(axis=0)
    whole = (centred**2).sum(axis=0)
    fitted = ((basis.T @ centred) ** 2).sum(axis=0)
    shrink = (n - 1) / (n - n_terms - 1)
    people = np.asarray(participant_id, dtype=object)[has_value]
    fold = _folds(people, seed)
    missed, around = _cross_validate(y, variable.design[has_value], fold)
    if n - np.bincount(fold).max() <= n_terms + 1:
        missed[:] = np.nan  # the fit of a fold has more terms than images
    varies = _varies(y)
    r2, total = _share(fitted, whole, varies)
    cross_validated, total_cross_validated = _share(around - missed, around, varies)
    return Explained(
        variable.name, variable.kind, n, n_terms, r2, 1 - (1 - r2) * shrink, cross_validated,
        total, 1 - (1 - total) * shrink, total_cross_validated,
    )  # fmt: skip


def _varies(y: Values) -> npt.NDArray[np.bool_]:
    # A constant keeps the rounding of its mean: it is compared with its own size.
    return np.asarray(y.std(axis=0) > 1e-12 * np.abs(y).max(axis=0))


def _share(part: Values, whole: Values, varies: npt.NDArray[np.bool_]) -> tuple[Values, float]:
    each = np.full(len(whole), np.nan)
    np.divide(part, whole, out=each, where=varies & (whole > 0))
    sum_of_whole = whole[varies].sum()
    total = float(part[varies].sum() / sum_of_whole) if sum_of_whole > 0 else float("nan")
    return each, total


def _basis(design: Values) -> Values:
    """Orthonormal columns that span the design's, the intercept taken out."""
    if len(design) == 0:
        return np.empty((0, 0))
    centred = design - design.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    is_constant = length <= 1e-12 * np.linalg.norm(design, axis=0)
    scaled = centred[:, ~is_constant] / length[~is_constant]
    if not scaled.shape[1]:
        return np.empty((len(design), 0))
    left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    return np.asarray(left[:, singular > _DEPENDENT * singular[0]])


def _folds(people: npt.NDArray[np.object_], seed: int) -> npt.NDArray[np.int64]:
    """Fold of each image; all images of a person are in one."""
    _, code = np.unique(people.astype(str), return_inverse=True)
    n_people = int(code.max()) + 1
    order = np.random.default_rng(seed).permutation(n_people)
    return np.asarray((order % min(N_FOLDS, n_people))[code], dtype=np.int64)


def _cross_validate(
    y: Values, design: Values, fold: npt.NDArray[np.int64]
) -> tuple[Values, Values]:
    """Squares missed by the fit, and by the mean, of images whose person was not in the fit."""
    missed, around = np.zeros(y.shape[1]), np.zeros(y.shape[1])
    for is_test in _test_sets(fold):
        train = ~is_test
        mean = y[train].mean(axis=0)
        middle = design[train].mean(axis=0)
        scale = design[train].std(axis=0)
        scale[scale == 0] = np.inf
        x = (design - middle) / scale
        slope = np.linalg.lstsq(x[train], y[train] - mean, rcond=_DEPENDENT)[0]
        rest = y[is_test] - mean
        missed += ((rest - x[is_test] @ slope) ** 2).sum(axis=0)
        around += (rest**2).sum(axis=0)
    return missed, around


def _test_sets(fold: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.bool_]]:
    for number in np.unique(fold):
        is_test = fold == number
        if not is_test.all():
            yield is_test
