"""Components of an embedding that the two eyes of a person share most."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError, OptionError
from igwas.phenotypes.basis_file import (
    SMALLEST_SHARE,
    LinearBasis,
    component_names,
    positive_sign,
)
from igwas.phenotypes.people import Eyes

Floats = NDArray[np.float64]


def fit_left_right_basis(
    eyes: Eyes, mean: Floats, names: Sequence[str], n_components: int | None = None
) -> LinearBasis:
    """Components in the order of their left-right correlation, uncorrelated and of variance 1.

    With S the covariance of both eyes together and C the covariance of left with right, made
    symmetric, each weight w solves C w = r S w, and r is the correlation of left and right in
    w'x. Every map of the embedding that can be undone leaves the components what they are.

    Parameters
    ----------
    eyes : Eyes
    mean : float64 (dimensions,)
        Subtracted first: that of the images.
    names : sequence of str
        Of the dimensions.
    n_components : int, optional
        Those of largest correlation; all that are no rounding by default.

    Returns
    -------
    LinearBasis
        With `correlation`, which is that of the people it was fitted to: in others it is lower,
        the more so the fewer people there are for each dimension.

    Raises
    ------
    InputError
        If no more people have both eyes than there are dimensions: any correlation would be found.
    OptionError
        If there are fewer components.

    References
    ----------
    Switzer & Green 1984 (minimum noise fraction): the same eigenvalues, with the difference of the
    two eyes as noise.
    """
    both = (eyes.n_images[:, 0] > 0) & (eyes.n_images[:, 1] > 0)
    n_people = int(both.sum())
    if n_people <= len(names):
        raise InputError(
            f"--components-by left-right is given, but {n_people:,} people have both eyes, for "
            f"{len(names)} dimensions; expected more people than dimensions, better ten times as "
            "many. Take --components-by variance."
        )
    left, right = (eyes.values[side, both] - eyes.values[:2, both].mean((0, 1)) for side in (0, 1))
    # In units of their own, or what is measured in small numbers would pass for rounding.
    scale = np.sqrt((np.square(left) + np.square(right)).sum(axis=0) / (2 * n_people))
    scale[scale == 0] = 1.0
    left, right = left / scale, right / scale
    pooled = (left.T @ left + right.T @ right) / (2 * n_people)
    crossed = left.T @ right / n_people
    variance, vectors = np.linalg.eigh(pooled)
    is_real = variance > SMALLEST_SHARE * max(variance[-1], 0)
    rank = int(is_real.sum())
    if not rank:
        raise InputError(
            f"both eyes of {n_people:,} people have the same value in every dimension; expected "
            "some that vary. Look at the embeddings with igwas-fast audit."
        )
    count = rank if n_components is None else n_components
    if not 1 <= count <= rank:
        raise OptionError(
            f"--components is {count}; expected 1 to {rank}, the rank of both eyes of "
            f"{n_people:,} people in {len(names)} dimensions."
        )
    white = vectors[:, is_real] / np.sqrt(variance[is_real])
    shared = white.T @ (crossed + crossed.T) @ white / 2
    correlation, rotation = np.linalg.eigh(shared)
    chosen = white @ rotation[:, ::-1][:, :count]
    # Of the embedding's variance, what goes along each component: |S w|^2, as w'S w is 1.
    carried = np.square(scale[:, None] * (pooled @ chosen)).sum(axis=0)
    weight = positive_sign(chosen / scale[:, None])
    return LinearBasis(
        tuple(names), component_names("cc", count), mean, weight, carried,
        np.asarray(correlation[::-1][:count]),
    )  # fmt: skip
