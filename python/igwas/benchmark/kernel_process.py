"""Time the product on one .bed: `python -m igwas.benchmark.kernel_process BED --columns K`.

A process of its own, so that its BLAS has the threads it is told to have. Prints one JSON document.
The peer decodes a block of calls to float32 (a mean in place of a missing call) and multiplies it
by the columns, as benchmark/scripts/numpy_scan.py does; nothing else of a scan is timed for either.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_info

from igwas import _core
from igwas.association.scan import make_source
from igwas.benchmark.scripts.numpy_scan import Decoder
from igwas.genotypes.genotype_file import open_genotypes

_BLOCK = 256
_COLUMN_MULTIPLE = 8
# Variants whose products are compared.
_N_COMPARED = 64

Floats = npt.NDArray[np.float64]


class _Ours:
    """The core's product; batches are read before the clock starts."""

    def __init__(self, bed: Path, columns: Floats, threads: int) -> None:
        with open_genotypes(bed) as file:
            self._source = make_source(file)
            n_samples, self._n_variants = file.n_samples, file.n_variants
        width = -(-columns.shape[1] // _COLUMN_MULTIPLE) * _COLUMN_MULTIPLE
        padded = np.zeros((n_samples, width))
        padded[:, : columns.shape[1]] = columns
        self._model = _core.ScanModel(
            columns=padded,
            file_rows=np.arange(n_samples),
            is_male=np.zeros(n_samples, np.uint8),
            masks=[],
        )
        self._threads = threads

    def __call__(self, n_variants: int | None = None) -> tuple[Floats, Floats, float]:
        """Sums over called and missing samples, and the seconds of the second of two products."""
        called, missing, seconds = _core.multiply_calls(
            source=self._source,
            model=self._model,
            source_row=np.arange(n_variants or self._n_variants),
            is_full=False,
            threads=self._threads,
            repeats=2,
        )
        return called, missing, seconds[-1]


class _Peer:
    """Decode and sgemm, block by block; the first of two passes is not timed."""

    def __init__(self, bed: Path, columns: Floats, threads: int) -> None:
        self.n_samples = len(columns)
        row_bytes = -(-self.n_samples // 4)
        self._rows = np.fromfile(bed, np.uint8, offset=3).reshape(-1, row_bytes)
        self._decode = Decoder(len(columns), _BLOCK, threads)
        # Padding decodes to dosages; its rows of the columns are 0.
        self._columns = np.zeros((4 * row_bytes, columns.shape[1]), dtype=np.float32)
        self._columns[: len(columns)] = columns

    def __call__(self) -> tuple[float, float]:
        """Seconds of decoding and of multiplying every variant."""
        decoding = multiplying = 0.0
        out = np.empty((_BLOCK, self._columns.shape[1]), dtype=np.float32)
        for start in range(0, len(self._rows), _BLOCK):
            begin = time.perf_counter()
            dosage, _ = self._decode(self._rows[start : start + _BLOCK])
            middle = time.perf_counter()
            np.matmul(dosage, self._columns, out=out[: len(dosage)])
            decoding += middle - begin
            multiplying += time.perf_counter() - middle
        return decoding, multiplying

    def products(self, n_variants: int) -> Floats:
        """Of the first variants."""
        dosage, _ = self._decode(self._rows[:n_variants])
        return np.asarray(dosage @ self._columns, dtype=np.float64)


def largest_difference(ours: _Ours, peer: _Peer, n_columns: int) -> float:
    """Largest difference of the two products, as a share of the largest product.

    Ours holds the sums over samples without a call apart: their mean is worked out from a column
    of ones, the first.
    """
    called, missing, _ = ours(_N_COMPARED)
    theirs = peer.products(_N_COMPARED)[:, :n_columns]
    called, missing = called[:, :n_columns], missing[:, :n_columns]
    n_called = peer.n_samples - missing[:, :1]
    mine = called + missing * (called[:, :1] / n_called)
    return float(np.abs(mine - theirs).max() / np.abs(mine).max())


def measure(bed: Path, n_columns: int, threads: int, rounds: int) -> dict[str, Any]:
    """Rates of each round, variants per second.

    Parameters
    ----------
    bed : Path
    n_columns : int
        Columns of the product; the first is ones, the others are normal.
    threads, rounds : int
    """
    with open_genotypes(bed) as file:
        n_samples, n_variants = file.n_samples, file.n_variants
    columns = np.random.default_rng(1).standard_normal((n_samples, n_columns))
    columns[:, 0] = 1
    ours, peer = _Ours(bed, columns, threads), _Peer(bed, columns, threads)
    difference = largest_difference(ours, peer, n_columns)
    rates: dict[str, list[float]] = {"igwas": [], "decode_sgemm": [], "decode": [], "sgemm": []}
    peer()
    for _ in range(rounds):
        seconds = ours()[2]
        decoding, multiplying = peer()
        rates["igwas"].append(n_variants / seconds)
        rates["decode"].append(n_variants / decoding)
        rates["sgemm"].append(n_variants / multiplying)
        rates["decode_sgemm"].append(n_variants / (decoding + multiplying))
    return {
        "n_variants": n_variants,
        "n_samples": n_samples,
        "columns": n_columns,
        "rates": rates,
        "largest_relative_difference": difference,
        "simd": _core.simd_level(),
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture",
                                            "num_threads")}
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bed", type=Path)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.bed, arguments.columns, arguments.threads,
                             arguments.rounds)))  # fmt: skip


if __name__ == "__main__":
    main()
