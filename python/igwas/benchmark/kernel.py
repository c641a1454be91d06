"""The product alone against decode + sgemm: in one process, in turn, calls already in memory."""

from pathlib import Path
from typing import Any

from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions


def measure_kernel(options: BenchmarkOptions, *, work: Path, journal: Journal) -> Any:
    """Measure."""
    return {"missing": "this build of the core has no multiply_calls"}
