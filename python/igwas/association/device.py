"""Which device sums genotypes: the CPU, or GPUs that have just shown that they count right."""

import importlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas import _core
from igwas.association.same_arrays import n_different
from igwas.association.statistics_arrays import empty_arrays
from igwas.context import Context
from igwas.errors import DeviceUnavailable, OptionError

# For each GPU: one worker waits for it while another prepares what comes next.
_WAITING_WORKERS = 2
# Pinned memory of a worker on a GPU, at most: two pieces.
PINNED_BYTES = 2 * (64 << 20)

# Covariates of each mask of the test.
N_BASIS = 4
# Samples, variants and columns of the test before a scan, and of the longer one: more than one
# split of the samples, more than one tile of rows and of columns.
SHORT_TEST = (1_003, 150, 40)
LONG_TEST = (17_003, 150, 40)
# GPUs that have passed the short test in this process.
_passed: set[int] = set()
# Of every encoding of a file that GPUs sum; arrays in memory have fine codes.
_ROW_BYTES: dict[str, Callable[[int], int]] = {
    "hardcalls": lambda n_samples: (n_samples + 3) // 4,
    "dosage8": lambda n_samples: n_samples,
    "dosage16": lambda n_samples: 2 * n_samples,
}


def cuda_module() -> ModuleType:
    """The GPU backend.

    Raises
    ------
    DeviceUnavailable
        If this build has none, or it does not load.
    """
    try:
        # Not `from igwas import _cuda`: of a module that is not there it says ImportError.
        return importlib.import_module("igwas._cuda")
    except ModuleNotFoundError as error:
        raise DeviceUnavailable(
            "--device is 'cuda' but this build has no GPU backend: it was built without nvcc; "
            "expected the CUDA toolkit on the machine that builds. Put nvcc on PATH and build "
            "again (CMAKE_ARGS=-DIGWAS_CUDA=ON make env), or run with --device cpu."
        ) from error
    except ImportError as error:
        raise DeviceUnavailable(
            f"--device is 'cuda' but the GPU backend cannot be loaded ({error}); expected a build "
            "for this machine. Build again, or run with --device cpu."
        ) from error


def cuda_status() -> tuple[bool, str]:
    """Whether there is a GPU that can be used, and how many; or why not, in a few words."""
    try:
        module = cuda_module()
    except DeviceUnavailable as error:
        return False, str(error).removeprefix("--device is 'cuda' but ").split(";")[0]
    found: tuple[bool, str] = module.cuda_status()
    return found


def resolve_gpus(context: Context) -> Context:
    """The context with its GPUs named; unchanged on the CPU.

    Raises
    ------
    DeviceUnavailable
        If a GPU is asked for and there is none.
    OptionError
        If the device is one of encoders only.
    """
    if context.device not in ("auto", "cpu", "cuda"):
        raise OptionError(
            f"--device is {context.device!r}, which runs encoders only; expected cpu, cuda or auto "
            "for a scan. Give one of them."
        )
    if context.device != "cuda":
        return context
    module = cuda_module()
    is_usable, reason = module.cuda_status()
    if not is_usable:
        raise DeviceUnavailable(
            f"--device is 'cuda' but {reason}; expected an NVIDIA GPU and its driver. "
            "Run with --device cpu."
        )
    return replace(context, gpus=context.gpus or tuple(range(len(module.list_gpus()))))


def n_workers(context: Context) -> int:
    """Threads of a scan: one for each core, and those that wait for GPUs."""
    return context.n_threads + _WAITING_WORKERS * len(context.gpus)


def check_before_scan(gpu: int) -> None:
    """The short test.

    Raises
    ------
    DeviceUnavailable
        If the GPU gives other numbers than the CPU.
    """
    check_gpu(gpu, SHORT_TEST)
    _passed.add(gpu)


def check_once(gpu: int) -> None:
    """The short test, unless the GPU has passed it in this process: arrays come by the thousand.

    Raises
    ------
    DeviceUnavailable
        If the GPU gives other numbers than the CPU.
    """
    if gpu not in _passed:
        check_before_scan(gpu)


def open_device(
    context: Context, check: Callable[[int], None] = check_before_scan
) -> object | None:
    """What the core's scan sums on: the context's GPUs, tested first; None is the CPU.

    Parameters
    ----------
    context : Context
        From `resolve_gpus`.
    check : callable
        Tests a GPU.

    Raises
    ------
    DeviceUnavailable
        If a GPU cannot be used, or gives sums that are not the CPU's.
    """
    if context.device != "cuda":
        return None
    for gpu in context.gpus:
        check(gpu)
    device: object = cuda_module().open_device(list(context.gpus))
    return device


def check_gpu(gpu: int, size: tuple[int, int, int]) -> str:
    """Compare a GPU's sums and tests over random genotypes with the CPU's, bit for bit.

    Parameters
    ----------
    gpu : int
    size : tuple of int
        Samples, variants, columns.

    Returns
    -------
    str
        What was compared.

    Raises
    ------
    DeviceUnavailable
        If one differs.
    """
    device = cuda_module().open_device([gpu])
    n_samples, n_variants, n_columns = size
    n_sums = n_tests = 0
    with tempfile.TemporaryDirectory() as folder:
        files = [_random_file(Path(folder), each, n_samples, n_variants) for each in _ROW_BYTES]
        for source in (*files, _random_array(n_samples, n_variants)):
            for is_full in (False, True):
                expected = _sums(source, size, is_full, None)
                found = _sums(source, size, is_full, device)
                _require_same_as_cpu(gpu, "sums", found, expected)
                n_sums += expected.size
                expected = _tests(source, size, is_full, None)
                found = _tests(source, size, is_full, device)
                _require_same_as_cpu(gpu, "tests", found, expected)
                n_tests += expected.size
    return (
        f"{n_sums:,} sums of {n_variants} variants x {n_columns} columns and {n_tests:,} "
        "statistics equal the CPU's"
    )


def _require_same_as_cpu(
    gpu: int, what: str, found: NDArray[np.float64], expected: NDArray[np.float64]
) -> None:
    n_wrong = n_different(found, expected)
    if n_wrong:
        raise DeviceUnavailable(
            f"GPU {gpu} gives other {what} than the CPU in {n_wrong:,} of {expected.size:,} cases; "
            "expected the same. Do not use this GPU: run with --device cpu, or name others with "
            "--gpus."
        )


def _random_array(n_samples: int, n_variants: int) -> Any:
    """Fractions of copies, one in fifty of them missing."""
    generator = np.random.default_rng(24)
    # From common to rare.
    power = np.linspace(0.3, 4, n_variants)[:, None]
    dosage = 2 * generator.random((n_variants, n_samples)) ** power
    dosage[generator.random(dosage.shape) < 0.02] = np.nan
    return _core.array_source(dosage, is_fine=True)


def _random_file(folder: Path, encoding: str, n_samples: int, n_variants: int) -> Any:
    """Rows of random bytes, so every genotype and missing ones, in a file.

    Of dosages in two bytes hardly any would be missing by chance: one in fifty is.
    """
    row_bytes = _ROW_BYTES[encoding](n_samples)
    path = folder / encoding
    generator = np.random.default_rng(20)
    data = generator.integers(0, 256, (n_variants, row_bytes), dtype=np.uint8)
    if encoding == "dosage16":
        data.view(np.uint16)[generator.random((n_variants, n_samples)) < 0.02] = 65535
    path.write_bytes(data.tobytes())
    return _core.file_source(
        path=str(path),
        encoding=encoding,
        n_variants=n_variants,
        n_samples=n_samples,
        row_bytes=row_bytes,
        rows_per_chunk=n_variants,
        is_zstd=False,
        offset=np.zeros(1, np.uint64),
        size=np.array([data.size], np.uint64),
        crc32c=np.zeros(0, np.uint32),
    )


def _sums(
    source: Any, size: tuple[int, int, int], is_full: bool, device: object | None
) -> NDArray[np.float64]:
    """Sums over called and over missing samples, one beside the other."""
    n_samples, n_variants, n_columns = size
    model = _core.ScanModel(
        columns=np.random.default_rng(21).normal(size=(n_samples, n_columns)),
        file_rows=np.arange(n_samples),
        is_male=np.zeros(n_samples, np.uint8),
        masks=[],
    )
    called, missing, _ = _core.multiply_calls(
        source=source,
        model=model,
        source_row=np.arange(n_variants),
        is_full=is_full,
        threads=1,
        repeats=1,
        device=device,
    )
    return np.stack([called, missing])


def _tests(
    source: Any, size: tuple[int, int, int], is_full: bool, device: object | None
) -> NDArray[np.float64]:
    """What a scan finds of every variant, in two masks, as one array."""
    n_samples, n_variants, n_columns = size
    half = n_columns // 2
    arrays = empty_arrays(n_variants, 2, n_columns - 2 * N_BASIS)
    _core.scan(
        source=source,
        model=_test_model(n_samples, half),
        source_row=np.arange(n_variants),
        excluded_reason=np.zeros(0, np.uint8),
        blocks=np.array([[0, 0, n_variants, 0]]),
        options=_core.ScanOptions(
            drops_missing=False, mac=0, maf=0, geno=1, hwe_log10p=np.inf, hit_log10p=3,
            n_phenotypes=n_columns - 2 * N_BASIS, batch_bytes=1 << 20, is_full=is_full,
        ),
        sink=_core.array_sink(arrays),
        threads=1,
        progress=None,
        device=device,
    )  # fmt: skip
    return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays.values()])


def _test_model(n_samples: int, half: int) -> Any:
    """Two masks of as many columns each: phenotypes, then an orthonormal basis."""
    generator = np.random.default_rng(22)
    columns = np.zeros((n_samples, 2 * half))
    masks = []
    for number in range(2):
        is_member = np.ones(n_samples, np.uint8)
        is_member[: number * n_samples // 7] = 0
        rows, begin = np.flatnonzero(is_member), number * half
        basis = np.linalg.qr(generator.normal(size=(len(rows), N_BASIS)))[0]
        values = generator.normal(size=(len(rows), half - N_BASIS))
        values -= basis @ (basis.T @ values)
        columns[rows, begin : begin + half - N_BASIS] = values
        columns[rows, begin + half - N_BASIS : begin + half] = basis
        gram = values.T @ values
        masks.append(
            _core.MaskGroup(
                responses_begin=begin,
                basis_begin=begin + half - N_BASIS,
                n_basis=N_BASIS,
                # Every other column of the output: the masks' results are interleaved.
                output_column=2 * np.arange(half - N_BASIS) + number,
                sum_of_squares=np.ascontiguousarray(np.diag(gram)),
                is_member=is_member,
                omnibus_response=list(range(half - N_BASIS)),
                omnibus_gram=gram,
            )
        )
    return _core.ScanModel(
        columns=columns,
        file_rows=np.arange(n_samples),
        is_male=np.zeros(n_samples, np.uint8),
        masks=masks,
    )
