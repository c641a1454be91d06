"""Whether this machine's GPUs give the CPU's answers: everything that runs where there is a device.

    python -m igwas.benchmark.gpu_checks -o build/gpu/tests.json [--program build/core/test_gpu]

Runs unattended; a check that would begin after --minutes is left out, and said to be. Exit status 0
if all passed, 1 if one failed or came too late, 77 if there is no GPU. Arrays of a library that is
not installed are left out, said to be, and change no status.
"""

import argparse
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from igwas.association import device
from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.benchmark.cohort import BenchmarkCohort, make_cohort
from igwas.benchmark.dosages import make_dosages
from igwas.benchmark.gpu_arrays import array_libraries, compare_arrays, libraries_left_out
from igwas.benchmark.gpu_command import gpu_main
from igwas.benchmark.gpu_comparison import read_arrays, require_same
from igwas.benchmark.options import CohortShape
from igwas.context import Context

# A machine that hangs is found before the ten minutes that a run may take are over.
_PROGRAM_SECONDS = 300

Check = Callable[[], str]


@dataclass(frozen=True)
class Outcome:
    """One check: `passed`, `failed` or `left out`, how long it took, and what was seen."""

    name: str
    outcome: str
    seconds: float
    detail: str


@dataclass(frozen=True)
class Sizes:
    """How much is checked.

    Parameters
    ----------
    shape : CohortShape
        Of the scans.
    self_test : tuple of int
        Samples, variants and columns of the sums.
    arrays : tuple of int
        Samples, variants and phenotypes of arrays that other libraries put on a GPU.
    """

    shape: CohortShape
    self_test: tuple[int, int, int]
    arrays: tuple[int, int, int]


FULL = Sizes(CohortShape(n_samples=20_011, n_variants=8_000), device.LONG_TEST, (20_011, 9_000, 40))
QUICK = Sizes(
    CohortShape(n_samples=203, n_variants=90, n_phenotypes=5, n_covariates=3), device.SHORT_TEST,
    (90, 30, 4),
)  # fmt: skip


def run_checks(
    work: Path,
    sizes: Sizes,
    *,
    program: Path | None = None,
    minutes: float = 9.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[Outcome]:
    """Run every check, whatever the ones before gave.

    Parameters
    ----------
    work : Path
        Folder for cohorts and outputs.
    sizes : Sizes
    program : Path, optional
        The C++ cases for this machine's GPUs.
    minutes : float
        No check begins later.
    clock : callable
        Seconds; tests give another.
    """
    begun = clock()
    return [_outcome(name, check, begun + 60 * minutes, clock)
            for name, check in _checks(work, sizes, program)]  # fmt: skip


def _outcome(name: str, check: Check, until: float, clock: Callable[[], float]) -> Outcome:
    start = clock()
    if start > until:
        return Outcome(name, "left out", 0.0, "the time was over")
    try:
        detail = check()
    # Whatever it is, it is what this run is there to find.
    except Exception as error:
        return Outcome(name, "failed", clock() - start, f"{type(error).__name__}: {error}")
    return Outcome(name, "passed", clock() - start, detail)


def _checks(work: Path, sizes: Sizes, program: Path | None) -> Iterator[tuple[str, Check]]:
    if program is not None:
        yield "C++ cases", functools.partial(_run_program, program)
    gpus = device.cuda_module().list_gpus()
    for gpu in range(len(gpus)):
        yield (
            f"sums and tests on GPU {gpu}",
            functools.partial(device.check_gpu, gpu, sizes.self_test),
        )
    for missing in ("mean", "drop"):
        for precision in ("standard", "full"):
            options = ScanOptions(missing=missing, precision=precision, mac=1, hit_log10p=2)
            yield (
                f"scan of hard calls, {missing}, {precision}",
                functools.partial(_compare_scans, work, sizes, options, None),
            )
    for bits in (8, 16):
        yield (
            f"scan of dosages of {bits} bits",
            functools.partial(_compare_scans, work, sizes, ScanOptions(mac=1), bits),
        )
    for name, put in array_libraries():
        yield f"arrays of {name}", functools.partial(compare_arrays, put, *sizes.arrays)


def _run_program(program: Path) -> str:
    done = subprocess.run(
        [program], capture_output=True, text=True, check=False, timeout=_PROGRAM_SECONDS
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-2000:]
        raise AssertionError(f"{program} ended with status {done.returncode}: {words}")
    return f"{program} passed"


def _compare_scans(work: Path, sizes: Sizes, options: ScanOptions, bits: int | None) -> str:
    """The whole command's work on both; every array must be the same. Without bits: hard calls."""
    cohort = make_cohort(work, sizes.shape)
    path = (
        cohort.genotypes() if bits is None
        else make_dosages(work, sizes.shape, "2-10 % fractional", bits)
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=work) as folder:
        contents = [
            _scan(path, cohort, Path(folder) / f"{name}.h5", options, Context(device=name))
            for name in ("cpu", "cuda")
        ]
    expected, found = contents
    require_same(found, expected, f"scan, {options.missing}")
    n_variants, n_phenotypes = expected["beta"].shape
    return f"{len(expected)} arrays of {n_variants:,} variants x {n_phenotypes} phenotypes equal"


def _scan(
    genotypes: Path, cohort: BenchmarkCohort, output: Path, options: ScanOptions, context: Context
) -> dict[str, npt.NDArray[Any]]:
    run_scan(genotypes, cohort.phenotypes, output, options=options, context=context)
    return read_arrays(output)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; see the module's own words."""
    return gpu_main(
        __doc__, _run, arguments, minutes=9.0, further={"--program": {"type": Path}}
    )  # fmt: skip


def _run(chosen: argparse.Namespace) -> dict[str, Any]:
    sizes = QUICK if chosen.quick else FULL
    outcomes = run_checks(chosen.work, sizes, program=chosen.program, minutes=chosen.minutes)
    for one in outcomes:
        print(f"{one.outcome:<9} {one.seconds:7.1f} s  {one.name}: {one.detail}")
    left_out = libraries_left_out()
    for words in left_out:
        print(f"{'left out':<19} {words}")
    is_good = all(one.outcome == "passed" for one in outcomes)
    return {
        "passed": is_good, "checks": [asdict(one) for one in outcomes], "left_out": left_out
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
