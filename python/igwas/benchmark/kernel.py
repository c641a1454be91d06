"""The product alone against decode + sgemm: in one process, in turn, genotypes in memory."""

import functools
import sys
from pathlib import Path
from statistics import median
from typing import Any

from igwas.benchmark import child
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.dosages import CASES, make_dosages
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.products import require_agreement
from igwas.benchmark.spectrum import SPECTRA

# What a thread of the scan multiplies at once; of dosages, what its memory holds at once.
_BATCH_VARIANTS, _BATCH_DOSAGES = 4096, 1024
_QUICK_VARIANTS = 400


def measure_kernel(options: BenchmarkOptions, *, work: Path, journal: Journal) -> dict[str, Any]:
    """Measure hard calls of every spectrum of frequencies.

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
        `ratio` (the median over rounds of igwas to decode_sgemm), `largest_relative_difference`
        of the two products (in standard errors) and `blas`, the library that was multiplied with.

    Raises
    ------
    WrongAnswer
        If the two products differ.
    """
    n_variants = _QUICK_VARIANTS if options.is_quick else _BATCH_VARIANTS * options.threads
    shape = options.shape.with_changes(n_variants=n_variants)
    found = []
    for spectrum in SPECTRA:
        cohort = make_cohort(work, shape.with_changes(spectrum=spectrum))
        measured = _measured(
            f"kernel {spectrum}", cohort.genotypes(), f"hard calls ({spectrum})", options, journal
        )
        found.append({"spectrum": spectrum, **measured})
    return {"spectra": found}


def measure_dosages(options: BenchmarkOptions, *, work: Path, journal: Journal) -> dict[str, Any]:
    """Measure dosages in bytes, a few of them no whole number of copies and all of them.

    Parameters
    ----------
    options : BenchmarkOptions
    work : Path
        Where their files are kept.
    journal : Journal

    Returns
    -------
    dict
        For JSON: `cases`, as `spectra` of `measure_kernel`, with `case` and `fractional` (the
        range of a variant's share) in place of `spectrum`.

    Raises
    ------
    WrongAnswer
    """
    n_variants = _QUICK_VARIANTS if options.is_quick else _BATCH_DOSAGES * options.threads
    shape = options.shape.with_changes(n_variants=n_variants)
    found = []
    for case, fractional in CASES.items():
        path = make_dosages(work, shape, case)
        measured = _measured(f"dosages {case}", path, f"dosages ({case})", options, journal)
        found.append({"case": case, "fractional": fractional, **measured})
    return {"cases": found}


def _measured(
    key: str, path: Path, what: str, options: BenchmarkOptions, journal: Journal
) -> dict[str, Any]:
    shape = options.shape
    words = (
        sys.executable, "-m", "igwas.benchmark.kernel_process", str(path),
        "--columns", str(shape.n_phenotypes + shape.n_covariates),
        "--threads", str(options.threads), "--rounds", str(max(3, options.repeats)),
    )  # fmt: skip
    command = child.Command(words, path.parent, child.blas_threads(options.threads))
    measured = journal.once(key, functools.partial(_run, command, what))
    rates = measured["rates"]
    pairs = zip(rates["igwas"], rates["decode_sgemm"], strict=True)
    return {"ratio": median(ours / theirs for ours, theirs in pairs), **measured}


def _run(command: child.Command, what: str) -> Any:
    found = child.run_json(command)
    require_agreement(found["largest_relative_difference"], what)
    return found
