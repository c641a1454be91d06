"""Which omnibus test is meant where a file has one for each missingness mask, and its name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from igwas.phenotypes.eye_names import NO_EYE, EyeColumns, EyeLabel, eye_name

Index = NDArray[np.int64]


def main_columns(labels: Sequence[EyeLabel]) -> Index:
    """Phenotypes that loci are asked of unless others are named.

    The means of the eyes where there are any: left and right would count the same signal again.
    Else all but differences of eyes, which are a negative control.

    Parameters
    ----------
    labels : sequence of (eye, dimension), one a phenotype

    Examples
    --------
    >>> main_columns([("left", "a"), ("mean", "a"), ("difference", "a")]).tolist()
    [1]
    >>> main_columns([("left", "a"), ("none", "height"), ("difference", "a")]).tolist()
    [0, 1]
    """
    eyes = EyeColumns.of(labels)
    if eyes.mean:
        return np.array(sorted(eyes.mean.values()), dtype=np.int64)
    control = set(eyes.difference.values())
    columns = [column for column in range(len(labels)) if column not in control]
    return np.array(columns or range(len(labels)), dtype=np.int64)


def choose_mask(labels: Sequence[EyeLabel], masks: Index, n_samples: Index) -> int:
    """Missingness mask whose omnibus test is meant where none is named.

    Of the masks with the most phenotypes that loci are asked of, the one with the most samples; of
    several such masks the first.

    Parameters
    ----------
    labels : sequence of (eye, dimension), one a phenotype
    masks : int64 (phenotypes,)
        Mask of each phenotype.
    n_samples : int64 (masks,)
    """
    n_members = np.bincount(masks[main_columns(labels)], minlength=len(n_samples))
    return max(range(len(n_samples)), key=lambda mask: (n_members[mask], n_samples[mask], -mask))


def describe_members(names: Sequence[str], labels: Sequence[EyeLabel], members: Index) -> str:
    """Name some of the phenotypes of a file in a few words.

    Parameters
    ----------
    names : sequence of str (phenotypes,)
    labels : sequence of (eye, dimension) (phenotypes,)
    members : int64
        Their columns, at least one.

    Examples
    --------
    >>> labels = [("mean", "a"), ("mean", "b"), ("none", "height")]
    >>> describe_members(["mean_a", "mean_b", "height"], labels, np.array([0, 1]))
    'the 2 mean_* phenotypes'
    """
    own = [names[column] for column in members.tolist()]
    eyes = {labels[column][0] for column in members.tolist()}
    if len(own) == 1:
        return f"the phenotype {own[0]}"
    prefix = eye_name(eyes.pop(), "") if len(eyes) == 1 and NO_EYE not in eyes else ""
    if prefix and all(name.startswith(prefix) for name in own):
        return f"the {len(own):,} {prefix}* phenotypes"
    if len(own) == len(names):
        return f"all {len(own):,} phenotypes"
    return f"{len(own):,} phenotypes ({', '.join(own[:2])}{', ...' if len(own) > 2 else ''})"
