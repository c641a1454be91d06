"""Which device sums genotypes: the CPU, or GPUs that have just shown that they count right."""

import tempfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas import _core
from igwas.context import Context
from igwas.errors import DeviceUnavailable

# For each GPU: one worker waits for it while another prepares what comes next.
_WAITING_WORKERS = 2
# Pinned memory of a worker on a GPU, at most: two pieces.
PINNED_BYTES = 2 * (64 << 20)

# Samples, variants and columns of the test before a scan, and of the longer one: more than one
# split of the samples, more than one tile of rows and of columns.
SHORT_TEST = (1_003, 150, 40)
LONG_TEST = (17_003, 150, 40)


def cuda_module() -> ModuleType:
    """The GPU backend.

    Raises
    ------
    DeviceUnavailable
        If this build has none, or it does not load.
    """
    try:
        from igwas import _cuda
    except ModuleNotFoundError as error:
        raise DeviceUnavailable(
            "--device is 'cuda' but this build has no GPU backend: it was built without nvcc; "
            "expected the CUDA toolkit on the machine that builds. Install the toolkit and build "
            "again, or run with --device cpu."
        ) from error
    except ImportError as error:
        raise DeviceUnavailable(
            f"--device is 'cuda' but the GPU backend cannot be loaded ({error}); expected a build "
            "for this machine. Build again, or run with --device cpu."
        ) from error
    return _cuda


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
    """
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


def open_device(context: Context) -> object | None:
    """What the core's scan sums on: the context's GPUs, tested first; None is the CPU.

    Parameters
    ----------
    context : Context
        From `resolve_gpus`.

    Raises
    ------
    DeviceUnavailable
        If a GPU cannot be used, or gives sums that are not the CPU's.
    """
    if context.device != "cuda":
        return None
    for gpu in context.gpus:
        check_gpu(gpu, SHORT_TEST)
    device: object = cuda_module().open_device(list(context.gpus))
    return device


def check_gpu(gpu: int, size: tuple[int, int, int]) -> str:
    """Compare a GPU's sums over random genotypes with the CPU's, bit for bit.

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
        If a sum differs.
    """
    device = cuda_module().open_device([gpu])
    n_samples, n_variants, n_columns = size
    n_sums = 0
    with tempfile.TemporaryDirectory() as folder:
        for encoding in ("hardcalls", "dosage8"):
            source = _random_source(Path(folder), encoding, n_samples, n_variants)
            for is_full in (False, True):
                expected = _sums(source, size, is_full, None)
                found = _sums(source, size, is_full, device)
                n_wrong = int((found != expected).sum())
                if n_wrong:
                    raise DeviceUnavailable(
                        f"GPU {gpu} gives other sums than the CPU in {n_wrong:,} of "
                        f"{expected.size:,} cases; expected the same. Do not use this GPU: run "
                        "with --device cpu, or name others with --gpus."
                    )
                n_sums += expected.size
    return f"{n_sums:,} sums of {n_variants} variants x {n_columns} columns equal the CPU's"


def _random_source(folder: Path, encoding: str, n_samples: int, n_variants: int) -> Any:
    """Rows of random bytes, so every genotype and missing ones, in a file."""
    row_bytes = (n_samples + 3) // 4 if encoding == "hardcalls" else n_samples
    path = folder / encoding
    data = np.random.default_rng(20).integers(0, 256, (n_variants, row_bytes), dtype=np.uint8)
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
