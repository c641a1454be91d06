"""From photographs to people: each eye's images, then the two eyes of a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igwas.phenotypes.image_table import ImageTable

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

SIDES = ("left", "right", "unknown")


@dataclass(frozen=True)
class Eyes:
    """Each person's eyes.

    Parameters
    ----------
    participant_id : list of str
        In order of first appearance.
    n_images : int64 (people, 3)
        Photographs of left, right and unknown eyes.
    values : float64 (3, people, dimensions)
        Mean of each eye's photographs; NaN where there is none.
    """

    participant_id: list[str]
    n_images: Index
    values: Floats


def average_eyes(images: ImageTable) -> Eyes:
    """Average the photographs of each eye."""
    codes = {name: at for at, name in enumerate(dict.fromkeys(images.participant_id))}
    person = np.array([codes[name] for name in images.participant_id], dtype=np.int64)
    side = np.array([SIDES.index(eye) for eye in images.eye], dtype=np.int64)
    sums = np.zeros((3, len(codes), images.values.shape[1]))
    np.add.at(sums, (side, person), images.values)
    counts = np.zeros((len(codes), 3), np.int64)
    np.add.at(counts, (person, side), 1)
    values = np.full(sums.shape, np.nan)
    np.divide(sums, counts.T[:, :, None], out=values, where=counts.T[:, :, None] > 0)
    return Eyes([str(name) for name in codes], counts, values)


def left_right_correlation(eyes: Eyes) -> float:
    """Correlation of left and right over all dimensions together; NaN with fewer than 3 people.

    Sums of squares and products are added up over dimensions before they are divided, so that the
    number does not depend on the basis of the embedding.
    """
    both = (eyes.n_images[:, 0] > 0) & (eyes.n_images[:, 1] > 0)
    if both.sum() < 3:
        return float("nan")
    left, right = (eyes.values[side, both] for side in (0, 1))
    left, right = left - left.mean(axis=0), right - right.mean(axis=0)
    scale = np.sqrt((left**2).sum() * (right**2).sum())
    return float((left * right).sum() / scale) if scale > 0 else float("nan")


def mean_of_eyes(eyes: Eyes, correlation: float) -> Floats:
    """Weighted mean of a person's eyes, float64 (people, dimensions).

    An eye of n photographs has weight 1 / (r + (1 - r) / n): with correlation r between its
    photographs, the mean of n has variance proportional to the inverse of that. A person with one
    eye has that eye's value.

    Parameters
    ----------
    eyes : Eyes
    correlation : float
        r, between 0 and 1; what is outside is brought to the bound, NaN counts as 0.
    """
    r = float(np.clip(np.nan_to_num(correlation), 0.0, 1.0))
    counts = eyes.n_images.T.astype(np.float64)
    with np.errstate(divide="ignore"):
        weights = np.where(counts > 0, 1.0 / (r + (1.0 - r) / counts), 0.0)
    total = weights.sum(axis=0)
    weighted = (weights[:, :, None] * np.nan_to_num(eyes.values)).sum(axis=0)
    out = np.full(weighted.shape, np.nan)
    np.divide(weighted, total[:, None], out=out, where=total[:, None] > 0)
    return out


def eye_values(eyes: Eyes, which: Sequence[str], correlation: float) -> dict[str, Floats]:
    """Values of left, right, mean and difference (left minus right), as asked for."""
    found = {}
    for name in which:
        if name == "mean":
            found[name] = mean_of_eyes(eyes, correlation)
        elif name == "difference":
            found[name] = eyes.values[0] - eyes.values[1]
        else:
            found[name] = eyes.values[SIDES.index(name)]
    return found
