"""The samples of a genotype file: the ids that everything else is joined to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import ShapeError


@dataclass(frozen=True)
class Samples:
    """The samples of a genotype file, in the order of its genotypes.

    Parameters
    ----------
    family_id : object (samples,)
        Family id as text; `0` where the source has none.
    sample_id : object (samples,)
        Individual id as text.
    sex : uint8 (samples,)
        0 unknown, 1 male, 2 female.

    Raises
    ------
    ShapeError
        If the three disagree on the number of samples.
    """

    family_id: NDArray[Any]
    sample_id: NDArray[Any]
    sex: NDArray[np.uint8]

    def __post_init__(self) -> None:
        lengths = (len(self.family_id), len(self.sample_id), len(self.sex))
        if len(set(lengths)) != 1:
            raise ShapeError(
                f"family_id, sample_id and sex have {lengths[0]}, {lengths[1]} and {lengths[2]} "
                "values; expected one length. Pass one value a sample in each."
            )

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.sample_id)
