"""Names of phenotypes made of eyes: `left_dim_007` is dimension dim_007 of left eyes."""

from collections.abc import Sequence
from dataclasses import dataclass

EYES = ("left", "right", "mean", "difference")
"""left, right; mean of a person's eyes; left minus right."""


def eye_name(eye: str, dimension: str) -> str:
    """Name of a phenotype.

    Examples
    --------
    >>> eye_name("left", "dim_007")
    'left_dim_007'
    """
    return f"{eye}_{dimension}"


def parse_eye_name(name: str) -> tuple[str, str]:
    """What a name says: (eye, dimension); the eye is empty where it says nothing.

    Examples
    --------
    >>> parse_eye_name("difference_dim_007"), parse_eye_name("height")
    (('difference', 'dim_007'), ('', 'height'))
    """
    eye, separator, dimension = name.partition("_")
    return (eye, dimension) if separator and dimension and eye in EYES else ("", name)


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
    def of(cls, names: Sequence[str]) -> "EyeColumns":
        """Read the names of phenotypes in the order of their columns."""
        found: dict[str, dict[str, int]] = {eye: {} for eye in EYES}
        for column, name in enumerate(names):
            eye, dimension = parse_eye_name(name)
            if eye:
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
