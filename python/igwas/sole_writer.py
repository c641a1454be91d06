"""One process at a time writes an output, into a folder that is there, never over an input."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from igwas.errors import OptionError, OutputError

# What a writer may add to the name of its output while it works.
SUFFIXES = (".partial", ".partial.hits", ".creating", ".lock")


def refuse_inputs(output: Path, inputs: Mapping[str, Path], *, option: str = "--output") -> None:
    """Refuse an output that is an input, or would need the name of one while it is written.

    Parameters
    ----------
    output : Path
    inputs : mapping of role to path
        Every file that is read, also those that another file names.
    option : str
        That names the output.

    Raises
    ------
    OptionError
        Naming the input.
    """
    names = (output, *(output.with_name(output.name + suffix) for suffix in SUFFIXES))
    for role, path in inputs.items():
        for name in names:
            if name.exists() and path.exists() and name.samefile(path):
                raise OptionError(
                    f"{option} is {output}, which would replace {path}, the input of {role}; "
                    "expected another file. Choose another name."
                )


def require_folder(output: Path) -> None:
    """Refuse an output, a file or a folder, whose own folder is not there.

    Raises
    ------
    OutputError
    """
    if not output.parent.is_dir():
        raise OutputError(
            f"{output}: folder {output.parent} does not exist; expected one. Make it first, or "
            "choose another."
        )


def refuse_existing(output: Path, *, overwrite: bool) -> None:
    """Refuse an output that is there already and may not be replaced.

    Parameters
    ----------
    output : Path
    overwrite : bool
        Whether it may.

    Raises
    ------
    OutputError
    """
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists; expected a new file. Give --overwrite to replace it.")


def refuse_special(output: Path) -> None:
    """Refuse an output that is there and is no regular file: a folder, a device, a pipe.

    Raises
    ------
    OutputError
    """
    if output.exists() and not output.is_file():
        raise OutputError(
            f"{output} is no regular file; expected a file name. Choose another output."
        )


@contextmanager
def sole_writer(output: Path) -> Iterator[None]:
    """Hold the lock of an output; the system releases it when the process ends, however it ends.

    Parameters
    ----------
    output : Path

    Raises
    ------
    OutputError
        If another process holds it, or the folder cannot be written.
    """
    lock = output.with_name(output.name + ".lock")
    descriptor = _acquire(output, lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(output: Path, lock: Path) -> int:
    """Open and lock the lock file; the one that the last holder unlinked is no lock."""
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise OutputError(
                f"{output}: {error.strerror}; expected to write here. "
                "Check the folder and its permissions."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise OutputError(
                f"{output} is being written by another process; expected to be alone. "
                "Wait until it ends, or choose another output."
            ) from error
        os.close(descriptor)
