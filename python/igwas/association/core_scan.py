"""A scan in the core's own terms: its reader, its options, its memory."""

from typing import Any

import numpy as np

from igwas import _core
from igwas._codec import ensure_zstd
from igwas.association.device import PINNED_BYTES, n_workers
from igwas.association.options import ScanOptions
from igwas.association.plan import ScanPlan
from igwas.context import Context
from igwas.errors import OptionError
from igwas.genotypes.genotype_file import GenotypeFile

_DEFAULT_BATCH_BYTES = 128 << 20
_SMALLEST_BATCH_BYTES = 1 << 20


def batch_bytes(plan: ScanPlan, context: Context) -> int:
    """Decoded genotypes a thread may hold, from what --max-memory leaves beside the model.

    Raises
    ------
    OptionError
        If it leaves too little.
    """
    if context.max_memory_bytes is None:
        return _DEFAULT_BATCH_BYTES
    n, k = plan.cohort.values.shape
    width = k + plan.covariates.shape[1] * len(plan.masks)
    n_copies = 4 if plan.options.transform == "none" else 6
    fixed = 8 * n * width * n_copies + (200 << 20)
    workers = n_workers(context)
    fixed += PINNED_BYTES * workers if context.gpus else 0
    left = (context.max_memory_bytes - fixed) // workers
    if left < _SMALLEST_BATCH_BYTES:
        needed = fixed + _SMALLEST_BATCH_BYTES * workers
        raise OptionError(
            f"--max-memory is {context.max_memory_bytes >> 20:,} MiB; expected at least "
            f"{-(-needed >> 20):,} MiB for {n:,} samples and {k:,} phenotypes. "
            "Raise it, or scan fewer phenotypes at a time."
        )
    return int(min(_DEFAULT_BATCH_BYTES, left))


def make_source(file: GenotypeFile) -> Any:
    """The core's reader of a genotype file."""
    chunks = file.chunks
    if chunks.codec == "zstd":
        ensure_zstd()
    return _core.file_source(
        path=str(chunks.path),
        encoding=str(chunks.encoding),
        n_variants=chunks.n_variants,
        n_samples=chunks.n_samples,
        row_bytes=chunks.row_bytes,
        rows_per_chunk=chunks.rows_per_chunk,
        is_zstd=chunks.codec == "zstd",
        offset=np.ascontiguousarray(chunks.offset, dtype=np.uint64),
        size=np.ascontiguousarray(chunks.size, dtype=np.uint64),
        crc32c=np.zeros(0, np.uint32) if chunks.crc32c is None else chunks.crc32c,
    )


def core_options(options: ScanOptions, n_phenotypes: int, batch_bytes: int) -> Any:
    """The core's form of the options."""
    return _core.ScanOptions(
        drops_missing=options.missing == "drop",
        mac=options.mac,
        maf=options.maf,
        geno=options.geno,
        hwe_log10p=-float(np.log10(options.hwe)) if options.hwe > 0 else float("inf"),
        hit_log10p=options.hit_log10p,
        n_phenotypes=n_phenotypes,
        batch_bytes=batch_bytes,
        is_full=options.precision == "full",
    )
