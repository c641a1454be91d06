"""How the cost of `igwas-fast assoc` grows along one axis at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from igwas.benchmark.cohort import BenchmarkCohort, make_cohort
from igwas.benchmark.engines.engine import Engine
from igwas.benchmark.engines.ours import Assoc, AssocDrop
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions, CohortShape
from igwas.benchmark.rounds import Task, cost, run_rounds
from igwas.benchmark.spectrum import SPECTRA

_SMALL_SHARE = 5
_SAMPLES = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000)
_PHENOTYPES = (1, 4, 16, 64, 128, 256, 512, 1024)
_MISSING = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05)
_QUICK = {"samples": (500, 1000, 2000), "phenotypes": (1, 8, 32), "missing": (0.0, 0.05)}


@dataclass(frozen=True)
class _Point:
    x: float | str
    shape: CohortShape
    n_variants: int
    threads: int


def measure_curve(
    name: str, options: BenchmarkOptions, *, work: Path, journal: Journal
) -> dict[str, Any]:
    """Measure one curve; the points take turns within each round.

    Parameters
    ----------
    name : str
        One of CURVES.
    options : BenchmarkOptions
    work : Path
    journal : Journal

    Returns
    -------
    dict
        For JSON: curve, unit, and one list of points and fits an engine.
    """
    points = _points(name, options)
    engines: list[Engine] = [Assoc(), AssocDrop()] if name == "missing" else [Assoc()]
    tasks = [
        Task(_label(name, engine, point, count), engine, cohort, count, point.threads)
        for point in points
        for cohort in [make_cohort(work, point.shape)]
        for engine in engines
        for count in _counts(name, point, cohort)
    ]
    records = run_rounds(tasks, options.repeats, work=work, journal=journal)
    by_label = {record["label"]: record for record in records}
    return {
        "curve": name,
        "engines": [_engine_curve(name, engine, points, by_label) for engine in engines],
    }


def _points(name: str, options: BenchmarkOptions) -> list[_Point]:
    base = options.shape.with_changes(n_variants=options.curve_variants)
    makers: dict[str, Callable[[], list[_Point]]] = {
        "samples": lambda: [
            _Point(n, base.with_changes(n_samples=n), base.n_variants, options.threads)
            for n in _axis("samples", _SAMPLES, options)
        ],
        "phenotypes": lambda: [
            _Point(n, base.with_changes(n_phenotypes=n), base.n_variants, options.threads)
            for n in _axis("phenotypes", _PHENOTYPES, options)
        ],
        "missing": lambda: [
            _Point(rate, base.with_changes(missing_rate=(rate, rate)), base.n_variants,
                   options.threads)
            for rate in _axis("missing", _MISSING, options)
        ],
        "frequency": lambda: [
            _Point(spectrum, base.with_changes(spectrum=spectrum), base.n_variants,
                   options.threads)
            for spectrum in SPECTRA
        ],
        "variants": lambda: [
            _Point(n, options.shape, n, options.threads)
            for n in sorted({max(20, options.shape.n_variants * k // 8) for k in (1, 2, 4, 8)})
        ],
        "threads": lambda: [
            _Point(n, base, base.n_variants, n)
            for n in sorted({options.threads, *(2**k for k in range(12) if 2**k < options.threads)})
        ],
    }  # fmt: skip
    return makers[name]()


def _axis(name: str, values: Sequence[float], options: BenchmarkOptions) -> Sequence[Any]:
    return _QUICK[name] if options.is_quick else values


def _counts(name: str, point: _Point, cohort: BenchmarkCohort) -> tuple[int, ...]:
    if name == "variants":
        return (point.n_variants,)
    return (max(10, cohort.shape.n_variants // _SMALL_SHARE), cohort.shape.n_variants)


def _label(name: str, engine: Engine, point: _Point, count: int) -> str:
    return f"curve {name}: {engine.name} at {point.x}, {count} variants"


def _engine_curve(
    name: str, engine: Engine, points: list[_Point], by_label: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    found = []
    for point in points:
        prefix = _label(name, engine, point, 0).removesuffix("0 variants")
        records = [record for label, record in by_label.items() if label.startswith(prefix)]
        entry: dict[str, Any] = {"x": point.x, "peak_bytes": records[-1]["peak_bytes"]["largest"]}
        for clock in ("wall_seconds", "cpu_seconds"):
            whole = records[-1][clock]["median"]
            entry[clock] = whole
            if name != "variants":
                entry[f"{clock}_cost"] = cost(records[0], records[-1], clock)
        found.append(entry)
    return {"engine": engine.name, "points": found, "fits": _fits(name, found)}


def _fits(name: str, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Straight lines through the whole time (variants) or the marginal cost (other axes)."""
    if any(isinstance(point["x"], str) for point in points):
        return {}
    fits = {}
    for clock in ("wall_seconds", "cpu_seconds"):
        pairs = [
            (float(point["x"]), value)
            for point in points
            if (value := _cost_of(name, point, clock)) is not None
        ]
        if len(pairs) >= 3:
            fits[clock] = fit_line([x for x, _ in pairs], [y for _, y in pairs])
    return fits


def _cost_of(name: str, point: dict[str, Any], clock: str) -> float | None:
    value = point[clock] if name == "variants" else point[f"{clock}_cost"]["seconds_per_variant"]
    return None if value is None else float(value)


def fit_line(x: Sequence[float], y: Sequence[float]) -> dict[str, float]:
    """Least squares line, the share of variance it explains, and the exponent of a power law.

    An exponent of 1 is a cost that grows in proportion; below 1, a part of it is fixed.

    Examples
    --------
    >>> fit = fit_line([1.0, 2.0, 4.0], [3.0, 5.0, 9.0])
    >>> round(fit["slope"], 6), round(fit["intercept"], 6), round(fit["r_squared"], 6)
    (2.0, 1.0, 1.0)
    """
    slope, intercept = np.polyfit(x, y, 1)
    residual = np.asarray(y) - (slope * np.asarray(x) + intercept)
    spread = float(np.var(y))
    positive = np.array([(a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0])
    logs = np.log(positive)
    exponent = np.polyfit(logs[:, 0], logs[:, 1], 1)[0] if len(logs) >= 2 else float("nan")
    return {
        "slope": float(slope),
        "intercept": float(intercept),
        "r_squared": 1 - float(np.var(residual)) / spread if spread else 1.0,
        "exponent": float(exponent),
    }
