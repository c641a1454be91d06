"""Decode a block to float32 and multiply it by BLAS: the peer of the product, for either kind."""

import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from igwas.benchmark.products import Spread
from igwas.benchmark.scripts.numpy_scan import Decoder
from igwas.errors import InputError
from igwas.genotypes.genotype_file import open_genotypes

_BLOCK = 256

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]


class ProductPeer(ABC):
    """Rows in memory, decoded and multiplied block by block.

    Parameters
    ----------
    path : Path
    columns : float64 (samples, columns)
    threads : int
        Threads that decode; those of the BLAS are the process's.
    """

    two_copies: ClassVar[float]

    def __init__(self, path: Path, columns: Floats, threads: int) -> None:
        self.n_samples = len(columns)
        self._rows = self._read(path)
        self._columns = np.zeros((self._width, columns.shape[1]), dtype=np.float32)
        self._columns[: len(columns)] = columns
        self._start(threads)

    @property
    @abstractmethod
    def _width(self) -> int:
        """Samples of a decoded row, padding included: its rows of the columns are 0."""

    @abstractmethod
    def _read(self, path: Path) -> Rows:
        """Stored rows, uint8 (variants, bytes)."""

    @abstractmethod
    def _start(self, threads: int) -> None:
        """Make what decoding needs."""

    @abstractmethod
    def _decoded(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Codes of at most a block, a mean in place of what is missing."""

    @abstractmethod
    def _spread(self, rows: Rows) -> Spread:
        """Counts of the same rows."""

    def __call__(self) -> tuple[float, float]:
        """Seconds of decoding and of multiplying every variant."""
        decoding = multiplying = 0.0
        out = np.empty((_BLOCK, self._columns.shape[1]), dtype=np.float32)
        for start in range(0, len(self._rows), _BLOCK):
            begin = time.perf_counter()
            codes = self._decoded(self._rows[start : start + _BLOCK])
            middle = time.perf_counter()
            np.matmul(codes, self._columns, out=out[: len(codes)])
            decoding += middle - begin
            multiplying += time.perf_counter() - middle
        return decoding, multiplying

    def products(self, variants: npt.NDArray[np.int64]) -> tuple[Floats, Spread]:
        """Products of at most a block of variants, and what their genotypes are."""
        rows = self._rows[variants]
        product = self._decoded(rows) @ self._columns
        return np.asarray(product, dtype=np.float64), self._spread(rows)


class CallsPeer(ProductPeer):
    """Hard calls of a .bed, decoded as scripts/numpy_scan.py does."""

    two_copies = 2.0

    @property
    def _width(self) -> int:
        return -(-self.n_samples // 4) * 4

    def _read(self, path: Path) -> Rows:
        return np.fromfile(path, np.uint8, offset=3).reshape(-1, self._width // 4)

    def _start(self, threads: int) -> None:
        self._decoder = Decoder(self.n_samples, _BLOCK, threads)

    def _decoded(self, rows: Rows) -> npt.NDArray[np.float32]:
        self._counts: Any
        codes, self._counts = self._decoder(rows)
        return np.asarray(codes)

    def _spread(self, rows: Rows) -> Spread:
        n_missing, n_one, n_two = (np.asarray(count, float) for count in self._counts)
        return Spread(self.n_samples - n_missing, n_one + 2 * n_two, n_one + 4 * n_two)


class DosagesPeer(ProductPeer):
    """Dosages in bytes: their codes become floats, 254 for two copies; the columns take the scale.

    A byte is turned into a float and nothing else: there is no faster way to decode.
    """

    two_copies = 254.0

    @property
    def _width(self) -> int:
        return self.n_samples

    def _read(self, path: Path) -> Rows:
        with open_genotypes(path) as file:
            rows = np.concatenate([file.read_chunk(i) for i in range(len(file.chunks.size))])
        if (rows == 255).any():
            raise InputError(
                f"{path} has missing dosages; expected none: the peer does not look for them. "
                "Make the file again."
            )
        return rows

    def _start(self, threads: int) -> None:
        self._codes = np.empty((_BLOCK, self.n_samples), dtype=np.float32)
        self._pool, self._threads = ThreadPoolExecutor(threads), threads

    def _decoded(self, rows: Rows) -> npt.NDArray[np.float32]:
        def decode(part: int) -> None:
            chosen = slice(part, len(rows), self._threads)
            self._codes[: len(rows)][chosen] = rows[chosen]

        list(self._pool.map(decode, range(self._threads)))
        return self._codes[: len(rows)]

    def _spread(self, rows: Rows) -> Spread:
        codes = rows.astype(np.float64)
        n_called = np.full(len(rows), float(self.n_samples))
        return Spread(n_called, codes.sum(axis=1), np.einsum("ij,ij->i", codes, codes))
