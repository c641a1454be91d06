"""Which eye and dimension a combination of phenotypes is of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from igwas.phenotypes.eye_names import NO_EYE, EyeLabel


def combined_labels(
    names: Sequence[str], weights: NDArray[np.float64], labels: Sequence[EyeLabel]
) -> list[EyeLabel]:
    """Eye and dimension of combinations, so that left and right can be compared again.

    A combination of phenotypes of one eye is of that eye. One phenotype alone keeps its dimension;
    the dimension of any other is the combination's name without the eye. Combinations of several
    eyes are of none. Left and right are the same dimension only if they are the same combination
    of dimensions: combinations that share a name and not the weights get dimensions of their own.

    Parameters
    ----------
    names : sequence of str (combinations,)
    weights : float64 (phenotypes, combinations)
    labels : sequence of (eye, dimension) (phenotypes,)

    Returns
    -------
    list of (eye, dimension)

    Examples
    --------
    >>> of = [("left", "a"), ("left", "b"), ("right", "a"), ("right", "b")]
    >>> weights = np.array([[1.0, 0], [2.0, 0], [0, 1.0], [0, 2.0]])
    >>> combined_labels(["left_size", "right_size"], weights, of)
    [('left', 'size'), ('right', 'size')]
    """
    found = [_label(name, weights[:, k], labels) for k, name in enumerate(names)]
    recipes = [_recipe(weights[:, k], labels) for k in range(len(names))]
    recipes_of: dict[str, set[tuple[tuple[str, float], ...]]] = {}
    for (eye, dimension), recipe in zip(found, recipes, strict=True):
        if eye != NO_EYE:
            recipes_of.setdefault(dimension, set()).add(recipe)
    taken: set[EyeLabel] = set()
    out = []
    for name, label in zip(names, found, strict=True):
        eye, dimension = label
        is_shared = len(recipes_of.get(dimension, ())) > 1 or label in taken
        own = (eye, name) if eye != NO_EYE and is_shared else label
        taken.add(own)
        out.append(own)
    return out


def _label(name: str, weights: NDArray[np.float64], labels: Sequence[EyeLabel]) -> EyeLabel:
    used = np.flatnonzero(weights).tolist()
    eyes = {labels[column][0] for column in used}
    if len(eyes) != 1 or NO_EYE in eyes:
        return NO_EYE, name
    eye = eyes.pop()
    if len(used) == 1 and weights[used[0]] == 1:
        return eye, labels[used[0]][1]
    return eye, name.removeprefix(f"{eye}_") or name


def _recipe(
    weights: NDArray[np.float64], labels: Sequence[EyeLabel]
) -> tuple[tuple[str, float], ...]:
    """The combination by dimension, whichever eye it is of."""
    used = np.flatnonzero(weights).tolist()
    return tuple(sorted((labels[column][1], float(weights[column])) for column in used))
