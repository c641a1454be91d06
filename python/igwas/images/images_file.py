"""Reading images.h5, a slab at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hdf5plugin  # noqa: F401 - registers the compression filter of the images
import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.closing import Closing
from igwas.errors import InputError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.images.crops import Crops
from igwas.images.grades import read_grades
from igwas.schema import IMAGES, TEXT

_SLAB_BYTES = 2**25


class ImagesFile(Closing):
    """An open images.h5: columns in memory, pictures read when asked for.

    Parameters
    ----------
    path : Path or str

    Raises
    ------
    InputError
        If it cannot be read, or is no images.h5.

    Attributes
    ----------
    table : DataFrame
        One row a photograph: image_id, participant_id, eye, visit, source_path, source_digest,
        is_mirrored, quality, grade, grade_reason, duplicate_of and, unless the file is of an older
        version, same_eye_as.
    measures, metadata : DataFrame
        One row a photograph, one column a measure, or a further column of the manifest.
    skipped : DataFrame
        Files that gave no image: path, reason.
    size_px : int
        Side of a picture.
    preprocessing_version : str
        What was done to the photographs; an encoder fits one version.
    views : tuple of str
        Further pictures that the file has: `green`, `vessels`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = open_hdf5(path, IMAGES)
        try:
            self._read_columns()
            self._crops = Crops(self.path, self._file)
        except BaseException:
            self._file.close()
            raise

    def _read_columns(self) -> None:
        read_grades(self.path, self._file)  # refuses what is no grade
        self.size_px = int(self._file.attrs["size_px"])
        self.preprocessing_version = str(self._file.attrs["preprocessing_version"])
        self.table = pd.DataFrame(
            {array.path[1:]: self._column(array.path) for array in IMAGES.arrays
             if array.axes == ("image",) and (array.required or array.path in self._file)}
        )  # fmt: skip
        self.measures = self._frame("measure")
        self.metadata = self._frame("metadata")
        self.skipped = pd.DataFrame(
            {name: self._column(f"/skipped/{name}") for name in ("path", "reason")}
        )
        self.views = tuple(view for view in ("green", "vessels") if f"/{view}" in self._file)

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self.table)

    def read(self, start: int, stop: int, view: str = "rgb") -> npt.NDArray[np.uint8]:
        """Read pictures.

        Parameters
        ----------
        start, stop : int
            Rows.
        view : str
            `rgb`, or one of `views`.

        Returns
        -------
        uint8 (images, size, size, 3) or (images, size, size)

        Raises
        ------
        InputError
            If the file has no such view, or a picture is damaged.
        """
        if view not in ("rgb", *self.views):
            raise InputError(
                f"{self.path} has no view {view!r}; expected one of "
                f"{', '.join(('rgb', *self.views))}. Write it again with --views."
            )
        if view == "rgb":
            return self._crops.read(np.arange(start, min(stop, len(self))))
        try:
            return np.asarray(self._file[f"/{view}"][start:stop])
        except OSError as error:
            raise InputError(
                f"{self.path}: pictures {start} to {stop} of /{view} are damaged; expected "
                "readable ones. Write the file again."
            ) from error

    def slabs(self, view: str = "rgb", rows: int | None = None) -> Iterator[Any]:
        """Go through all pictures in order: yields (start, pictures).

        Parameters
        ----------
        view : str
            `rgb`, or one of `views`.
        rows : int, optional
            Pictures at a time; by default about 32 MiB.
        """
        per_picture = self.size_px**2 * (3 if view == "rgb" else 1)
        step = rows or max(1, _SLAB_BYTES // per_picture)
        for start in range(0, len(self), step):
            yield start, self.read(start, min(start + step, len(self)), view)

    def close(self) -> None:
        """Close the file."""
        self._crops.close()
        self._file.close()

    def _column(self, path: str) -> Any:
        dataset = self._file[path]
        return read_texts(dataset) if IMAGES[path].dtype == TEXT else dataset[:]

    def _frame(self, group: str) -> pd.DataFrame:
        names = list(self._column(f"/{group}/name"))
        values = self._column(f"/{group}/value")
        return pd.DataFrame(values.reshape(len(self), len(names)), columns=names)


def read_images(path: Path | str) -> ImagesFile:
    """Open images.h5; pictures are read only when asked for.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    ImagesFile
        A context manager.

    Raises
    ------
    InputError
        If it cannot be read, or is no images.h5.
    """
    return ImagesFile(path)
