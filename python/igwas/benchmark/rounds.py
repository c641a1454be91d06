"""Interleaved repeats of whole commands: A B C A B C ..., medians, marginal and fixed cost."""

import functools
import logging
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.benchmark import child
from igwas.benchmark.cohort import BenchmarkCohort
from igwas.benchmark.engines.engine import Engine, Job
from igwas.benchmark.journal import Journal

_log = logging.getLogger("igwas")
# The shape that the engines' expected rates belong to.
_REFERENCE_TESTS = 65_629 * 128
_SMALL_SHARE = 5
QUANTITIES = ("wall_seconds", "cpu_seconds", "peak_bytes")


@dataclass(frozen=True)
class Task:
    """A command to repeat.

    Attributes
    ----------
    label : str
        Unique; the key in the journal.
    """

    label: str
    engine: Engine
    cohort: BenchmarkCohort
    n_variants: int
    threads: int


def variant_counts(engine: Engine, cohort: BenchmarkCohort, seconds: float) -> tuple[int, int]:
    """How many variants an engine is given, few and many; the difference gives the marginal cost.

    Parameters
    ----------
    engine : Engine
    cohort : BenchmarkCohort
    seconds : float
        About how long the larger run of a slow engine may take.
    """
    shape = cohort.shape
    many = shape.n_variants
    if engine.rate is not None:
        n_phenotypes = engine.n_tested_phenotypes or shape.n_phenotypes
        rate = engine.rate * _REFERENCE_TESTS / (shape.n_samples * n_phenotypes)
        many = min(many, max(20, round(rate * seconds)))
    return max(10, many // _SMALL_SHARE), many


def run_rounds(
    tasks: Sequence[Task],
    repeats: int,
    *,
    work: Path,
    journal: Journal,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Run every task once a round, in turn.

    Returns
    -------
    list of dict
        One a task, in order: label, engine, n_variants, threads, command, runs (one dict of
        QUANTITIES a round), and median, smallest, largest of each quantity.

    Raises
    ------
    CommandFailed
    """
    for task in tasks:
        task.engine.prepare(Job(task.cohort, task.n_variants, work, task.threads))
    runs: dict[str, list[dict[str, Any]]] = {task.label: [] for task in tasks}
    commands: dict[str, str] = {}
    done = 0
    for turn in range(repeats):
        for task in tasks:
            key = f"{task.label} round {turn}"
            command, usage = journal.once(key, functools.partial(_run, task, work))
            commands[task.label] = command
            runs[task.label].append(usage)
            done += 1
            _log.info("%s: %.2f s", key, usage["wall_seconds"])
            if progress:
                progress(done, repeats * len(tasks))
    return [_summary(task, commands[task.label], runs[task.label]) for task in tasks]


def _run(task: Task, work: Path) -> tuple[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="run-", dir=work) as folder:
        job = Job(task.cohort, task.n_variants, Path(folder), task.threads)
        command = task.engine.command(job)
        return command.text(), child.run(command).as_dict()


def _summary(task: Task, command: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "label": task.label,
        "engine": task.engine.name,
        "n_variants": task.n_variants,
        "threads": task.threads,
        "command": command,
        "runs": runs,
        **{quantity: spread([run[quantity] for run in runs]) for quantity in QUANTITIES},
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    {'median': 2.0, 'smallest': 1.0, 'largest': 3.0}
    """
    return {
        "median": statistics.median(values),
        "smallest": min(values),
        "largest": max(values),
    }


def cost(few: dict[str, Any], many: dict[str, Any], quantity: str) -> dict[str, float | None]:
    """Marginal and fixed cost from the medians at two numbers of variants.

    Returns
    -------
    dict
        seconds_per_variant, fixed_seconds, and variants_per_second both without the fixed cost
        (`marginal`) and with it (`whole`). The marginal ones are None where the repeats at the
        two numbers overlap: the difference is noise then.
    """
    short, long = (record[quantity]["median"] for record in (few, many))
    n_few, n_many = few["n_variants"], many["n_variants"]
    whole = n_many / long if long else None
    if n_many == n_few or many[quantity]["smallest"] <= few[quantity]["largest"]:
        return {
            "seconds_per_variant": None,
            "fixed_seconds": None,
            "variants_per_second_marginal": None,
            "variants_per_second_whole": whole,
        }
    slope = (long - short) / (n_many - n_few)
    return {
        "seconds_per_variant": slope,
        "fixed_seconds": max(0.0, short - slope * n_few),
        "variants_per_second_marginal": 1 / slope,
        "variants_per_second_whole": whole,
    }
