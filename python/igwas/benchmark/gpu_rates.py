"""How fast this machine's GPUs are, beside its CPU and beside what their data sheets allow.

    python -m igwas.benchmark.gpu_rates -o build/gpu/benchmark.json [--quick]

Every measurement is repeated and its answer compared with the CPU's before the clock starts. What
would begin after --minutes is left out, and said to be. Exit status 77 if there is no GPU.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from igwas import _core
from igwas.association import device
from igwas.association.core_scan import make_source
from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.benchmark.cohort import BenchmarkCohort, make_cohort
from igwas.benchmark.gpu_array_rates import array_rates
from igwas.benchmark.gpu_arrays import Put, array_libraries, libraries_left_out
from igwas.benchmark.gpu_command import gpu_main
from igwas.benchmark.gpu_comparison import read_arrays, require_same
from igwas.benchmark.options import CohortShape
from igwas.context import Context
from igwas.genotypes.genotype_file import open_genotypes

FULL = CohortShape(n_variants=40_000)
QUICK = CohortShape(n_samples=203, n_variants=60, n_phenotypes=5, n_covariates=3)
# Variants of arrays that other libraries put on a GPU: a gigabyte of float32.
_ARRAY_VARIANTS = 4_000
# Dense operations on bytes a second by data sheet, in 10^12, by the name that the driver gives:
# cards of one letter and number differ by up to a quarter with their socket, and laptops by more.
TERA_OPERATIONS = {
    "NVIDIA H200": 1979.0, "NVIDIA H100 80GB HBM3": 1979.0, "NVIDIA H100 NVL": 1671.0,
    "NVIDIA H100 PCIe": 1513.0, "NVIDIA A100-SXM4-80GB": 624.0, "NVIDIA A100-SXM4-40GB": 624.0,
    "NVIDIA A100 80GB PCIe": 624.0, "NVIDIA A100-PCIE-40GB": 624.0, "NVIDIA L40S": 733.0,
    "NVIDIA L40": 362.0, "NVIDIA L4": 242.0, "NVIDIA GeForce RTX 4090": 661.0,
    "NVIDIA GeForce RTX 3060": 102.0, "Tesla T4": 130.0,
}  # fmt: skip
# Of the kernel's tiles (cpp/cuda/tile_shape.hpp).
_UNIT_SAMPLES, _TILE_COLUMNS, _DIGITS = 64, 32, 3


def operations_of_a_row(n_samples: int, n_columns: int) -> int:
    """Multiplications and additions of bytes that one row of sums takes, padding included.

    Examples
    --------
    >>> operations_of_a_row(65_629, 149)
    63037440
    """
    samples = -(-n_samples // _UNIT_SAMPLES) * _UNIT_SAMPLES
    return 2 * _DIGITS * samples * -(-n_columns // _TILE_COLUMNS) * _TILE_COLUMNS


def data_sheet(name: str) -> float | None:
    """A GPU's 10^12 byte operations a second; None if its very name is not in the list.

    Examples
    --------
    >>> data_sheet("NVIDIA H100 80GB HBM3"), data_sheet("NVIDIA H100 80GB HBM3 MIG 1g.10gb")
    (1979.0, None)
    """
    return TERA_OPERATIONS.get(name.strip())


class Rates:
    """Measures until its time is over."""

    def __init__(
        self, cohort: BenchmarkCohort, *, rounds: int, minutes: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:  # fmt: skip
        self.cohort, self.rounds, self._clock = cohort, rounds, clock
        self._until = clock() + 60 * minutes
        self.left_out: list[str] = []

    def _has_time(self, what: str) -> bool:
        if self._clock() <= self._until:
            return True
        self.left_out.append(what)
        return False

    def products(self, gpus: tuple[int, ...], *, is_full: bool) -> dict[str, Any] | None:
        """Sums alone, genotypes in memory: variants a second on the CPU and on GPUs.

        Raises
        ------
        IgwasError
            If the two differ.
        """
        what = f"products, {'full' if is_full else 'standard'}"
        if not self._has_time(what):
            return None
        shape = self.cohort.shape
        columns = np.random.default_rng(1).normal(
            size=(shape.n_samples, -(-(shape.n_phenotypes + shape.n_covariates) // 8) * 8)
        )
        on_gpu = device.open_device(Context(device="cuda", gpus=gpus))
        with open_genotypes(self.cohort.genotypes()) as file:
            source = make_source(file)
            found, expected = (
                self._multiply(source, columns, is_full, on) for on in (on_gpu, None)
            )
        sums = [{"called": one[0], "missing": one[1]} for one in (found, expected)]
        require_same(sums[0], sums[1], what)
        rates = {name: shape.n_variants / median(one[2]) for name, one in
                 (("gpu", found), ("cpu", expected))}  # fmt: skip
        n_rows = shape.n_variants + int((found[1] != 0).any(axis=1).sum())
        operations = operations_of_a_row(shape.n_samples, columns.shape[1] * (1 + is_full))
        tera = rates["gpu"] / shape.n_variants * n_rows * operations / 1e12
        peak = data_sheet(str(device.cuda_module().list_gpus()[gpus[0]]["name"]))
        return {
            "what": what, "variants_per_second": rates, "gpu_over_cpu": rates["gpu"] / rates["cpu"],
            "rows_per_variant": n_rows / shape.n_variants, "tera_operations_per_second": tera,
            "share_of_data_sheet": tera / (peak * len(gpus)) if peak else None,
        }  # fmt: skip

    def _multiply(self, source: Any, columns: Any, is_full: bool, on: object | None) -> Any:
        shape = self.cohort.shape
        model = _core.ScanModel(
            columns=columns, file_rows=np.arange(shape.n_samples),
            is_male=np.zeros(shape.n_samples, np.uint8), masks=[],
        )  # fmt: skip
        return _core.multiply_calls(
            source=source, model=model, source_row=np.arange(shape.n_variants), is_full=is_full,
            threads=Context().n_threads, repeats=self.rounds, device=on,
        )  # fmt: skip

    def scans(self, options: ScanOptions, gpus: tuple[int, ...]) -> dict[str, Any] | None:
        """Whole runs from the page cache to a written file, variants a second.

        Raises
        ------
        IgwasError
            If the two differ.
        """
        what = f"scan, missing calls: {options.missing}, {options.precision}"
        if not self._has_time(what):
            return None
        contexts = {"cpu": Context(), "gpu": Context(device="cuda", gpus=gpus)}
        seconds: dict[str, list[float]] = {name: [] for name in contexts}
        folder = Path(tempfile.mkdtemp(dir=self.cohort.folder))
        try:
            arrays = {}
            for turn in range(self.rounds + 1):
                for name, context in contexts.items():
                    output = folder / f"{name}{turn}.h5"
                    start = time.perf_counter()
                    run_scan(self.cohort.genotypes(), self.cohort.phenotypes, output,
                             options=options, context=context)  # fmt: skip
                    if turn:  # the first brings files to memory and starts the GPU
                        seconds[name].append(time.perf_counter() - start)
                    else:
                        arrays[name] = read_arrays(output)
                    output.unlink()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        require_same(arrays["gpu"], arrays["cpu"], what)
        n = self.cohort.shape.n_variants
        rates = {name: n / median(taken) for name, taken in seconds.items()}
        return {"what": what, "variants_per_second": rates, "seconds": seconds,
                "gpu_over_cpu": rates["gpu"] / rates["cpu"]}  # fmt: skip

    def arrays(self, name: str, put: Put) -> list[dict[str, Any]]:
        """Genotypes that a library has put on a GPU, tested and left there.

        Raises
        ------
        IgwasError
            If the GPU's numbers are not the CPU's.
        """
        if not self._has_time(f"arrays of {name}"):
            return []
        shape = self.cohort.shape
        n_variants = min(_ARRAY_VARIANTS, shape.n_variants)
        size = (shape.n_samples, n_variants, shape.n_phenotypes)
        return array_rates(name, put, size, self.rounds)


def measure(work: Path, shape: CohortShape, *, rounds: int, minutes: float) -> dict[str, Any]:
    """Every measurement, for JSON.

    Parameters
    ----------
    work : Path
        Folder for the cohort, which is kept.
    shape : CohortShape
    rounds : int
    minutes : float
        Nothing begins later.
    """
    cohort = make_cohort(work, shape)
    rates = Rates(cohort, rounds=rounds, minutes=minutes)
    gpus = tuple(range(len(device.cuda_module().list_gpus())))
    found = [rates.products((0,), is_full=is_full) for is_full in (False, True)]
    for missing in ("mean", "drop"):
        found.append(rates.scans(ScanOptions(missing=missing, mac=1), (0,)))
    if len(gpus) > 1:
        found.append(rates.scans(ScanOptions(mac=1), gpus))
    for name, put in array_libraries():
        found.extend(rates.arrays(name, put))
    return {
        "shape": {"samples": shape.n_samples, "variants": shape.n_variants,
                  "phenotypes": shape.n_phenotypes, "covariates": shape.n_covariates},
        "measurements": [one for one in found if one is not None],
        "left_out": [*rates.left_out, *libraries_left_out()],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; see the module's own words."""
    return gpu_main(
        __doc__, _run, arguments, minutes=8.0, further={"--rounds": {"type": int, "default": 3}}
    )  # fmt: skip


def _run(chosen: argparse.Namespace) -> dict[str, Any]:
    shape = QUICK if chosen.quick else FULL
    result = measure(chosen.work, shape, rounds=chosen.rounds, minutes=chosen.minutes)
    for one in result["measurements"]:
        rates = one["variants_per_second"]
        print(f"{one['what']}: {rates['gpu']:,.0f} variants/s on the GPU, {rates['cpu']:,.0f} on "
              f"the CPU")  # fmt: skip
    for words in result["left_out"]:
        print(f"left out: {words}")
    return result


if __name__ == "__main__":
    sys.exit(main())
