"""Files that are there whole or not at all, and the words for a write that the system refuses."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from igwas.errors import OutputError

# A full disk, a used-up quota, a limit on the size of a file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def output_error(path: Path, error: OSError, *, can_resume: bool = True) -> OutputError:
    """Word a refused write; HDF5 and Arrow give the system's error number in their text only.

    Parameters
    ----------
    path : Path
        What was written.
    error : OSError
    can_resume : bool
        Whether the command has --resume.
    """
    found = re.search(r"errno(?: =)? (\d+)", str(error))
    code = error.errno or (int(found[1]) if found else None)
    if code == errno.ENOSPC:
        reason = "the disk is full"
    else:
        reason = os.strerror(code).lower() if code else str(error).splitlines()[0]
    if code in _NO_ROOM:
        kept = " with --resume, which keeps what is done" if can_resume else ""
        return OutputError(
            f"{path}: {reason}; expected room for the result. Make space, then run the "
            f"same command again{kept}."
        )
    return OutputError(
        f"{path}: {reason}; expected to write here. Check the folder and its permissions."
    )


@contextmanager
def whole_file(path: Path, *, can_resume: bool = True) -> Iterator[Path]:
    """Give the name to write a file under; it gets its own once all is written.

    Parameters
    ----------
    path : Path
        Replaced if it exists; untouched if the writing fails, however it does.
    can_resume : bool
        Whether the command has --resume, for the words of a refused write.

    Yields
    ------
    Path
        Beside it; gone at the end.

    Raises
    ------
    OutputError
        If the system refuses a write.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with named_in_errors(path, can_resume=can_resume):
            yield partial
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def named_in_errors(path: Path, *, can_resume: bool = True) -> Iterator[None]:
    """Word a refused write in the block with the name of what is written; the system gives none.

    Parameters
    ----------
    path : Path
    can_resume : bool
        Whether the command has --resume.

    Raises
    ------
    OutputError
    """
    try:
        yield
    except OSError as error:
        raise output_error(path, error, can_resume=can_resume) from error
