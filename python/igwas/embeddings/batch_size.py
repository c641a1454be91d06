"""How many photographs to give the encoder at a time: measured, within a bound on memory."""

import logging
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import IgwasError, InputError

_log = logging.getLogger("igwas")

# Largest batch tried: more gains nothing on a CPU, little on a GPU.
LARGEST = {"cpu": 32}
_LARGEST_ELSEWHERE = 256
_SMALLEST = 4
# The search ends when it has taken so long, or when a photograph's share of the gain is small.
_BUDGET_SECONDS = 4.0
_GAIN_WORTH_HAVING = 0.03
# A batch is measured twice; with fewer photographs than this many batches the search cannot pay.
_WORTH_SEARCHING = 10


@dataclass(frozen=True)
class BatchSize:
    """The size chosen, and images a second of every size tried."""

    size: int
    rates: dict[int, float] = field(default_factory=dict)


def available_memory_bytes() -> int:
    """Memory that can be had without swapping, as the system estimates it."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kibibytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return 2**31
    return int(kibibytes) * 1024


def choose_batch_size(
    run: Callable[[npt.NDArray[np.uint8]], Any],
    sample: npt.NDArray[np.uint8],
    *,
    n_images: int,
    device: str,
    n_views: int = 1,
    n_lanes: int = 1,
    max_memory_bytes: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
    peak_memory: Callable[[], int] | None = None,
) -> BatchSize:
    """Double the batch for as long as that makes it faster and it fits.

    Parameters
    ----------
    run : callable
        Describes a batch.
    sample : uint8 (images, rows, columns, 3)
        A few real photographs; repeated to fill a batch.
    n_images : int
        Photographs of the whole run.
    device : str
    n_views : int
        Test-time views: so many copies of a batch wait to be described.
    n_lanes : int
        Batches that are described at a time.
    max_memory_bytes : int, optional
        For batches that wait and for what the encoder takes; half of what is available by default.
    clock, peak_memory : callable, optional
        Seconds, and the process's peak memory in bytes; tests give others.

    Returns
    -------
    BatchSize
        The smallest size whose rate is within a few percent of the best.

    Raises
    ------
    InputError
        If not even one photograph fits.
    """
    peak_memory = peak_memory or _peak_memory
    bound = max_memory_bytes or available_memory_bytes() // 2
    waiting = n_lanes * n_views * sample[:1].nbytes
    largest = min(LARGEST.get(device, _LARGEST_ELSEWHERE), n_images, bound // (2 * waiting))
    if largest < 1:
        raise InputError(
            f"memory is bounded to {bound:,} bytes; expected {2 * waiting:,} for one photograph. "
            "Raise --max-memory."
        )
    if largest <= _SMALLEST or n_images < _WORTH_SEARCHING * _SMALLEST:
        return BatchSize(min(largest, _SMALLEST))
    # What the encoder takes is measured for one lane.
    shared = bound // n_lanes
    return _search(run, sample, largest, n_images, shared, waiting // n_lanes, clock, peak_memory)


def _search(
    run: Callable[[npt.NDArray[np.uint8]], Any],
    sample: npt.NDArray[np.uint8],
    largest: int,
    n_images: int,
    bound: int,
    waiting: int,
    clock: Callable[[], float],
    peak_memory: Callable[[], int],
) -> BatchSize:
    rates: dict[int, float] = {}
    at_start, begun = peak_memory(), clock()
    size = _SMALLEST
    while size <= largest and size * _WORTH_SEARCHING <= n_images:
        batch = np.resize(sample, (size, *sample.shape[1:]))
        try:
            run(batch)  # the first run plans and allocates
            start = clock()
            run(batch)
        except IgwasError as error:
            if not rates:
                raise
            _log.info("a batch of %d fails (%s): smaller ones are used", size, error)
            break
        rates[size] = size / max(clock() - start, 1e-9)
        # Twice the batch takes about twice what this one took.
        taken = peak_memory() - at_start + size * waiting
        if clock() - begun > _BUDGET_SECONDS or 2 * taken > bound:
            break
        if size > _SMALLEST and rates[size] < rates[size // 2] * (1 + _GAIN_WORTH_HAVING):
            break
        size *= 2
    best = max(rates.values())
    chosen = min(at for at, rate in rates.items() if rate * (1 + _GAIN_WORTH_HAVING) >= best)
    return BatchSize(chosen, rates)


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
