"""statistics.h5 while it is written: laid out whole, filled in place, finished by a rename.

The file has every dataset at its final size and byte offset before the scan starts, so that C++
threads write with pwrite and HDF5's own structures are never touched again: the file is valid at
every instant. Hits go to a journal beside it, since their number is not known in advance; they
are sorted into their preallocated table at the end.
"""

import errno
import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas import _core
from igwas.errors import CorruptFile, IncompleteFile
from igwas.output_paths import OutputPaths, sync
from igwas.schema import STATISTICS, TEXT, Array
from igwas.steady_file import create_hdf5
from igwas.whole_file import output_error

_log = logging.getLogger("igwas")

HIT_DTYPE = np.dtype(
    [
        ("variant", "<i8"),
        ("phenotype", "<i4"),
        ("reserved", "<i4"),
        ("beta", "<f8"),
        ("se", "<f8"),
        ("log10p", "<f8"),
    ]
)
_RECORD_MAGIC = 0x3153544948574749
_RECORD_HEADER = np.dtype([("magic", "<u8"), ("block", "<u8"), ("count", "<u8"), ("crc", "<u8")])

# Rows of the hits table at most: 36 MB. Stronger hits displace weaker ones beyond it.
HIT_CAPACITY = 1_000_000

_PER_BLOCK = {
    "n": "/variant_statistics/n",
    "missing_count": "/variant_statistics/missing_count",
    "effect_allele_frequency": "/variant_statistics/effect_allele_frequency",
    "minor_allele_count": "/variant_statistics/minor_allele_count",
    "genotype_sum_of_squares": "/variant_statistics/genotype_sum_of_squares",
    "degrees_of_freedom": "/variant_statistics/degrees_of_freedom",
    "reason": "/variant_statistics/reason",
    "omnibus_f": "/omnibus/f_statistic",
    "omnibus_log10p": "/omnibus/log10p",
    "beta": "/beta",
    "se": "/se",
    "done": "/progress/done",
}


class Paths(OutputPaths):
    """The names a statistics file has during its life."""

    @property
    def journal(self) -> Path:
        """Hits of the blocks in the partial file."""
        return self.output.with_name(self.output.name + ".partial.hits")

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """All that an unfinished run may leave."""
        return *super().unfinished, self.journal


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Lengths of the axes of a statistics file, and which optional arrays it has."""

    n_variants: int
    n_phenotypes: int
    n_masks: int
    n_models: int
    n_blocks: int
    has_se: bool
    has_info: bool
    n_projected: int = 0
    has_eyes: bool = False

    @property
    def hit_capacity(self) -> int:
        """Rows of the hits table."""
        return min(HIT_CAPACITY, self.n_variants * self.n_phenotypes)

    def length(self, axis: str) -> int:
        """Length of a named axis."""
        return {
            "variant": self.n_variants,
            "phenotype": self.n_phenotypes,
            "mask": self.n_masks,
            "model": self.n_models,
            "block": self.n_blocks,
            "hit": self.hit_capacity,
            "one": 1,
            "projected_phenotype": self.n_projected,
        }[axis]

    def arrays(self) -> list[Array]:
        """The arrays of the registry that the file has."""
        left_out = {
            "/se": not self.has_se,
            "/variants/info": not self.has_info,
            "/phenotypes/eye": not self.has_eyes,
            "/phenotypes/dimension": not self.has_eyes,
            "/projection/phenotype": not self.n_projected,
            "/projection/weight": not self.n_projected,
        }
        return [array for array in STATISTICS.arrays if not left_out.get(array.path, False)]


def create(
    paths: Paths,
    layout: Layout,
    attributes: Mapping[str, Any],
    small: Mapping[str, Any],
    variants: Iterable[pd.DataFrame],
) -> None:
    """Lay the file out at `paths.partial`, with everything in it but the scan's numbers.

    Parameters
    ----------
    paths : Paths
    layout : Layout
    attributes : mapping
        Root attributes.
    small : mapping of path to values
        Arrays that are known beforehand: models, phenotypes, block starts.
    variants : iterable of DataFrame
        Variant columns in slabs, in order; columns as in the registry plus `model`.

    Raises
    ------
    OutputError
        If the folder does not exist or the disk cannot hold the file.
    """
    try:
        with create_hdf5(paths.creating, track_order=True) as (file, raise_if_refused):
            for name, value in attributes.items():
                file.attrs[name] = value
            for array in layout.arrays():
                _create_dataset(file, array, layout)
            for path, values in small.items():
                file[path][...] = values
            raise_if_refused()
            file["/hits/count"][0] = -1
            file["/progress/done"][...] = 0
            _write_variants(file, variants, layout, raise_if_refused)
        _reserve(paths.creating)
        paths.journal.write_bytes(b"")
        sync(paths.creating)
        paths.creating.replace(paths.partial)
        sync(paths.partial.parent)
    except OSError as error:
        paths.discard()
        # Nothing is kept yet that --resume could go on with.
        raise output_error(paths.output, error, can_resume=False) from error
    except BaseException:
        paths.discard()
        raise


def _create_dataset(file: h5py.File, array: Array, layout: Layout) -> None:
    shape = tuple(layout.length(axis) for axis in array.axes)
    if array.dtype == TEXT:
        file.create_dataset(array.path, shape, dtype=h5py.string_dtype())
        return
    folder, _, name = array.path.rpartition("/")
    group = file.require_group(folder or "/")
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind = h5py.h5t.py_create(np.dtype(array.dtype))
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(group.id, name.encode(), kind, space, properties)


def _write_variants(
    file: h5py.File,
    slabs: Iterable[pd.DataFrame],
    layout: Layout,
    raise_if_refused: Callable[[], None],
) -> None:
    start = 0
    names = [a.path for a in layout.arrays() if a.path.startswith("/variants/")]
    for slab in slabs:
        stop = start + len(slab)
        for path in names:
            file[path][start:stop] = slab[path.rpartition("/")[2]].to_numpy()
        raise_if_refused()
        start = stop
    if start != layout.n_variants:
        raise IncompleteFile(
            f"the genotypes gave {start:,} variants; expected {layout.n_variants:,}. "
            "The file changed while it was read: run again."
        )


def _reserve(path: Path) -> None:
    """Claim the disk blocks now: better to fail before the scan than at its end."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, max(1, os.fstat(descriptor).st_size))
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
    finally:
        os.close(descriptor)


def open_sink(paths: Paths, layout: Layout) -> Any:
    """The core's sink for the partial file, after cutting a torn record off the journal.

    A block whose record is not in the journal is not done, whatever the map says: a journal that
    was damaged would otherwise lose hits without a word.
    """
    records, n_whole = _read_journal(paths.journal)
    os.truncate(paths.journal, n_whole)
    with h5py.File(paths.partial, "r") as file:
        offset = {
            name: file[path].id.get_offset() for name, path in _PER_BLOCK.items() if path in file
        }
    _undo_unrecorded(paths, offset["done"], records.keys())
    return _core.file_sink(
        path=str(paths.partial),
        journal_path=str(paths.journal),
        n_masks=layout.n_masks,
        n_phenotypes=layout.n_phenotypes,
        offset=offset,
    )


def _undo_unrecorded(paths: Paths, done_offset: int, recorded: Collection[int]) -> None:
    lost = [block for block in np.flatnonzero(read_done(paths.partial)) if block not in recorded]
    if not lost:
        return
    _log.warning(
        "%s is damaged: %s finished blocks are scanned again", paths.journal, f"{len(lost):,}"
    )
    descriptor = os.open(paths.partial, os.O_RDWR)
    try:
        for block in lost:
            os.pwrite(descriptor, b"\0", done_offset + int(block))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_done(path: Path) -> NDArray[np.bool_]:
    """Which blocks of a partial file are on disk: bool (blocks,)."""
    with h5py.File(path, "r") as file:
        return np.asarray(file["/progress/done"][:] != 0)


def _read_journal(path: Path) -> tuple[dict[int, NDArray[Any]], int]:
    """Hits by block, the last record of a block winning, and the bytes of whole records."""
    content = path.read_bytes()
    hits: dict[int, NDArray[Any]] = {}
    at = 0
    while at + _RECORD_HEADER.itemsize <= len(content):
        header = np.frombuffer(content, _RECORD_HEADER, 1, at)[0]
        start = at + _RECORD_HEADER.itemsize
        stop = start + int(header["count"]) * HIT_DTYPE.itemsize
        payload = content[start:stop]
        if header["magic"] != _RECORD_MAGIC or stop > len(content):
            break
        if _core.crc32c(payload) != int(header["crc"]):
            break
        hits[int(header["block"])] = np.frombuffer(payload, HIT_DTYPE)
        at = stop
    return hits, at


def strongest(hits: NDArray[Any], capacity: int) -> NDArray[Any]:
    """Hits in order of variant and phenotype, the weakest left out beyond `capacity`."""
    if len(hits) > capacity:
        by_strength = np.lexsort((hits["phenotype"], hits["variant"], -hits["log10p"]))
        hits = hits[by_strength[:capacity]]
    return hits[np.lexsort((hits["phenotype"], hits["variant"]))]


def finish(paths: Paths, layout: Layout) -> int:
    """Write the table of hits, and give the file its name.

    Returns
    -------
    int
        Tests that reached the threshold; the table holds the strongest `layout.hit_capacity`.
    """
    records, _ = _read_journal(paths.journal)
    n_lost = layout.n_blocks - len(records)
    if n_lost:
        raise CorruptFile(
            f"{paths.journal} lacks the hits of {n_lost:,} of {layout.n_blocks:,} blocks; expected "
            "all of them. It was changed while the scan ran: run again with --resume."
        )
    found = [records[block] for block in sorted(records)]
    hits = np.concatenate(found) if found else np.zeros(0, HIT_DTYPE)
    if len(hits) > layout.hit_capacity:
        _log.warning(
            "%s hits; the table of hits keeps the strongest %s: raise --hit-log10p",
            f"{len(hits):,}", f"{layout.hit_capacity:,}",
        )  # fmt: skip
    try:
        write_hits(paths.partial, strongest(hits, layout.hit_capacity))
        paths.partial.replace(paths.output)
        sync(paths.output.parent)
    except OSError as error:
        raise output_error(paths.output, error) from error
    paths.journal.unlink(missing_ok=True)
    return len(hits)


def write_hits(path: Path, hits: NDArray[Any]) -> None:
    """Fill the preallocated table in place; the count is written last and marks the file whole."""
    columns = ("variant", "phenotype", "beta", "se", "log10p")
    with h5py.File(path, "r") as file:
        offset = {name: file[f"/hits/{name}"].id.get_offset() for name in (*columns, "count")}
    descriptor = os.open(path, os.O_RDWR)
    try:
        for name in columns:
            if len(hits):
                os.pwrite(descriptor, np.ascontiguousarray(hits[name]).tobytes(), offset[name])
        os.fdatasync(descriptor)
        os.pwrite(descriptor, np.int64(len(hits)).tobytes(), offset["count"])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
