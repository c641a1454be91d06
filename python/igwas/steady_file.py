"""A file that HDF5 may write to without ever meeting an error.

The HDF5 library leaks its open objects, and often crashes, when a write fails (disk full, quota),
so that the process could neither say so in one line nor clean up. Here the first failure is kept
for the caller to raise, and what could not be written stays in memory until the file is closed.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class SteadyFile(io.RawIOBase):
    """A new file for h5py's `fileobj` driver; the caller checks `raise_failure` after each step.

    Parameters
    ----------
    path : Path
        Replaced if it exists.

    Raises
    ------
    OSError
        If it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._position = 0
        self._length = 0
        self._failure: OSError | None = None
        self._unwritten: list[tuple[int, bytes]] = []

    def raise_failure(self) -> None:
        """Raise the first error of a write, if there was one."""
        if self._failure is not None:
            raise self._failure

    def sync(self) -> None:
        """Flush to disk.

        Raises
        ------
        OSError
            If that fails, or if a write had failed.
        """
        self.raise_failure()
        os.fsync(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write at the current position; a failure is kept, not raised."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and self._failure is None:
            try:
                done += os.pwrite(self._descriptor, view[done:], self._position + done)
            except OSError as error:
                self._failure = error
        if done < len(view):
            self._unwritten.append((self._position + done, bytes(view[done:])))
        self._position += len(view)
        self._length = max(self._length, self._position)
        return len(view)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read from the current position, also what could not be written."""
        view = memoryview(buffer).cast("B")
        start = self._position
        count = max(0, min(len(view), self._length - start))
        found = os.pread(self._descriptor, count, start)
        view[:count] = found.ljust(count, b"\0")
        for offset, data in self._unwritten:
            first, last = max(offset, start), min(offset + len(data), start + count)
            if first < last:
                view[first - start : last - start] = data[first - offset : last - offset]
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the current position."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = origin + offset
        return self._position

    def truncate(self, size: int | None = None, /) -> int:
        """Set the length; a failure is kept, not raised."""
        self._length = self._position if size is None else size
        try:
            os.ftruncate(self._descriptor, self._length)
        except OSError as error:
            self._failure = self._failure or error
        return self._length

    def tell(self) -> int:
        """Give the current position."""
        return self._position

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def seekable(self) -> bool:
        """Say that it can be moved in."""
        return True

    def close(self) -> None:
        """Close the descriptor; harmless when closed."""
        if not self.closed:
            os.close(self._descriptor)
            self._unwritten.clear()
        super().close()


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
    target = SteadyFile(path)
    try:
        with h5py.File(target, "w", **options) as file:
            yield file, target.raise_failure
        target.raise_failure()
    finally:
        target.close()
