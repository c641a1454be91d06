"""The grades of the photographs of an images.h5."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError
from igwas.hdf5 import read_texts
from igwas.images.quality import KEEP, REJECT, USABLE

GRADES = (REJECT, USABLE, KEEP)
"""The worst first."""


def read_grades(path: Path, file: Any) -> npt.NDArray[np.object_]:
    """Read `/grade`.

    Parameters
    ----------
    path : Path
        images.h5.
    file : h5py.File
        The same, open.

    Returns
    -------
    object (images,)
        str.

    Raises
    ------
    InputError
        If one is no grade: its photograph would be left out without a word. CorruptFile if they
        cannot be read.
    """
    grades = read_texts(file["/grade"])
    odd = np.flatnonzero(~np.isin(grades, GRADES))
    if odd.size:
        raise InputError(
            f"{path}: /grade of photograph {odd[0] + 1:,} is {grades[odd[0]]!r}; expected "
            f"{KEEP}, {USABLE} or {REJECT}. Correct /grade, or make the file again with "
            '"igwas-fast images".'
        )
    return grades
