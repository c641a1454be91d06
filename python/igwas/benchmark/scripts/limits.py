"""What the machine can do: float32 products of a BLAS, and reading from the page cache.

A large square sgemm stands in for the peak of float32 fused multiply-adds: a tuned BLAS comes
within a tenth of it. Prints one JSON document.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

_BLOCK = 2**20
# Read at least so much a repeat, a small file many times.
_LEAST_BYTES = 2**28


def sgemm_rates(shape: Sequence[int], threads: int, repeats: int) -> list[float]:
    """GFLOP/s of each repeat of (m, k) x (k, n)."""
    m, k, n = shape
    generator = np.random.default_rng(1)
    left = generator.standard_normal((m, k), dtype=np.float32)
    right = generator.standard_normal((k, n), dtype=np.float32)
    out = np.empty((m, n), dtype=np.float32)
    rates = []
    with threadpool_limits(threads, user_api="blas"):
        np.matmul(left, right, out=out)
        for _ in range(repeats):
            start = time.perf_counter()
            np.matmul(left, right, out=out)
            rates.append(2e-9 * m * k * n / (time.perf_counter() - start))
    return rates


def read_rates(path: str, threads: int, repeats: int) -> list[float]:
    """GB/s of each repeat of reading the file, which is in the page cache after the first."""
    descriptor = os.open(path, os.O_RDONLY)
    size = os.fstat(descriptor).st_size
    offsets = list(range(0, size, _BLOCK)) * max(1, math.ceil(_LEAST_BYTES / size))
    buffers = [bytearray(_BLOCK) for _ in range(threads)]

    def read(part: int) -> int:
        return sum(os.preadv(descriptor, [buffers[part]], at) for at in offsets[part::threads])

    rates = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(repeats + 1):
            start = time.perf_counter()
            n_bytes = sum(pool.map(read, range(threads)))
            rates.append(1e-9 * n_bytes / (time.perf_counter() - start))
    os.close(descriptor)
    return rates[1:]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--square", type=int, default=3072)
    parser.add_argument("--scan", type=int, nargs=3, required=True, metavar=("M", "K", "N"))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    counts = sorted({1, arguments.threads})
    square = (arguments.square,) * 3
    result = {
        "square_sgemm_gflops": {
            str(count): sgemm_rates(square, count, arguments.repeats) for count in counts
        },
        "scan_sgemm_gflops": {
            str(count): sgemm_rates(arguments.scan, count, arguments.repeats) for count in counts
        },
        "read_gigabytes_per_second": {
            str(count): read_rates(arguments.file, count, arguments.repeats) for count in counts
        },
        "square_shape": square,
        "scan_shape": arguments.scan,
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture")}
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
