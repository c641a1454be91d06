"""A file of many people of whom a part is analysed, against the file that holds only those."""

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from igwas.benchmark import child
from igwas.benchmark.answers import WrongAnswer, empty_folder
from igwas.benchmark.cohort import BenchmarkCohort
from igwas.benchmark.engines.engine import Engine, Job
from igwas.benchmark.engines.ours import Assoc
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.rounds import Task, cost, run_rounds, variant_counts
from igwas.benchmark.wide_cohort import make_wide

# What a scan writes of itself, not of the data.
_ITS_OWN = "progress"
_SLAB_VALUES = 2**22
_CLOCKS = ("wall_seconds", "cpu_seconds")


def measure_subset(
    cohort: BenchmarkCohort, options: BenchmarkOptions, *, work: Path, journal: Journal
) -> dict[str, Any]:
    """Scan both files in turn, after checking that they give the same bits.

    Parameters
    ----------
    cohort : BenchmarkCohort
    options : BenchmarkOptions
    work : Path
    journal : Journal

    Returns
    -------
    dict
        For JSON: `file_samples`, `n_samples`, `identical` (arrays of statistics.h5 that are the
        same bits), `runs`, `rates` of `wide` and `narrow`, and `ratios`: by clock, the marginal
        rate of wide over that of narrow (None where one is not known).

    Raises
    ------
    WrongAnswer
        If the statistics differ in any bit.
    """
    engine = Assoc()
    few, many = variant_counts(engine, cohort, options.engine_seconds)
    wide = make_wide(cohort, options.file_samples)
    cohorts = {"wide": wide, "narrow": cohort}
    identical = journal.once(
        "subset answers", lambda: check_same_bits(engine, cohorts, many, options.threads, work)
    )
    tasks = [
        Task(f"subset: {name}, {n} variants", engine, of, n, options.threads)
        for name, of in cohorts.items()
        for n in dict.fromkeys((few, many))
    ]
    records = run_rounds(tasks, options.repeats, work=work, journal=journal)
    rates = {}
    for name in cohorts:
        own = [record for record in records if record["label"].startswith(f"subset: {name},")]
        rates[name] = {clock: cost(own[0], own[-1], clock) for clock in _CLOCKS}
    return {
        "file_samples": options.file_samples,
        "n_samples": cohort.shape.n_samples,
        "identical": identical,
        "runs": records,
        "rates": rates,
        "ratios": {clock: _ratio(rates, clock) for clock in _CLOCKS},
    }


def _ratio(rates: dict[str, Any], clock: str) -> float | None:
    key = "variants_per_second_marginal"
    wide, narrow = (rates[name][clock][key] for name in ("wide", "narrow"))
    return None if wide is None or narrow is None else float(wide / narrow)


def check_same_bits(
    engine: Engine,
    cohorts: dict[str, BenchmarkCohort],
    n_variants: int,
    threads: int,
    work: Path,
) -> list[str]:
    """Scan every cohort and compare what was written with the first's, bit for bit.

    Returns
    -------
    list of str
        Names of the arrays that were compared.

    Raises
    ------
    WrongAnswer
        Naming the first array that differs.
    """
    with tempfile.TemporaryDirectory(prefix="subset-", dir=work) as place:
        paths = {}
        for name, cohort in cohorts.items():
            job = Job(cohort, n_variants, empty_folder(Path(place), name), threads)
            engine.prepare(job)
            child.run(engine.command(job))
            paths[name] = job.folder / "statistics.h5"
        first, *others = paths
        names: list[str] = []
        for other in others:
            names = same_bits(paths[first], paths[other], f"the {first} and the {other} file")
        return names


def same_bits(one_path: Path, other_path: Path, of: str) -> list[str]:
    """Compare every array of two statistics.h5 but the account of their blocks.

    Parameters
    ----------
    one_path, other_path : Path
    of : str
        What they are statistics of, for the message.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    WrongAnswer
        If an array is absent from either or differs in any bit.
    """
    with h5py.File(one_path) as one, h5py.File(other_path) as two:
        names = [_arrays(file) for file in (one, two)]
        for name in sorted({*names[0], *names[1]}):
            if name not in one or name not in two or not _is_equal(one[name], two[name]):
                raise WrongAnswer(
                    f"/{name} of the statistics of {of} differs; expected the same bits before "
                    'anything is timed. Run "igwas-fast doctor".'
                )
    return names[0]


def _arrays(file: Any) -> list[str]:
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return [name for name in sorted(found) if not name.startswith(_ITS_OWN)]


def _is_equal(one: Any, two: Any) -> bool:
    """Same type, shape and bits, slab by slab; NaN equals the same NaN."""
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if not one.shape:
        return bool(one[()] == two[()])
    step = max(1, _SLAB_VALUES // max(1, int(np.prod(one.shape[1:]))))
    for start in range(0, len(one), step):
        a, b = one[start : start + step], two[start : start + step]
        is_text = a.dtype == object
        if not (np.array_equal(a, b) if is_text else a.tobytes() == b.tobytes()):
            return False
    return True
