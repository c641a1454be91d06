"""Time the product on one file: `python -m igwas.benchmark.kernel_process FILE --columns K`.

A process of its own, so that its BLAS has the threads it is told to have. Prints one JSON document.
The peer decodes a block of genotypes to float32 and multiplies it by the columns; nothing else of a
scan is timed for either. Hard calls come from a .bed, dosages from a genotypes.h5 of uint8. Where
the two products differ, nothing is timed and the document has no rates.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_info

from igwas import _core
from igwas.association.core_scan import make_source
from igwas.benchmark.product_peers import CallsPeer, DosagesPeer, ProductPeer
from igwas.benchmark.products import TOLERANCE, largest_difference, mean_imputed
from igwas.genotypes.genotype_file import open_genotypes

_COLUMN_MULTIPLE = 8
# Variants whose products are compared, evenly along the file.
_N_COMPARED = 256

Floats = npt.NDArray[np.float64]


class OurProduct:
    """The core's product; batches are read before the clock starts.

    Parameters
    ----------
    path : Path
        A .bed, or genotypes.h5 with dosages in bytes.
    columns : float64 (samples, columns)
    threads : int
    """

    def __init__(self, path: Path, columns: Floats, threads: int) -> None:
        with open_genotypes(path) as file:
            self._source = make_source(file)
            n_samples, self._n_variants = file.n_samples, file.n_variants
        self._n_columns = columns.shape[1]
        width = -(-self._n_columns // _COLUMN_MULTIPLE) * _COLUMN_MULTIPLE
        padded = np.zeros((n_samples, width))
        padded[:, : self._n_columns] = columns
        self._model = _core.ScanModel(
            columns=padded,
            file_rows=np.arange(n_samples),
            is_male=np.zeros(n_samples, np.uint8),
            masks=[],
        )
        self._threads = threads

    def __call__(self) -> tuple[Floats, Floats, float]:
        """Sums over called and missing samples, and the seconds of the second of two products."""
        called, missing, seconds = _core.multiply_calls(
            source=self._source,
            model=self._model,
            source_row=np.arange(self._n_variants),
            is_full=False,
            threads=self._threads,
            repeats=2,
        )
        return called[:, : self._n_columns], missing[:, : self._n_columns], seconds[-1]


def compare(ours: OurProduct, peer: ProductPeer, columns: Floats) -> float:
    """Largest difference of the two products over variants all along the file, as a z score.

    Parameters
    ----------
    ours : OurProduct
    peer : ProductPeer
    columns : float64 (samples, columns)
        The first is ones.
    """
    called, missing, _ = ours()
    rows = np.unique(np.linspace(0, len(called) - 1, _N_COMPARED).astype(np.int64))
    theirs, spread = peer.products(rows)
    # The column of ones: a sum of a float32 for each of 500,000 samples is off by 0.008 standard
    # errors, while counting gives it exactly.
    theirs[:, 0] = peer.n_samples * spread.mean
    mine = mean_imputed(called[rows], missing[rows], columns, spread, peer.two_copies)
    return largest_difference(mine, theirs, columns, spread)


def measure(path: Path, n_columns: int, threads: int, rounds: int) -> dict[str, Any]:
    """Rates of each round, variants per second; none where the products differ.

    Parameters
    ----------
    path : Path
    n_columns : int
        Columns of the product; the first is ones, the others are normal.
    threads, rounds : int
    """
    with open_genotypes(path) as file:
        n_samples, n_variants, encoding = file.n_samples, file.n_variants, file.encoding
    columns = np.random.default_rng(1).standard_normal((n_samples, n_columns))
    columns[:, 0] = 1
    ours = OurProduct(path, columns, threads)
    peer = (CallsPeer if encoding == "hardcalls" else DosagesPeer)(path, columns, threads)
    difference = compare(ours, peer, columns)
    is_right = difference <= TOLERANCE
    return {
        "n_variants": n_variants,
        "n_samples": n_samples,
        "columns": n_columns,
        "rates": _time(ours, peer, n_variants, rounds) if is_right else {},
        "largest_relative_difference": difference,
        "simd": _core.simd_level(),
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture",
                                            "num_threads")}
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
    }  # fmt: skip


def _time(
    ours: OurProduct, peer: ProductPeer, n_variants: int, rounds: int
) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {"igwas": [], "decode_sgemm": [], "decode": [], "sgemm": []}
    # Both have run once by now but for the peer's later blocks.
    peer()
    for _ in range(rounds):
        seconds = ours()[2]
        decoding, multiplying = peer()
        rates["igwas"].append(n_variants / seconds)
        rates["decode"].append(n_variants / decoding)
        rates["sgemm"].append(n_variants / multiplying)
        rates["decode_sgemm"].append(n_variants / (decoding + multiplying))
    return rates


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.path, arguments.columns, arguments.threads,
                             arguments.rounds)))  # fmt: skip


if __name__ == "__main__":
    main()
