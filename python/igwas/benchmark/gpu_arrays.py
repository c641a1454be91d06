"""Whether genotypes that other libraries put on a GPU are tested as the CPU tests them."""

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.association.associate import Association, associate
from igwas.benchmark.fine_rounding import require_near
from igwas.benchmark.gpu_comparison import require_same
from igwas.context import Context

# Relative: the logarithms of a GPU are not the CPU's to the last bit. Everything else is.
TAIL_TOLERANCE = 1e-12
Put = Callable[[NDArray[Any]], Any]
# What makes, of an imported library, what puts an array on a GPU.
_PUTS: dict[str, Callable[[Any], Put]] = {
    "cupy": lambda cupy: cupy.asarray,
    "torch": lambda torch: lambda array: torch.from_numpy(array).cuda(),
}


def array_libraries() -> Iterator[tuple[str, Put]]:
    """Libraries that are installed and see a GPU, each with what puts an array there."""
    for name, make_put in _PUTS.items():
        library = _library(name)
        if library is not None and library.cuda.is_available():
            yield name, make_put(library)


def libraries_left_out() -> list[str]:
    """What is not measured of arrays, and why: libraries that are not here, or see no GPU."""
    found = []
    for name in _PUTS:
        library = _library(name)
        if library is None:
            found.append(f"arrays of {name}: it is not installed")
        elif not library.cuda.is_available():
            found.append(f"arrays of {name}: {name} {library.__version__} sees no GPU")
    return found


def compare_arrays(put: Put, n_samples: int, n_variants: int, n_phenotypes: int) -> str:
    """Test random copies and fractions on the GPU and on the CPU, in every type and two layouts.

    Parameters
    ----------
    put : callable
        Makes an array on a GPU of NumPy's.
    n_samples, n_variants, n_phenotypes : int

    Returns
    -------
    str
        What was compared.

    Raises
    ------
    IgwasError
        If a number differs.
    """
    rng = np.random.default_rng(23)
    copies = rng.binomial(2, rng.uniform(0.01, 0.99, (n_variants, 1)), (n_variants, n_samples))
    copies = np.where(rng.random(copies.shape) < 0.02, -1, copies).astype(np.int8)
    values = rng.normal(size=(n_samples, n_phenotypes))
    values[: n_samples // 9, n_phenotypes // 2 :] = np.nan
    floats = np.where(copies < 0, np.nan, copies).astype(np.float32)
    arrays = (copies, floats, floats.astype(np.float64))
    n_compared = _compare(put, arrays, values, associate(copies, values))
    fractions = (floats * rng.random(floats.shape, dtype=np.float32)).astype(np.float32)
    on_gpu = associate(fractions, values, context=Context(device="cuda"))
    require_near(on_gpu, associate(fractions, values))
    n_compared += _compare(put, (fractions, fractions.astype(np.float64)), values, on_gpu)
    return (
        f"{n_compared} scans of {n_variants:,} variants x {n_phenotypes} phenotypes of "
        f"{n_samples:,} samples equal the CPU's, those of fractions but for their rounding"
    )


def _compare(
    put: Put, arrays: Iterable[NDArray[Any]], values: NDArray[np.float64], expected: Association
) -> int:
    """How many scans of arrays on the GPU give what is expected: all, or an error."""
    n_compared = 0
    for array in arrays:
        for given in (put(array), put(np.ascontiguousarray(array.T)).T):
            found = associate(given, put(values)).as_numpy()
            require_same_tests(found, expected, f"arrays of {array.dtype}")
            n_compared += 1
    return n_compared


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def require_same_tests(found: Association, expected: Association, what: str) -> None:
    """Every array to the bit, but for log10p.

    Raises
    ------
    IgwasError
        Names the first that differs.
    """
    require_same(vars(found), vars(expected), what, tolerances={"log10p": TAIL_TOLERANCE})
