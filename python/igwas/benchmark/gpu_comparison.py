"""Arrays of a GPU against the CPU's: the same, or an error that names what differs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from igwas.association.same_arrays import n_different
from igwas.errors import IgwasError

Arrays = Mapping[str, npt.NDArray[Any]]


def require_same(
    found: Arrays, expected: Arrays, what: str, *, tolerances: Mapping[str, float] | None = None
) -> None:
    """Fail if an array of the GPU's is not the CPU's.

    Parameters
    ----------
    found, expected : mapping of name to array
        Of the GPU and of the CPU.
    what : str
        What was computed.
    tolerances : mapping of name to float, optional
        Relative, of arrays that need not be the same to the last bit.

    Raises
    ------
    IgwasError
        Naming the array and how much of it differs.
    """
    if found.keys() != expected.keys():
        raise IgwasError(
            f"{what}: arrays {', '.join(sorted(found.keys() ^ expected.keys()))} are of one device "
            "only; expected the same arrays of both."
        )
    for name, values in expected.items():
        theirs = np.asarray(values)
        n_wrong = n_different(
            np.asarray(found[name]), theirs, tolerance=(tolerances or {}).get(name, 0.0)
        )
        if n_wrong:
            raise IgwasError(
                f"{what}: {name} differs from the CPU's in {n_wrong:,} of {theirs.size:,} numbers; "
                "expected the same."
            )


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every dataset of a file."""
    found: dict[str, npt.NDArray[Any]] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return found
