"""A file HDF5 may write to even when the disk is full.

When a write fails inside HDF5, its caches can neither be flushed nor dropped: closing the file
fails too, tracebacks come from destructors, and the process may crash at its end. Here the failure
is kept back from HDF5, which then closes in peace, and is raised afterwards with its errno.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py


class _SturdyFile:
    """What h5py asks of a file object; writes never fail, the first error is remembered.

    What the disk refused is kept in memory, for HDF5 reads back what it wrote and does not survive
    finding something else. That is little if the writer stops soon: see `raise_if_refused`.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self._refused: list[tuple[int, bytes]] = []
        self._size = 0
        self._at = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o666)

    def close(self) -> None:
        os.close(self._descriptor)

    def raise_if_refused(self) -> None:
        """Raise the first error, if there was one."""
        if self.error is not None:
            raise self.error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, n_bytes: int) -> bytes:
        data = bytearray(n_bytes)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, with zeros past the end, as HDF5 expects."""
        view = memoryview(buffer).cast("B")
        found = os.pread(self._descriptor, len(view), self._at)
        view[:] = found + bytes(len(view) - len(found))
        for offset, data in self._refused:
            first, last = max(offset, self._at), min(offset + len(data), self._at + len(view))
            if first < last:
                view[first - self._at : last - self._at] = data[first - offset : last - offset]
        self._at += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view) and self.error is None:
                done += os.pwrite(self._descriptor, view[done:], self._at + done)
        except OSError as error:
            self.error = error
        if self.error is not None:
            self._refused.append((self._at + done, bytes(view[done:])))
        self._at += len(view)
        self._size = max(self._size, self._at)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._at if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            self.error = error
        return self._size

    def flush(self) -> None:
        """Nothing is held back here."""


@contextmanager
def create_hdf5(path: Path, **options: Any) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Create an HDF5 file; a disk that fills up is an OSError at the end, never a crash.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    **options
        For h5py.File.

    Yields
    ------
    h5py.File
        Open for writing.
    callable()
        Raises the error that is due at the end now; to be called between large writes.

    Raises
    ------
    OSError
        With errno, if any write was refused; the file's content is then worthless.
    """
    target = _SturdyFile(path)
    try:
        with h5py.File(target, "w", **options) as file:
            yield file, target.raise_if_refused
        target.raise_if_refused()
    finally:
        target.close()
