"""Rows of the report's tables, from a benchmark's JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from igwas.benchmark.engines.engine import DROP
from igwas.benchmark.rounds import spread

UNKNOWN = "-"
_OURS, _OURS_DROPPING = "igwas", "igwas-drop"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    Examples
    --------
    >>> print(table(("a", "b"), [("1", "2")]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines)


def number(value: float | None) -> str:
    """Three digits, or a dash.

    Examples
    --------
    >>> number(12345.6), number(0.01234), number(12.345), number(None)
    ('12,300', '0.0123', '12.3', '-')
    """
    if value is None:
        return UNKNOWN
    if abs(value) >= 100:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def in_brackets(values: dict[str, float], unit: float = 1.0) -> str:
    """Median, and smallest and largest in brackets.

    Examples
    --------
    >>> in_brackets({"median": 2.0, "smallest": 1.0, "largest": 3.0})
    '2 (1-3)'
    """
    median, low, high = (number(values[name] / unit) for name in ("median", "smallest", "largest"))
    return f"{median} ({low}-{high})"


def answer_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a comparison."""
    return [
        (
            record["tools"][found["engine"]]["title"],
            found["against"],
            str(found["n_variants"]),
            f"{found['n_tests']:,}",
            found["what"],
            f"{found['largest_error']:.2g}",
            number(found["largest_value"]),
        )
        for found in record["answers"]
    ]


def rate_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a program: rates, time for all variants, and ours against it."""
    rates, total = record["commands"]["rates"], record["options"]["shape"]["n_variants"]
    rows: list[tuple[str, ...]] = []
    for name, rate in rates.items():
        tool = record["tools"][name]
        wall, cpu = rate["wall_seconds"], rate["cpu_seconds"]
        own = [run for run in record["commands"]["runs"] if run["engine"] == name]
        seconds, is_measured = seconds_for(own, wall, total)
        ours = _reference(record, tool)
        rows.append((
            tool["title"],
            number(wall["variants_per_second_marginal"]),
            number(wall["fixed_seconds"]),
            UNKNOWN if seconds is None else ("" if is_measured else "~") + number(seconds),
            *_advantage(tool, wall, cpu, seconds, ours),
            number(max(run["peak_bytes"]["largest"] for run in own) / 1e6),
        ))  # fmt: skip
    return rows


def seconds_for(
    runs: Sequence[dict[str, Any]], wall: dict[str, Any], total: int
) -> tuple[float | None, bool]:
    """Wall seconds for `total` variants, and whether that was measured and not extrapolated."""
    if runs[-1]["n_variants"] == total:
        return float(runs[-1]["wall_seconds"]["median"]), True
    if wall["seconds_per_variant"] is None:
        return None, False
    return wall["fixed_seconds"] + total * wall["seconds_per_variant"], False


def _reference(record: dict[str, Any], tool: dict[str, Any]) -> dict[str, Any] | None:
    """What of ours a program is compared with: the same treatment of missing calls."""
    name = _OURS_DROPPING if tool["oracle"] == DROP else _OURS
    rates = record["commands"]["rates"]
    if name not in rates:
        return None
    runs = [run for run in record["commands"]["runs"] if run["engine"] == name]
    total = record["options"]["shape"]["n_variants"]
    seconds, _ = seconds_for(runs, rates[name]["wall_seconds"], total)
    return {**rates[name], "seconds": seconds}


def _advantage(
    tool: dict[str, Any],
    wall: dict[str, Any],
    cpu: dict[str, Any],
    seconds: float | None,
    ours: dict[str, Any] | None,
) -> tuple[str, str, str]:
    if ours is None or tool["is_ours"]:
        return (UNKNOWN,) * 3
    slope = "seconds_per_variant"
    return (
        _times(wall[slope], ours["wall_seconds"][slope]),
        _times(seconds, ours["seconds"]),
        _times(cpu[slope], ours["cpu_seconds"][slope]),
    )


def _times(theirs: float | None, ours: float | None) -> str:
    return UNKNOWN if not theirs or not ours else number(theirs / ours) + "x"


def run_rows(runs: Iterable[dict[str, Any]], tools: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a command."""
    return [
        (
            tools[run["engine"]]["title"],
            f"{run['n_variants']:,}",
            in_brackets(run["wall_seconds"]),
            in_brackets(run["cpu_seconds"]),
            number(run["peak_bytes"]["largest"] / 1e6),
            f"`{run['command']}`",
        )
        for run in runs
    ]


def limit_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a limit and number of threads."""
    limits = record["limits"]
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']}, core type {pool['architecture']}"
        for pool in limits["blas"]
    )
    titles = {
        "square_sgemm_gflops": f"sgemm {_shape(limits['square_shape'])}, GFLOP/s ({blas})",
        "scan_sgemm_gflops": f"sgemm {_shape(limits['scan_shape'])}, GFLOP/s",
        "read_gigabytes_per_second": "pread from the page cache, GB/s",
    }
    return [
        (title, threads, *(number(value) for value in spread(values).values()))
        for key, title in titles.items()
        for threads, values in limits[key].items()
    ]


def _shape(shape: Sequence[int]) -> str:
    m, k, n = shape
    return f"{m} x {k} by {k} x {n}"


def start_up_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """From phenotypes.h5 and from text."""
    return [
        (
            "text table" if run["engine"] == "igwas-text" else "phenotypes.h5",
            in_brackets(run["wall_seconds"]),
            in_brackets(run["cpu_seconds"]),
            number(run["peak_bytes"]["largest"] / 1e6),
        )
        for run in record["startup"]
    ]


def command_share(record: dict[str, Any]) -> float | None:
    """Marginal rate of the whole command over that of the product; None if not both measured."""
    rate = record.get("commands", {}).get("rates", {}).get(_OURS)
    spectrum = record["options"]["shape"]["spectrum"]
    kernel = {found["spectrum"]: found for found in record.get("kernel", {}).get("spectra", [])}
    if rate is None or spectrum not in kernel:
        return None
    marginal = rate["wall_seconds"]["variants_per_second_marginal"]
    product = spread(kernel[spectrum]["rates"]["igwas"])["median"]
    return None if marginal is None else float(marginal) / product


def curve_sections(record: dict[str, Any]) -> list[str]:
    """One section a curve."""
    return [
        _curve(found, engine) for found in record.get("curves", []) for engine in found["engines"]
    ]


def _curve(found: dict[str, Any], engine: dict[str, Any]) -> str:
    name = found["curve"]
    is_whole = name == "variants"
    head = (name, "wall s" if is_whole else "wall us/variant",
            "CPU s" if is_whole else "CPU us/variant", "fixed wall s", "peak MB")  # fmt: skip
    rows = [
        (
            _point_name(name, point["x"]),
            *_point_costs(point, is_whole),
            number(point["peak_bytes"] / 1e6),
        )
        for point in engine["points"]
    ]
    fits = [
        f"{'wall' if clock == 'wall_seconds' else 'CPU'}: R^2 of a straight line "
        f"{fit['r_squared']:.4f}, exponent of a power law {number(fit['exponent'])}"
        for clock, fit in engine["fits"].items()
    ]
    text = f"### Curve: {name}, {engine['engine']}\n\n" + table(head, rows)
    return text + ("\n\nFit of " + "; of ".join(fits) + "." if fits else "")


def _point_name(name: str, x: Any) -> str:
    if isinstance(x, str):
        return x
    return f"{100 * x:g} %" if name == "missing" else f"{x:,}"


def _point_costs(point: dict[str, Any], is_whole: bool) -> tuple[str, str, str]:
    if is_whole:
        return number(point["wall_seconds"]), number(point["cpu_seconds"]), UNKNOWN
    wall, cpu = point["wall_seconds_cost"], point["cpu_seconds_cost"]
    micro = [
        None if cost["seconds_per_variant"] is None else 1e6 * cost["seconds_per_variant"]
        for cost in (wall, cpu)
    ]
    return number(micro[0]), number(micro[1]), number(wall["fixed_seconds"])
