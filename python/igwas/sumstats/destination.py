"""Where rows go: a `.partial` file, plain or blocked gzip, renamed when whole, then indexed."""

import contextlib
import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pysam

from igwas.errors import OutputError
from igwas.sole_writer import require_folder
from igwas.sumstats.bgzf import BgzfWriter
from igwas.sumstats.text import Column
from igwas.whole_file import named_in_errors

logger = logging.getLogger("igwas")

_TBI_LONGEST = 2**29
"""Positions that a .tbi can hold; beyond, the index is of the other kind (.csi)."""


def partial_path(output: Path) -> Path:
    """Where an output lies until it is whole."""
    return output.with_name(output.name + ".partial")


def refuse_existing(paths: list[Path], *, overwrite: bool) -> None:
    """Check that outputs can be written.

    Raises
    ------
    OutputError
        If the folder is absent, or one of them exists and `overwrite` is false.
    """
    for path in paths:
        require_folder(path)
        if path.is_dir():
            raise OutputError(f"{path} is a folder; expected a file name. Give another -o.")
        if path.exists() and not overwrite:
            raise OutputError(
                f"{path} exists; expected a new file. Give --overwrite to replace it."
            )


class _Digesting:
    """A file that keeps the MD5 of what is written to it, which GWAS-SSF's metadata asks for.

    A write that the system refuses is said with the name of the output, which the file gets later.
    """

    def __init__(self, path: Path, output: Path) -> None:
        self._output = output
        with named_in_errors(output, can_resume=False):
            self._stream = path.open("wb")
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> int:
        self._md5.update(data)
        with named_in_errors(self._output, can_resume=False):
            return self._stream.write(data)

    def close(self) -> str:
        with named_in_errors(self._output, can_resume=False):
            self._stream.close()
        return self._md5.hexdigest()


class TextDestination:
    """Bytes to a file: blocked gzip if its final name ends in .gz or .bgz, else as they are."""

    def __init__(self, path: Path, output: Path, *, compress: bool, threads: int) -> None:
        self._file = _Digesting(path, output)
        stream: Any = self._file
        self._compressor = BgzfWriter(stream, threads) if compress else None

    def write(self, data: bytes) -> None:
        """Append."""
        if self._compressor is None:
            self._file.write(data)
        else:
            self._compressor.write(data)

    def close(self) -> str:
        """Finish the file; returns its MD5."""
        if self._compressor is not None:
            self._compressor.close()
        return self._file.close()

    def abandon(self) -> None:
        """Close what is open after a failure."""
        if self._compressor is not None:
            self._compressor.abandon()
        # A full disk fails again; the first error is the one.
        with contextlib.suppress(OutputError):
            self._file.close()


class OrderCheck:
    """Whether rows come chromosome by chromosome, each by rising position, as tabix needs."""

    def __init__(self) -> None:
        self.is_sorted = True
        self.largest_position = 0
        self._seen: list[str] = []
        self._last = 0

    def update(self, chromosome: Column, position: Any) -> None:
        """Look at the next rows."""
        if not self.is_sorted or not len(chromosome):
            return
        encoded = pc.dictionary_encode(chromosome)
        names = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], codes.size], strict=True):
            self._run(names[codes[start]], position[start:stop])

    def _run(self, name: str, position: Any) -> None:
        if not self._seen or self._seen[-1] != name:
            self.is_sorted &= name not in self._seen
            self._seen.append(name)
            self._last = 0
        self.is_sorted &= bool(position[0] >= self._last and (np.diff(position) >= 0).all())
        self._last = int(position[-1])
        self.largest_position = max(self.largest_position, int(position.max()))


def index_path(output: Path, order: OrderCheck) -> Path:
    """Name of the tabix index."""
    kind = ".tbi" if order.largest_position < _TBI_LONGEST else ".csi"
    return output.with_name(output.name + kind)


def write_index(output: Path, order: OrderCheck, *, header_lines: int) -> Path | None:
    """Index a blocked gzip file by position, if its rows are sorted.

    Returns
    -------
    Path or None
        The index; None, with a note in the log, if tabix cannot index the file.
    """
    if not order.is_sorted:
        logger.warning("%s is not sorted by position: no tabix index written", output)
        return None
    index = index_path(output, order)
    partial = partial_path(index)
    try:
        pysam.tabix_index(
            str(output), force=True, seq_col=0, start_col=1, end_col=1, meta_char="#",
            line_skip=header_lines, index=str(partial), csi=index.suffix == ".csi",
        )  # fmt: skip
        partial.rename(index)
    except (OSError, ValueError) as error:
        partial.unlink(missing_ok=True)
        logger.warning("%s could not be indexed (%s): the file itself is whole", output, error)
        return None
    return index


def write_text(path: Path, text: str) -> None:
    """Write a small file by way of its `.partial`."""
    partial = partial_path(path)
    try:
        with named_in_errors(path, can_resume=False):
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
