"""How much of a score a linear model of an embedding tells about people it has not seen."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

N_FOLDS = 5
# Of the largest eigenvalue: from nearly no shrinkage to nearly nothing left.
_PENALTIES = np.logspace(-6, 0, 13)


def explained_by(vectors: npt.ArrayLike, scores: npt.ArrayLike, people: list[str]) -> Values:
    """Cross-validated R2 of each score by ridge regression; the images of a person stay together.

    The penalty of each fold is chosen by another cross-validation within its other folds.

    Parameters
    ----------
    vectors : float (images, dimensions)
    scores : float (images, parameters)
    people : list of str (images,)

    Returns
    -------
    float64 (parameters,)
        1 less the squared errors over those of the mean; below 0 if it misleads.
    """
    x, y = np.asarray(vectors, np.float64), np.asarray(scores, np.float64)
    folds = _folds(people)
    errors = np.zeros(y.shape[1])
    total = np.zeros(y.shape[1])
    for fold in range(N_FOLDS):
        held = folds == fold
        best = _best_penalties(x[~held], y[~held], folds[~held])
        predicted = _predict(x[~held], y[~held], x[held])
        for column, penalty in enumerate(best):
            errors[column] += ((y[held, column] - predicted[penalty][:, column]) ** 2).sum()
        total += ((y[held] - y[~held].mean(axis=0)) ** 2).sum(axis=0)
    return 1 - errors / total


def _folds(people: list[str]) -> npt.NDArray[np.int64]:
    """Fold of each image, by person."""
    names, number = np.unique(people, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    return np.asarray(order[number] % N_FOLDS)


def _best_penalties(x: Values, y: Values, folds: npt.NDArray[np.int64]) -> list[int]:
    errors = np.zeros((len(_PENALTIES), y.shape[1]))
    for fold in np.unique(folds):
        held = folds == fold
        for number, predicted in enumerate(_predict(x[~held], y[~held], x[held])):
            errors[number] += ((y[held] - predicted) ** 2).sum(axis=0)
    return [int(number) for number in errors.argmin(axis=0)]


def _predict(x: Values, y: Values, new: Values) -> list[Values]:
    """Predictions (new, parameters) for each penalty, from one decomposition."""
    centre, mean = x.mean(axis=0), y.mean(axis=0)
    left, d, right = np.linalg.svd(x - centre, full_matrices=False)
    rotated, projected = (new - centre) @ right.T, left.T @ (y - mean)
    return [
        mean + (rotated * (d / (d**2 + penalty * d[0] ** 2))) @ projected for penalty in _PENALTIES
    ]
