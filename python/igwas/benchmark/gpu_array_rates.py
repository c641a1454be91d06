"""How fast genotypes that other libraries put on a GPU are tested there, beside the CPU."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.association.associate import Association, associate
from igwas.benchmark.fine_rounding import require_near
from igwas.benchmark.gpu_arrays import Put, require_same_tests


def array_rates(
    name: str, put: Put, shape: tuple[int, int, int], rounds: int
) -> list[dict[str, Any]]:
    """Time `igwas.associate` on whole copies and on fractions, answers compared first.

    Parameters
    ----------
    name : str
        Of the library.
    put : callable
        Makes an array on a GPU of NumPy's.
    shape : tuple of int
        Samples, variants, phenotypes.
    rounds : int

    Returns
    -------
    list of dict
        Of each kind of genotypes variants a second on the GPU and on the CPU, for JSON: what more
        variants cost, and the seconds of whole calls.

    Raises
    ------
    IgwasError
        If a number differs from the CPU's by more than rounding explains.
    """
    n_samples, n_variants, n_phenotypes = shape
    rng = np.random.default_rng(26)
    frequency = rng.uniform(0.01, 0.5, (n_variants, 1))
    copies = rng.binomial(2, frequency, (n_variants, n_samples)).astype(np.int8)
    fractions = copies * rng.random(copies.shape, dtype=np.float32)
    some = np.where(rng.random(copies.shape) < 0.02, np.float32(np.nan), fractions)
    values = rng.normal(size=(n_samples, n_phenotypes))
    same = partial(require_same_tests, what="whole copies")
    return [
        _rate(f"arrays of {name}, {kind}", put, genotypes, values, compare, rounds)
        for kind, genotypes, compare in (
            ("whole copies in int8", copies, same),
            ("fractions in float32", fractions, require_near),
            ("fractions in float32, 2 % missing", some, require_near),
        )
    ]


def _rate(
    what: str, put: Put, genotypes: NDArray[Any], values: NDArray[np.float64],
    compare: Callable[[Association, Association], None], rounds: int,
) -> dict[str, Any]:  # fmt: skip
    there = put(genotypes)
    compare(associate(there, values).as_numpy(), associate(genotypes, values))
    # Every call builds the model; a fourth of the variants tells that from what a variant costs.
    few = max(1, len(genotypes) // 4)
    runs = {"gpu": (there, put(genotypes[:few])), "cpu": (genotypes, genotypes[:few])}
    seconds = {side: [_seconds(array, values, rounds) for array in arrays]
               for side, arrays in runs.items()}  # fmt: skip
    n_more = len(genotypes) - few
    # On a noisy machine the few may have taken longer.
    rates = {side: n_more / max(1e-9, median(all_of_them) - median(part))
             for side, (all_of_them, part) in seconds.items()}  # fmt: skip
    return {
        "what": what, "variants_per_second": rates, "gpu_over_cpu": rates["gpu"] / rates["cpu"],
        "variants": [len(genotypes), few], "seconds": seconds,
    }  # fmt: skip


def _seconds(genotypes: Any, values: NDArray[np.float64], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        associate(genotypes, values)
        taken.append(time.perf_counter() - start)
    return taken
