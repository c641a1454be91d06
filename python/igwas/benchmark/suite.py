"""The whole benchmark in order, to one JSON file."""

import datetime
import hashlib
import json
import logging
import math
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.benchmark import answers, child
from igwas.benchmark.cohort import BenchmarkCohort, digest_of, make_cohort
from igwas.benchmark.curves import measure_curve
from igwas.benchmark.engines import ENGINES, Assoc, AssocText, Engine, Job
from igwas.benchmark.engines.engine import DROP
from igwas.benchmark.journal import Journal
from igwas.benchmark.kernel import measure_dosages, measure_kernel
from igwas.benchmark.machine import describe_machine, load_average
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.rounds import Task, cost, run_rounds, variant_counts
from igwas.benchmark.subset import measure_subset
from igwas.doctor import diagnose
from igwas.errors import IgwasError, OutputError
from igwas.sole_writer import refuse_existing, refuse_special, require_folder, sole_writer

FORMAT = "igwas benchmark"
SCHEMA_VERSION = 1
_N_CHECKED = 24
_START_UP_VARIANTS = 16
_log = logging.getLogger("igwas")


@dataclass
class _Run:
    """What the parts share."""

    options: BenchmarkOptions
    cohort: BenchmarkCohort
    work: Path
    journal: Journal
    engines: list[Engine]

    @property
    def threads(self) -> int:
        return self.options.threads


def run_benchmark(
    options: BenchmarkOptions,
    output: Path,
    work: Path,
    *,
    is_resumed: bool = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Measure what the options ask for and write it as JSON.

    Cohorts stay in the work folder for the next time; finished measurements stay there until all
    are made, so that an interrupted run goes on where it was.

    Parameters
    ----------
    options : BenchmarkOptions
    output : Path
        The JSON file; it appears once everything is measured.
    work : Path
        Folder for cohorts and what the programs write; made if its parent exists.
    is_resumed : bool
        Use the measurements of an interrupted run of the same options and version.
    overwrite : bool
        Replace an existing result.

    Returns
    -------
    dict
        What was written; `benchmarks/README.md` describes it.

    Raises
    ------
    OutputError
        If the result exists and `overwrite` is false, or a folder does not exist.
    WrongAnswer
        If a program's answers are not right; nothing is timed then.
    CommandFailed
        If a program ends with an error.
    """
    output, work = output.resolve(), work.resolve()
    _prepare(output, work, overwrite)
    with sole_writer(output), sole_writer(work / "benchmark"):
        diagnosis = diagnose()
        if not diagnosis.is_healthy:
            raise IgwasError('the self-test failed; expected success. Run "igwas-fast doctor".')
        machine = describe_machine(diagnosis)
        identity = _identity(options, machine)
        journal = Journal(work / f"journal-{identity}.jsonl", is_resumed=is_resumed)
        if is_resumed:
            _log.info("%d measurements of an earlier run are kept", len(journal))
        record = _head(options, machine, journal)
        record |= _measure(options, work, journal)
        record["load_average"]["end"] = load_average()
        _write(record, output)
        journal.remove()
    return record


def _prepare(output: Path, work: Path, overwrite: bool) -> None:
    refuse_existing(output, overwrite=overwrite)
    refuse_special(output)
    if work.exists() and not work.is_dir():
        raise OutputError(f"{work} is no folder; expected one. Choose another with --work.")
    for path in (output, work):
        require_folder(path)
    work.mkdir(exist_ok=True)


def _identity(options: BenchmarkOptions, machine: dict[str, Any]) -> str:
    """Digest of all that a kept measurement depends on."""
    content = [options.as_dict(), __version__, machine["commit"], machine["core_digest"],
               machine["processor"], machine["cores"], digest_of(options.shape)]  # fmt: skip
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _head(options: BenchmarkOptions, machine: dict[str, Any], journal: Journal) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    start = journal.once("start", lambda: {"created": now, "load_average": load_average()})
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "igwas_version": __version__,
        "created": start["created"],
        "command": " ".join(["igwas-fast", *sys.argv[1:]]),
        "options": options.as_dict(),
        "machine": machine,
        "load_average": {"start": start["load_average"]},
    }


def _measure(options: BenchmarkOptions, work: Path, journal: Journal) -> dict[str, Any]:
    cohort = make_cohort(work, options.shape)
    chosen = [kind() for kind in ENGINES if _is_chosen(kind.name, options)]
    tools = {engine.name: _tool(engine) for engine in chosen}
    here = [engine for engine in chosen if "missing" not in tools[engine.name]]
    run = _Run(options, cohort, work, journal, here)
    record: dict[str, Any] = {"tools": tools}
    record["answers"] = journal.once("answers", lambda: check_answers(run))
    parts: dict[str, Callable[[_Run], Any]] = {
        "limits": _limits, "commands": _commands, "kernel": _kernel, "dosages": _dosages,
        "startup": _start_up, "subset": _subset,
    }  # fmt: skip
    for name, measure in parts.items():
        if name in options.parts:
            _log.info("measuring: %s", name)
            record[name] = measure(run)
    record["curves"] = [
        measure_curve(name, options, work=work, journal=journal) for name in options.curves
    ]
    return record


def _is_chosen(name: str, options: BenchmarkOptions) -> bool:
    if "commands" not in options.parts:
        # Curves and start-up time ours alone; its answers are still checked.
        return name == Assoc.name or (name == "igwas-drop" and "missing" in options.curves)
    return options.engines is None or name in options.engines


def _tool(engine: Engine) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": engine.title, "oracle": engine.oracle, "note": engine.note,
                             "is_ours": engine.is_ours}  # fmt: skip
    reason = engine.missing_reason()
    if reason:
        _log.info("%s is left out: %s", engine.title, reason)
        return {**facts, "missing": reason}
    return {**facts, "version": engine.version()}


def check_answers(run: _Run) -> list[dict[str, Any]]:
    """Run every engine once, on few variants, and ours on all; compare them with their oracles."""
    oracle = answers.Oracle(run.cohort)
    checked = []
    ours_dropping: tuple[Engine, Job] | None = None
    with tempfile.TemporaryDirectory(prefix="answers-", dir=run.work) as place:
        for engine in run.engines:
            few, many = variant_counts(engine, run.cohort, run.options.engine_seconds)
            count = many if engine.is_ours else few
            _log.info("checking the answers of %s on %d variants", engine.title, count)
            job = Job(run.cohort, count, answers.empty_folder(Path(place), engine.name),
                      run.threads)  # fmt: skip
            variants = answers.sample_variants(count, _N_CHECKED)
            checked.append(answers.check(engine, job, oracle, variants))
            if engine.oracle != DROP:
                continue
            if engine.is_ours:
                ours_dropping = ours_dropping or (engine, job)
            elif ours_dropping is not None:
                ours, our_job = ours_dropping
                found, expected = engine.read(job, variants), ours.read(our_job, variants)
                checked.append(answers.check_against(engine, found, ours, expected))
    return checked


def _limits(run: _Run) -> Any:
    shape = run.cohort.shape
    size = ("--square", "1024", "--repeats", "3") if run.options.is_quick else ()
    words = (
        sys.executable, child.script("limits.py"), "--file", str(run.cohort.genotypes()),
        "--threads", str(run.threads), *size,
        "--scan", "512", str(shape.n_samples), str(shape.n_phenotypes + shape.n_covariates),
    )  # fmt: skip
    return run.journal.once("limits", lambda: child.run_json(child.Command(words, run.work)))


def _kernel(run: _Run) -> Any:
    return measure_kernel(run.options, work=run.work, journal=run.journal)


def _dosages(run: _Run) -> Any:
    return measure_dosages(run.options, work=run.work, journal=run.journal)


def _subset(run: _Run) -> Any:
    return measure_subset(run.cohort, run.options, work=run.work, journal=run.journal)


def _commands(run: _Run) -> dict[str, Any]:
    tasks = []
    for engine in run.engines:
        counts = variant_counts(engine, run.cohort, run.options.engine_seconds)
        tasks += [
            Task(f"{engine.name}, {n} variants", engine, run.cohort, n, run.threads)
            for n in dict.fromkeys(counts)
        ]
    records = run_rounds(tasks, run.options.repeats, work=run.work, journal=run.journal)
    rates = {}
    for engine in run.engines:
        own = [record for record in records if record["engine"] == engine.name]
        rates[engine.name] = {
            clock: cost(own[0], own[-1], clock) for clock in ("wall_seconds", "cpu_seconds")
        }
    return {"runs": records, "rates": rates}


def _start_up(run: _Run) -> list[dict[str, Any]]:
    tasks = [
        Task(f"start-up: {engine.title}", engine, run.cohort, _START_UP_VARIANTS, run.threads)
        for engine in (Assoc(), AssocText())
    ]
    return run_rounds(tasks, run.options.repeats, work=run.work, journal=run.journal)


def _write(record: dict[str, Any], output: Path) -> None:
    partial = output.with_name(output.name + ".partial")
    try:
        partial.write_text(json.dumps(_finite(record), indent=1, allow_nan=False) + "\n")
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _finite(value: Any) -> Any:
    """The same without NaN and infinities, which JSON has not."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
