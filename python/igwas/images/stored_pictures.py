"""Pictures of images.h5 read past HDF5, which lets one thread at a time decompress."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas import _core
from igwas.errors import CorruptFile
from igwas.genotypes.hdf5_genotypes import ZSTD_FILTER


class StoredPictures:
    """The compressed pictures of a file by their places in it; `read` may be called in threads.

    Parameters
    ----------
    path : Path
    shape : tuple of int
        Of one picture.
    offset, size : int64 (pictures,)
        First byte and stored length of each.
    crc32c : uint32 (pictures,), optional
        Of the stored bytes.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        offset: npt.NDArray[np.int64],
        size: npt.NDArray[np.int64],
        crc32c: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        self._path, self._crc32c = path, crc32c
        self._shape, self._offset, self._size = shape, offset, size
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    @classmethod
    def of(
        cls, path: Path, dataset: Any, crc32c: npt.NDArray[np.uint32] | None = None
    ) -> "StoredPictures | None":
        """Find the pictures; None if they are not stored as `igwas-fast images` stores them.

        Parameters
        ----------
        path : Path
            The file.
        dataset : h5py.Dataset
            uint8 (pictures, ...).
        crc32c : uint32 (pictures,), optional
            Of the stored bytes.

        Raises
        ------
        CorruptFile
            If the places cannot be read, or a picture was never written.
        """
        properties = dataset.id.get_create_plist()
        filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
        shape = tuple(dataset.shape[1:])
        is_elsewhere = Path(dataset.file.filename).resolve() != path.resolve()
        if (
            dataset.dtype != np.uint8
            or dataset.chunks != (1, *shape)
            or filters != [ZSTD_FILTER]
            or is_elsewhere
        ):
            return None
        offset, size = np.full(len(dataset), -1, np.int64), np.zeros(len(dataset), np.int64)
        is_plain = True

        def visit(info: Any) -> None:
            nonlocal is_plain
            is_plain = is_plain and not info.filter_mask
            offset[info.chunk_offset[0]] = info.byte_offset
            size[info.chunk_offset[0]] = info.size

        try:
            dataset.id.chunk_iter(visit)
        except (RuntimeError, IndexError) as error:
            raise CorruptFile(
                f"{path}: the places of the photographs are damaged ({error}); expected a whole "
                "file. Copy or write it again."
            ) from error
        absent = np.flatnonzero(offset < 0)
        if absent.size:
            raise CorruptFile(
                f"{path}: photograph {absent[0] + 1:,} of {len(dataset):,} was never written; "
                "expected all of them. Write the file again."
            )
        return cls(path, shape, offset, size, crc32c) if is_plain else None

    def read(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Read and decompress pictures; only their bytes pass through the global lock.

        Parameters
        ----------
        rows : int64 (chosen,)

        Returns
        -------
        uint8 (chosen, ...)

        Raises
        ------
        CorruptFile
            If a picture's bytes are damaged or missing; names the file and the picture.
        """
        found = np.empty((len(rows), *self._shape), np.uint8)
        for place, row in zip(found, rows, strict=True):
            try:
                plain = self._read_one(int(row), place.nbytes)
            except (CorruptFile, OSError) as error:
                reason = str(error).split(";")[0]
                raise CorruptFile(
                    f"{self._path}: photograph {row + 1:,} of {len(self._size):,} is damaged "
                    f"({reason}); expected what was written. Copy the file again, or make it again "
                    'with "igwas-fast images".'
                ) from error
            place[...] = np.frombuffer(plain, np.uint8).reshape(self._shape)
        return found

    def _read_one(self, row: int, n_bytes: int) -> bytes:
        size = int(self._size[row])
        stored = os.pread(self._descriptor, size, int(self._offset[row]))
        if len(stored) != size:
            raise CorruptFile(f"the file ends after {len(stored)} of its {size} bytes")
        if self._crc32c is not None and _core.crc32c(stored) != self._crc32c[row]:
            raise CorruptFile("its bytes have another checksum than when it was written")
        return _core.zstd_decompress(stored, n_bytes)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
