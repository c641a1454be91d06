"""The crops of an images.h5 (`/rgb`), each compared with its checksum where the file has them."""

from pathlib import Path
from typing import Any

import hdf5plugin  # noqa: F401 - registers the compression filters our files may use
import numpy as np
import numpy.typing as npt

from igwas.errors import CorruptFile
from igwas.images.stored_pictures import StoredPictures


class Crops:
    """The crops of an open file; `read` may be called in threads.

    Threads wait for each other only where the crops are not stored one by one in zstd, as
    `igwas-fast images` does.

    Parameters
    ----------
    path : Path
        images.h5.
    file : h5py.File
        The same, open; the caller closes it, after this.

    Raises
    ------
    CorruptFile
        If the places of the crops cannot be read, or a crop was never written.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._dataset = path, file["/rgb"]
        # Files of earlier versions have no checksums.
        checksums = file["/rgb_crc32c"][:] if "/rgb_crc32c" in file else None
        self._stored = StoredPictures.of(path, self._dataset, checksums)

    def read(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Read crops.

        Parameters
        ----------
        rows : int64 (chosen,)
            Rows of the file, ascending.

        Returns
        -------
        uint8 (chosen, side, side, 3)

        Raises
        ------
        CorruptFile
            If a crop is not what was written; names the file and the photographs.
        """
        if self._stored is not None:
            return self._stored.read(rows)
        try:
            return self._read_by_hdf5(rows)
        except (OSError, RuntimeError) as error:
            raise CorruptFile(
                f"{self._path}: photographs {rows[0] + 1:,} to {rows[-1] + 1:,} of "
                f"{len(self._dataset):,} cannot be read ({error}); expected what was written. Copy "
                'the file again, or make it again with "igwas-fast images".'
            ) from error

    def _read_by_hdf5(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        if len(rows) and rows[-1] - rows[0] < 2 * len(rows):
            # One read of a range that is mostly wanted is far quicker than many of one.
            found = self._dataset[rows[0] : rows[-1] + 1]
            return np.asarray(found if len(found) == len(rows) else found[rows - rows[0]])
        found = np.empty((len(rows), *self._dataset.shape[1:]), np.uint8)
        for place, row in zip(found, rows, strict=True):
            place[...] = self._dataset[row]
        return found

    def close(self) -> None:
        """Close the second descriptor of the file."""
        if self._stored is not None:
            self._stored.close()
