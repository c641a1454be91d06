"""Phenotypes grouped by who has them.

Covariates must be removed among the samples that are tested, so phenotypes with the same missing
samples share one projection and the others get their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SLAB_BYTES = 2**24


@dataclass(frozen=True)
class Mask:
    """Phenotypes that have the same samples.

    Parameters
    ----------
    phenotype_index : int64 (phenotypes of the mask,)
        Ascending columns.
    is_present : bool (samples,)
        Samples that have a value.
    """

    phenotype_index: NDArray[np.int64]
    is_present: NDArray[np.bool_]

    @property
    def n_samples(self) -> int:
        """Samples that have a value."""
        return int(self.is_present.sum())

    def take(self, values: NDArray[np.floating], rows: NDArray[np.int64]) -> NDArray[Any]:
        """The mask's phenotypes among some samples; `values` itself where that is all of it.

        Parameters
        ----------
        values : float (samples, phenotypes)
        rows : int64
            Ascending, each once.
        """
        if values.shape == (len(rows), len(self.phenotype_index)):
            return values
        if len(rows) == len(values):
            return values[:, self.phenotype_index]
        return values[np.ix_(rows, self.phenotype_index)]


def mask_numbers(masks: Sequence[Mask], n_phenotypes: int) -> NDArray[np.int32]:
    """Which mask each phenotype is in: int32 (phenotypes,).

    Examples
    --------
    >>> values = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]])
    >>> mask_numbers(group_by_missingness(values), 3).tolist()
    [0, 1, 0]
    """
    numbers = np.zeros(n_phenotypes, dtype=np.int32)
    for number, mask in enumerate(masks):
        numbers[mask.phenotype_index] = number
    return numbers


def group_by_missingness(values: NDArray[np.floating]) -> list[Mask]:
    """Group columns whose NaN are in the same rows.

    Parameters
    ----------
    values : float (samples, phenotypes)
        NaN is missing.

    Returns
    -------
    list of Mask
        In the order in which each pattern first appears.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]])
    >>> [mask.phenotype_index.tolist() for mask in group_by_missingness(values)]
    [[0, 2], [1]]
    """
    n_samples, n_phenotypes = values.shape
    # One bit a value, compared exactly: 64 MB for 500,000 samples x 1,024 phenotypes, and no
    # hashing accident can merge two masks.
    packed = np.zeros((n_phenotypes, (n_samples + 7) // 8), dtype=np.uint8)
    slab = max(8, _SLAB_BYTES // max(n_phenotypes, 1) // 8 * 8)
    for start in range(0, n_samples, slab):
        bits = np.packbits(~np.isnan(values[start : start + slab]), axis=0)
        packed[:, start // 8 : start // 8 + len(bits)] = bits.T
    columns: dict[bytes, list[int]] = {}
    for column in range(n_phenotypes):
        columns.setdefault(packed[column].tobytes(), []).append(column)
    return [
        Mask(
            np.array(members, dtype=np.int64),
            np.unpackbits(packed[members[0]], count=n_samples).astype(bool),
        )
        for members in columns.values()
    ]
