"""The product alone against decode + sgemm: in one process, in turn, calls already in memory."""

import functools
import sys
from pathlib import Path
from statistics import median
from typing import Any

from igwas.benchmark import child
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.spectrum import SPECTRA

# What a thread of the scan multiplies at once.
_BATCH_VARIANTS = 4096


def measure_kernel(options: BenchmarkOptions, *, work: Path, journal: Journal) -> dict[str, Any]:
    """Measure every spectrum of frequencies.

    Parameters
    ----------
    options : BenchmarkOptions
    work : Path
        Where cohorts are; one of each spectrum is made.
    journal : Journal

    Returns
    -------
    dict
        For JSON: `spectra`, a list of dicts with `spectrum`, `n_variants`, `columns`, `rates`
        (variants per second of `igwas`, `decode_sgemm`, `decode` and `sgemm`, one a round),
        `ratio` (the median over rounds of igwas to decode_sgemm) and the largest relative
        difference of the two products; `blas`, the library that was multiplied with.
    """
    n_variants = 400 if options.is_quick else _BATCH_VARIANTS * options.threads
    shape = options.shape.with_changes(n_variants=n_variants)
    found = []
    for spectrum in SPECTRA:
        cohort = make_cohort(work, shape.with_changes(spectrum=spectrum))
        words = (
            sys.executable, "-m", "igwas.benchmark.kernel_process", str(cohort.genotypes()),
            "--columns", str(shape.n_phenotypes + shape.n_covariates),
            "--threads", str(options.threads), "--rounds", str(max(3, options.repeats)),
        )  # fmt: skip
        command = child.Command(words, work, child.blas_threads(options.threads))
        key = f"kernel {spectrum}"
        measured = journal.once(key, functools.partial(child.run_json, command))
        rates = measured["rates"]
        pairs = zip(rates["igwas"], rates["decode_sgemm"], strict=True)
        ratio = median(ours / theirs for ours, theirs in pairs)
        found.append({"spectrum": spectrum, "ratio": ratio, **measured})
    return {"spectra": found}
