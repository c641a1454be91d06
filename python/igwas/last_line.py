"""The end of a text table: a copy that broke off within a number reads like a whole one."""

import logging
import os
from pathlib import Path

_log = logging.getLogger("igwas")


def warn_of_cut(path: Path) -> None:
    """Warn of a plain text that does not end with a line break.

    Not refused: many programs write their last line without one. A cut gzip file is an error where
    it is read, as its end is known.

    Parameters
    ----------
    path : Path
        A file; one that is gzip, empty, or has no end to look at (a pipe) is passed over.
    """
    with path.open("rb") as stream:
        if not stream.seekable() or stream.read(2) == b"\x1f\x8b":
            return
        if not stream.seek(0, os.SEEK_END):
            return
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) not in b"\r\n":
            _log.warning(
                "%s does not end with a line break: it may be cut, and its last value with it. "
                "Compare its last line with the source",
                path,
            )
