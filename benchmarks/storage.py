"""How hard calls are stored: file size, conversion and scan of chunk shapes and codecs, in turn.

Converts the .bed of a simulated cohort to genotypes.h5 in several ways, checks that scans of all of
them give the same bits as a scan of the .bed, then converts and scans in turn and takes medians.
Writes JSON, and prints (or writes with --report) a Markdown table.

    python benchmarks/storage.py --work build/benchmark -o build/storage.json
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from igwas.benchmark import child
from igwas.benchmark.cohort import BenchmarkCohort, make_cohort
from igwas.benchmark.engines import Assoc
from igwas.benchmark.journal import Journal
from igwas.benchmark.machine import describe_machine, load_average
from igwas.benchmark.options import CohortShape
from igwas.benchmark.report_tables import in_brackets, number, table
from igwas.benchmark.rounds import Task, cost, run_rounds, spread
from igwas.benchmark.subset import check_same_bits
from igwas.doctor import diagnose
from igwas.genotypes.chunk_index import default_rows_per_chunk

_SMALL_SHARE = 5


@dataclasses.dataclass(frozen=True)
class Storage:
    """A way to store hard calls; no options is the .bed in place."""

    title: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For file names."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title)


@dataclasses.dataclass(frozen=True)
class StoredCohort(BenchmarkCohort):
    """A cohort whose genotypes were converted."""

    storage: Storage
    place: Path

    def genotypes(self, n_variants: int | None = None) -> Path:
        """The converted file, or the .bed in place."""
        if not self.storage.options:
            return super().genotypes(n_variants)
        return self.place / f"{self.storage.name}-{n_variants or self.shape.n_variants}.h5"

    def conversion(self, n_variants: int, threads: int) -> child.Command:
        """The command that makes it."""
        source = super().genotypes(n_variants)
        words = (
            sys.executable, "-m", "igwas", "genotypes", os.path.relpath(source, self.place),
            "-o", self.genotypes(n_variants).name, *self.storage.options,
            "--threads", str(threads), "--overwrite", "-q",
        )  # fmt: skip
        return child.Command(words, self.place)


def storages(row_bytes: int) -> list[Storage]:
    """What is compared; rows per chunk are those of the default, a quarter and four times."""
    rows = default_rows_per_chunk(row_bytes)
    quarter, fourfold = str(max(1, rows // 4)), str(4 * rows)
    level = ("--compression-level", "1")
    return [
        Storage(".bed in place"),
        Storage(f"raw, {rows} rows a chunk", ("--raw",)),
        *(
            Storage(f"zstd {n}, {rows} rows a chunk", ("--compression-level", str(n)))
            for n in (1, 3, 9)
        ),
        Storage(f"raw, {quarter} rows a chunk", ("--raw", "--rows-per-chunk", quarter)),
        Storage(f"raw, {fourfold} rows a chunk", ("--raw", "--rows-per-chunk", fourfold)),
        Storage(f"zstd 1, {quarter} rows a chunk", (*level, "--rows-per-chunk", quarter)),
        Storage(f"zstd 1, {fourfold} rows a chunk", (*level, "--rows-per-chunk", fourfold)),
    ]


def measure(work: Path, shape: CohortShape, *, threads: int, repeats: int) -> list[dict[str, Any]]:
    """Convert and scan in turn.

    Returns
    -------
    list of dict
        By way of storing: `title`, `options`, `bytes`, `conversion_seconds` (None for the .bed),
        `runs` and `rates` of the scan.

    Raises
    ------
    WrongAnswer
        If a scan of a converted file differs in any bit from that of the .bed.
    """
    cohort = make_cohort(work, shape)
    counts = (max(10, shape.n_variants // _SMALL_SHARE), shape.n_variants)
    with tempfile.TemporaryDirectory(prefix="storage-", dir=work) as folder:
        place = Path(folder)
        kinds = [
            StoredCohort(cohort.folder, shape, storage, place)
            for storage in storages(cohort.row_bytes)
        ]
        seconds = _convert(kinds, counts, threads, repeats)
        engine = Assoc()
        check_same_bits(
            engine, {kind.storage.name: kind for kind in kinds}, counts[-1], threads, work
        )
        tasks = [
            Task(f"{kind.storage.name}, {n} variants", engine, kind, n, threads)
            for kind in kinds
            for n in counts
        ]
        journal = Journal(place / "journal.jsonl", is_resumed=False)
        records = run_rounds(tasks, repeats, work=work, journal=journal)
        return [_found(kind, records, seconds) for kind in kinds]


def _convert(
    kinds: list[StoredCohort], counts: tuple[int, int], threads: int, repeats: int
) -> dict[str, list[float]]:
    """Wall seconds of every conversion of all variants; those of fewer are made and not timed."""
    converted = [kind for kind in kinds if kind.storage.options]
    for kind in converted:
        child.run(kind.conversion(counts[0], threads))
    found: dict[str, list[float]] = {kind.storage.name: [] for kind in converted}
    for _ in range(repeats):
        for kind in converted:
            usage = child.run(kind.conversion(counts[1], threads))
            found[kind.storage.name].append(usage.wall_seconds)
    return found


def _found(
    kind: StoredCohort, records: list[dict[str, Any]], seconds: dict[str, list[float]]
) -> dict[str, Any]:
    name = kind.storage.name
    own = [record for record in records if record["label"].startswith(f"{name},")]
    return {
        "title": kind.storage.title,
        "options": kind.storage.options,
        "bytes": kind.genotypes().stat().st_size,
        "conversion_seconds": spread(seconds[name]) if name in seconds else None,
        "runs": own,
        "rates": {clock: cost(own[0], own[-1], clock) for clock in ("wall_seconds", "cpu_seconds")},
    }


def render(record: dict[str, Any]) -> str:
    """The result as Markdown, with machine, commit and command."""
    shape, machine = record["shape"], record["machine"]
    head = ("stored as", "MB", "conversion s", "scan: marginal variants/s", "CPU us a variant",
            f"wall s for {shape['n_variants']:,} variants", "CPU s", "peak MB")  # fmt: skip
    where = (
        f"{shape['n_samples']:,} samples x {shape['n_variants']:,} variants x "
        f"{shape['n_phenotypes']:,} phenotypes, {record['threads']} threads, medians of "
        f"{record['repeats']} interleaved rounds (smallest-largest). {machine['processor']}, "
        f"{machine['cores']} cores, {machine['core_simd']}; commit {machine['commit']}; load "
        f"average {record['load_average']['start'][0]} at the start. `{record['command']}`"
    )
    return f"{where}\n\n{table(head, [_row(found) for found in record['found']])}\n"


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    last, rates = found["runs"][-1], found["rates"]
    conversion, slope = found["conversion_seconds"], rates["cpu_seconds"]["seconds_per_variant"]
    return (
        found["title"],
        number(found["bytes"] / 1e6),
        "-" if conversion is None else in_brackets(conversion),
        number(rates["wall_seconds"]["variants_per_second_marginal"]),
        number(None if slope is None else 1e6 * slope),
        in_brackets(last["wall_seconds"]),
        in_brackets(last["cpu_seconds"]),
        number(last["peak_bytes"]["largest"] / 1e6),
    )


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps cohorts")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON to write")
    parser.add_argument("--report", type=Path, help="Markdown to write in place of printing it")
    parser.add_argument("--samples", type=int, default=65_629)
    parser.add_argument("--variants", type=int, default=20_000)
    parser.add_argument("--phenotypes", type=int, default=128)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    if given.output.exists():
        parser.error(f"{given.output} exists; expected a new file. Choose another with -o.")
    if not given.work.is_dir():
        parser.error(f"folder {given.work} does not exist; expected one. Make it first.")
    shape = CohortShape(
        n_samples=given.samples, n_variants=given.variants, n_phenotypes=given.phenotypes
    )
    record = {
        "format": "igwas storage measurement",
        "command": " ".join(["python", "benchmarks/storage.py", *sys.argv[1:]]),
        "shape": dataclasses.asdict(shape),
        "threads": given.threads,
        "repeats": given.repeats,
        "machine": describe_machine(diagnose()),
        "load_average": {"start": load_average()},
    }
    work = given.work.resolve()
    record["found"] = measure(work, shape, threads=given.threads, repeats=given.repeats)
    partial = given.output.with_name(given.output.name + ".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n")
    partial.replace(given.output)
    if given.report:
        given.report.write_text(render(record))
    else:
        print(render(record))


if __name__ == "__main__":
    main()
