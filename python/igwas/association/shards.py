"""Shards of one scan put together: the result is what one run would have written."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from igwas.association import statistics_writer
from igwas.association.statistics_writer import HIT_DTYPE, Layout, Paths
from igwas.errors import IncompleteFile, InputError, OptionError
from igwas.hdf5 import open_hdf5
from igwas.provenance import root_attributes
from igwas.schema import STATISTICS, TEXT
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.whole_file import output_error
from igwas.wording import counted

_SLAB = 65_536
_EYE_ARRAYS = ("/phenotypes/eye", "/phenotypes/dimension")


@dataclass(frozen=True)
class MergeSummary:
    """What a merge wrote: path, shards, variants, hits."""

    output: Path
    n_shards: int
    n_variants: int
    n_hits: int


def merge_shards(
    shards: Sequence[Path | str], output: Path | str, *, overwrite: bool = False
) -> MergeSummary:
    """Join the statistics files of all shards of one scan.

    Parameters
    ----------
    shards : sequence of Path
        In any order; all of them, each once.
    output : Path
    overwrite : bool

    Raises
    ------
    OptionError
        If no shard is given.
    InputError
        If a shard is missing, given twice, or comes from another scan.
    IncompleteFile
        If a shard is unfinished.
    OutputError
        If the output exists or cannot be written.
    """
    paths = Paths(Path(output))
    if not shards:
        raise OptionError("no shard is given; expected all shards of one scan.")
    refuse_existing(paths.output, overwrite=overwrite)
    refuse_special(paths.output)
    require_folder(paths.output)
    refuse_inputs(paths.output, {f"shard {n}": Path(p) for n, p in enumerate(shards, 1)})
    with ExitStack() as stack:
        stack.enter_context(sole_writer(paths.output))
        files = [stack.enter_context(open_hdf5(path, STATISTICS)) for path in shards]
        return _merge(_in_order(files), paths)


def _in_order(files: list[h5py.File]) -> list[h5py.File]:
    """Sort by place in the scan, and check that nothing is missing, doubled or foreign."""
    first = files[0]
    count = _count_of(first)
    for file in files:
        if int(file["/hits/count"][0]) < 0:
            raise IncompleteFile(
                f"{file.filename} is unfinished; expected a finished shard. "
                "Finish it with --resume."
            )
        if (file.attrs["plan_digest"], _count_of(file)) != (first.attrs["plan_digest"], count):
            raise InputError(
                f"{file.filename} is of another scan than {first.filename}; expected shards of "
                "one scan: the same inputs, options and number of shards."
            )
    by_number = {int(str(file.attrs["shard"]).partition("/")[0]): file for file in files}
    if len(by_number) < len(files):
        raise InputError(
            f"{len(files)} files hold {counted(len(by_number), 'shard', 'different shards')}; "
            "expected each once. "
            "Give every shard once."
        )
    _require_same_eyes(files)
    missing = [number for number in range(1, count + 1) if number not in by_number]
    if missing:
        raise InputError(
            f"shard {missing[0]} is missing ({len(missing)} in all); expected all of them. "
            "Scan it, then merge."
        )
    return [by_number[number] for number in sorted(by_number)]


def _require_same_eyes(files: list[h5py.File]) -> None:
    """Shards may be of one phenotype table that says its eyes and one that does not."""
    said = [file for file in files if all(path in file for path in _EYE_ARRAYS)]
    for file in said[1:]:
        for path in _EYE_ARRAYS:
            name = path.rpartition("/")[2]
            found, expected = (one[path].asstr()[:].tolist() for one in (file, said[0]))
            if found != expected:
                at = next(n for n, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
                raise InputError(
                    f"{file.filename} says {name} {found[at]!r} of phenotype {at + 1} and "
                    f"{said[0].filename} says {expected[at]!r}; expected shards of one phenotype "
                    "file. Scan the shard again with the phenotypes of the others."
                )


def _count_of(file: h5py.File) -> int:
    """Shards of the scan that a file is one of."""
    return int(str(file.attrs["shard"]).partition("/")[2])


def _merge(files: list[h5py.File], paths: Paths) -> MergeSummary:
    first = files[0]
    starts = np.cumsum([0, *(len(file["/variants/position"]) for file in files)])
    # A shard of an earlier version does not say eyes; another one may.
    said = next((file for file in files if all(p in file for p in _EYE_ARRAYS)), None)
    layout = Layout(
        n_variants=int(starts[-1]),
        n_phenotypes=len(first["/phenotypes/name"]),
        n_masks=first["/variant_statistics/n"].shape[1],
        n_models=len(first["/models/chromosomes"]),
        n_blocks=sum(len(file["/progress/done"]) for file in files),
        has_se="/se" in first,
        has_info="/variants/info" in first,
        has_eyes=said is not None,
    )
    small = {
        array.path: (said if said and array.path in _EYE_ARRAYS else first)[array.path][...]
        for array in layout.arrays()
        if array.path.startswith(("/models/", "/phenotypes/"))
    }
    block_starts = [
        file["/progress/block_start"][:] + start
        for file, start in zip(files, starts.tolist(), strict=False)
    ]
    small["/progress/block_start"] = np.concatenate(block_starts)
    statistics_writer.create(
        paths,
        layout,
        _attributes(files),
        small,
        _variant_slabs(files, layout),
    )
    try:
        n_hits = _fill(files, starts, paths, layout)
    except OSError as error:
        paths.discard()
        refused = output_error(paths.output, error, can_resume=False)
        raise refused from error
    return MergeSummary(paths.output, len(files), layout.n_variants, n_hits)


def _attributes(files: list[h5py.File]) -> dict[str, Any]:
    own = root_attributes(STATISTICS, inputs={f.attrs["shard"]: f.filename for f in files})
    kept = {name: value for name, value in files[0].attrs.items() if name not in own}
    return {
        **kept,
        **{name: own[name] for name in ("format", "schema_version", "igwas_version")},
        **{name: own[name] for name in ("command", "created")},
        "inputs": files[0].attrs["inputs"],
        "options": files[0].attrs["options"],
        "merged_from": json.dumps([Path(file.filename).name for file in files]),
        "shard": "1/1",
        "first_block": 0,
        "first_variant": 0,
    }


def _variant_slabs(files: list[h5py.File], layout: Layout) -> Iterator[pd.DataFrame]:
    arrays = [a for a in layout.arrays() if a.path.startswith("/variants/")]
    for file in files:
        for start in range(0, len(file["/variants/position"]), _SLAB):
            part = slice(start, start + _SLAB)
            yield pd.DataFrame(
                {
                    a.path.rpartition("/")[2]: (
                        file[a.path].asstr()[part] if a.dtype == TEXT else file[a.path][part]
                    )
                    for a in arrays
                }
            )


def _fill(files: list[h5py.File], starts: Any, paths: Paths, layout: Layout) -> int:
    """Copy the numbers, write the hits, give the file its name."""
    arrays = [
        a for a in layout.arrays()
        if a.axes[0] == "variant" and not a.path.startswith("/variants/")
    ]  # fmt: skip
    rows = max(1, (8 << 20) // (4 * max(layout.n_phenotypes, layout.n_masks)))
    with h5py.File(paths.partial, "r+") as out:
        for file, first in zip(files, starts.tolist(), strict=False):
            n = len(file["/variants/position"])
            for array in arrays:
                for start in range(0, n, rows):
                    stop = min(start + rows, n)
                    out[array.path][first + start : first + stop] = file[array.path][start:stop]
        out["/progress/done"][...] = 1
        hits = np.concatenate([_hits(f, s) for f, s in zip(files, starts.tolist(), strict=False)])
    statistics_writer.write_hits(
        paths.partial, statistics_writer.strongest(hits, layout.hit_capacity)
    )
    paths.partial.replace(paths.output)
    paths.journal.unlink(missing_ok=True)
    return len(hits)


def _hits(file: h5py.File, first_row: int) -> Any:
    n = int(file["/hits/count"][0])
    hits = np.zeros(n, HIT_DTYPE)
    for name in ("variant", "phenotype", "beta", "se", "log10p"):
        hits[name] = file[f"/hits/{name}"][:n]
    hits["variant"] += first_row
    return hits
