"""One process at a time writes a statistics file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from igwas.association.statistics_writer import Paths, output_error
from igwas.errors import OutputError


@contextmanager
def sole_writer(paths: Paths) -> Iterator[None]:
    """Hold the lock of an output; the system releases it when the process ends, however it ends.

    Parameters
    ----------
    paths : Paths

    Raises
    ------
    OutputError
        If another process holds it, or the folder cannot be written.
    """
    descriptor = _acquire(paths)
    try:
        yield
    finally:
        paths.lock.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(paths: Paths) -> int:
    """Open and lock the lock file; the one that the last holder unlinked is no lock."""
    while True:
        try:
            descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise output_error(paths.output, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise OutputError(
                f"{paths.output} is being written by another process; expected to be alone. "
                "Wait until it ends, or choose another output."
            ) from error
        os.close(descriptor)
