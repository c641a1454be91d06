"""Verify what is stored: checksums of genotype chunks, or that every array can be read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hdf5plugin  # noqa: F401 - registers zstd, which the pictures are compressed with

from igwas.context import Context
from igwas.errors import CorruptFile, InputError
from igwas.genotypes.genotype_file import open_genotypes

_MESSAGES = 10
_ROW_BYTES = 2**24


@dataclass(frozen=True)
class CheckResult:
    """What was verified.

    Parameters
    ----------
    what : str
        What kind of check the file allows.
    n_checked, n_damaged : int
        Pieces verified and pieces found damaged.
    damaged : list of str
        One line for each of the first damaged pieces.
    """

    what: str
    n_checked: int
    n_damaged: int = 0
    damaged: list[str] = field(default_factory=list)


def check_chunks(path: Path, context: Context) -> CheckResult:
    """Read, verify and decompress every chunk of a genotype file."""
    with open_genotypes(path) as genotypes:
        n_chunks = len(genotypes.chunks)
        has_crc = genotypes.chunks.crc32c is not None

        def fault(chunk: int) -> str | None:
            try:
                genotypes.read_chunk(chunk)
            except (CorruptFile, InputError) as error:
                return str(error)
            return None

        faults: list[str] = []
        if n_chunks:
            # The first one alone: it opens the file for all threads.
            faults += [message for message in [fault(0)] if message]
            with ThreadPoolExecutor(context.n_threads) as pool:
                faults += [m for m in pool.map(fault, range(1, n_chunks)) if m]
    what = "checksum of every chunk" if has_crc else "length of every chunk (no checksums stored)"
    return CheckResult(what, n_chunks, len(faults), faults[:_MESSAGES])


def check_arrays(file: Any, path: Path) -> CheckResult:
    """Read every array from end to end; kinds without checksums allow no more."""
    datasets: list[Any] = []
    file.visititems(lambda name, item: datasets.append(item) if hasattr(item, "shape") else None)
    faults = []
    for dataset in datasets:
        try:
            for part in _slices(dataset):
                dataset[part]
        except (OSError, RuntimeError, UnicodeDecodeError) as error:
            faults.append(
                f"{path}: {dataset.name} cannot be read ({error}); expected readable values. "
                "The file is damaged: copy or write it again."
            )
    what = "every array read (no checksums stored)"
    return CheckResult(what, len(datasets), len(faults), faults[:_MESSAGES])


def _slices(dataset: Any) -> Iterator[Any]:
    if not dataset.shape:
        yield ()
        return
    row_bytes = max(1, dataset.dtype.itemsize)
    for length in dataset.shape[1:]:
        row_bytes *= max(1, length)
    step = max(1, _ROW_BYTES // row_bytes)
    for start in range(0, dataset.shape[0], step):
        yield slice(start, start + step)
