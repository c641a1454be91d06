"""Which eye and dimension a phenotype is of: as its file says, or else as its name does.

`phenotypes.h5` and `statistics.h5` say it in arrays. A table has names alone: there `left_dim_007`
is dimension dim_007 of left eyes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.errors import SchemaError
from igwas.hdf5 import read_texts

EYES = ("left", "right", "mean", "difference")
"""left, right; mean of a person's eyes; left minus right."""

NO_EYE = "none"
"""Eye of a phenotype that is of no eye in particular; its dimension is its name."""

EyeLabel = tuple[str, str]
"""(eye, dimension)."""


def eye_name(eye: str, dimension: str) -> str:
    """Name of a phenotype.

    Examples
    --------
    >>> eye_name("left", "dim_007")
    'left_dim_007'
    """
    return f"{eye}_{dimension}"


def parse_eye_name(name: str) -> EyeLabel:
    """What a name says by itself: (eye, dimension); `none` where it says nothing.

    Examples
    --------
    >>> parse_eye_name("difference_dim_007"), parse_eye_name("height")
    (('difference', 'dim_007'), ('none', 'height'))
    """
    eye, separator, dimension = name.partition("_")
    return (eye, dimension) if separator and dimension and eye in EYES else (NO_EYE, name)


def labels_from_names(names: Sequence[str]) -> list[EyeLabel]:
    """What the names of a table say of eyes.

    `mean_` and `difference_` begin other names too (mean_arterial_pressure): they count only where
    the table has the same dimension of another eye.

    Examples
    --------
    >>> labels_from_names(["mean_a", "left_a", "mean_arterial_pressure"])
    [('mean', 'a'), ('left', 'a'), ('none', 'mean_arterial_pressure')]
    """
    parsed = [parse_eye_name(name) for name in names]
    n_eyes = Counter(dimension for eye, dimension in set(parsed) if eye != NO_EYE)
    return [
        label if label[0] in ("left", "right") or n_eyes[label[1]] > 1 else (NO_EYE, name)
        for name, label in zip(names, parsed, strict=True)
    ]


def stored_labels(file: Any, names: Sequence[str]) -> list[EyeLabel]:
    """Eye and dimension of each phenotype of an open file; read from the names where it has none.

    Parameters
    ----------
    file : h5py.File
        phenotypes.h5 or statistics.h5.
    names : sequence of str (phenotypes,)

    Raises
    ------
    SchemaError
        If an eye is none of ours, or two phenotypes are of the same eye and dimension.
    """
    if "/phenotypes/eye" not in file or "/phenotypes/dimension" not in file:
        return labels_from_names(names)
    eyes = read_texts(file["/phenotypes/eye"]).tolist()
    dimensions = read_texts(file["/phenotypes/dimension"]).tolist()
    labels = list(zip(eyes, dimensions, strict=True))
    _check(labels, names, Path(file.filename))
    return labels


def _check(labels: Sequence[EyeLabel], names: Sequence[str], path: Path) -> None:
    seen: dict[EyeLabel, str] = {}
    for name, (eye, dimension) in zip(names, labels, strict=True):
        if eye not in (*EYES, NO_EYE):
            raise SchemaError(
                f"{path}: phenotype {name!r} is of the eye {eye!r}; expected "
                f"{', '.join(EYES)} or {NO_EYE}. Write the file again."
            )
        other = seen.setdefault((eye, dimension), name)
        if other != name and eye != NO_EYE:
            raise SchemaError(
                f"{path}: phenotypes {other!r} and {name!r} are both {eye} of dimension "
                f"{dimension!r}; expected one of each. Write the file again."
            )


@dataclass(frozen=True)
class EyeColumns:
    """Columns of each eye's phenotypes, by dimension.

    Parameters
    ----------
    left, right, mean, difference : dict of dimension to column
    """

    left: dict[str, int]
    right: dict[str, int]
    mean: dict[str, int]
    difference: dict[str, int]

    @classmethod
    def of(
        cls, labels: Iterable[EyeLabel], dimensions: Collection[str] | None = None
    ) -> "EyeColumns":
        """Sort (eye, dimension) of phenotypes, in the order of their columns.

        Parameters
        ----------
        labels : iterable of (eye, dimension)
        dimensions : collection of str, optional
            Only these; all by default.
        """
        found: dict[str, dict[str, int]] = {eye: {} for eye in EYES}
        for column, (eye, dimension) in enumerate(labels):
            if eye != NO_EYE and (dimensions is None or dimension in dimensions):
                found[eye][dimension] = column
        return cls(**found)

    @property
    def pairs(self) -> list[tuple[str, int, int]]:
        """(dimension, left column, right column) of dimensions that have both."""
        return [(d, c, self.right[d]) for d, c in self.left.items() if d in self.right]

    @property
    def only_one_eye(self) -> str:
        """The eye that is there without the other; empty where there are both or neither."""
        if bool(self.left) == bool(self.right):
            return ""
        return "left" if self.left else "right"
