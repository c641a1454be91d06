"""A benchmark's JSON as Markdown: every figure names its machine, commit and command."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from igwas.benchmark.report_products import dosage_section, kernel_section, subset_section
from igwas.benchmark.report_tables import (
    answer_rows,
    curve_sections,
    limit_rows,
    rate_rows,
    run_rows,
    start_up_rows,
    table,
)
from igwas.benchmark.suite import FORMAT, SCHEMA_VERSION
from igwas.errors import InputError, SchemaError

_HEAD = """# Benchmarks

Written by `igwas-fast bench --report` from the recorded results; do not edit it here. Times are
medians over interleaved rounds, the smallest and largest in brackets; only ratios within one run
count, because machines and their load differ. Programs that were not there are listed as missing
and nothing is said of their speed. `benchmarks/README.md` says how everything is measured.
"""


def read_result(path: Path) -> dict[str, Any]:
    """Read a result that `igwas-fast bench` wrote.

    Raises
    ------
    InputError
        If it is none, or of a newer version.
    """
    try:
        record = json.loads(path.read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no JSON ({error}); expected a result of igwas-fast bench. Check the name."
        ) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InputError(f"{path} is no {FORMAT}; expected what igwas-fast bench -o wrote.")
    if record.get("schema_version", 0) > SCHEMA_VERSION:
        raise SchemaError(
            f"{path} has schema version {record['schema_version']}; expected at most "
            f"{SCHEMA_VERSION}. It was written by a newer igwas-fast: upgrade this one."
        )
    return record


def write_report(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Write the page.

    Parameters
    ----------
    records : sequence of dict
        Results, each a section.
    path : Path
        Replaced if it exists.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(render(records))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def render(records: Sequence[dict[str, Any]]) -> str:
    """Text of the page."""
    return "\n".join([_HEAD, *(_section(record) for record in records)]).rstrip() + "\n"


def _section(record: dict[str, Any]) -> str:
    shape = record["options"]["shape"]
    title = (
        f"## {shape['n_samples']:,} samples x {shape['n_variants']:,} variants x "
        f"{shape['n_phenotypes']:,} phenotypes, {record['options']['threads']} threads"
    )
    parts: Iterable[str | None] = (
        title,
        _where(record),
        _answers(record),
        _commands(record),
        kernel_section(record),
        dosage_section(record),
        _limits(record),
        _start_up(record),
        subset_section(record),
        *curve_sections(record),
        _missing(record),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _where(record: dict[str, Any]) -> str:
    shape, machine = record["options"]["shape"], record["machine"]
    low, high = shape["missing_rate"]
    load = record["load_average"]
    facts = [
        ("Machine", f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
                    f"{machine['system']}"),
        ("Instruction set of the core", machine["core_simd"]),
        ("Commit", machine["commit"]),
        ("When", record["created"]),
        ("Command", f"`{record['command']}`"),
        ("Load average", f"{load['start'][0]} at the start, {load['end'][0]} at the end "
                         "(this benchmark's own work included)"),
        ("Cohort", f"{shape['spectrum']} frequencies, {100 * low:g}-{100 * high:g} % missing calls "
                   f"a variant, {shape['n_covariates']} covariates with the intercept, "
                   f"seed {shape['seed']}"),
        ("Repeats", str(record["options"]["repeats"])),
        ("Versions", ", ".join(f"{name} {version}" for name, version in _versions(record))),
    ]  # fmt: skip
    return "\n".join(f"- {name}: {value}" for name, value in facts)


def _versions(record: dict[str, Any]) -> list[tuple[str, str]]:
    ours = record["machine"]["versions"]
    wanted = [(name, ours[name]) for name in ("igwas-fast", "python", "numpy", "scipy", "h5py")]
    programs = {
        tool["version"]
        for tool in record["tools"].values()
        if not tool["is_ours"] and "version" in tool
    }
    return [*wanted, *(("with", version) for version in sorted(programs))]


def _answers(record: dict[str, Any]) -> str:
    head = (
        "program",
        "against",
        "variants",
        "tests",
        "quantity",
        "largest error",
        "largest absolute t",
    )
    return "### Answers, checked before anything was timed\n\n" + table(head, answer_rows(record))


def _commands(record: dict[str, Any]) -> str | None:
    if "commands" not in record:
        return None
    n_variants = record["options"]["shape"]["n_variants"]
    head = ("program", "marginal variants/s", "fixed s", f"s for {n_variants:,} variants",
            "igwas-fast is faster: marginal", "with start-up", "CPU, marginal",
            "peak MB")  # fmt: skip
    runs = ("program", "variants", "wall s", "CPU s", "peak MB", "command")
    return (
        "### Whole commands, file to file\n\n"
        "Each program runs on two numbers of variants; the difference is the marginal cost of a "
        "variant, the rest the fixed cost (start-up). Where a program ran on fewer variants, its "
        "time for all is the fixed cost and the marginal cost times all (marked ~). Programs that "
        "leave missing calls out are compared with `--missing drop`, the "
        "others with the default.\n\n"
        + table(head, rate_rows(record))
        + "\n\nEvery run:\n\n"
        + table(runs, run_rows(record["commands"]["runs"], record["tools"]))
    )


def _limits(record: dict[str, Any]) -> str | None:
    if "limits" not in record:
        return None
    return (
        "### Limits of the machine, measured in the same run\n\n"
        "The peak of float32 fused multiply-adds is stood in for by a large square product of the "
        "BLAS; the scan's own shape is slower.\n\n"
        + table(("limit", "threads", "median", "smallest", "largest"), limit_rows(record))
    )


def _start_up(record: dict[str, Any]) -> str | None:
    if "startup" not in record:
        return None
    return "### Start-up: a scan of one block of 16 variants\n\n" + table(
        ("phenotypes from", "wall s", "CPU s", "peak MB"), start_up_rows(record)
    )


def _missing(record: dict[str, Any]) -> str | None:
    absent = [
        f"- {tool['title']}: {tool['missing']}"
        for tool in record["tools"].values()
        if "missing" in tool
    ]
    return "### Not measured\n\n" + "\n".join(absent) if absent else None
