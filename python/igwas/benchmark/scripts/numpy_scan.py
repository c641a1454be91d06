"""A careful scan in NumPy: decode, float32 sgemm, t, p, binary output.

Mean-imputed linear regression of every phenotype on every variant of a .bed, covariates projected
out of both sides: beta = g'y / S with S = g'g - |Q'g|^2, t from the residual sum of squares. Calls
are counted with popcounts, decoded through a table of 256 x 4 floats a variant (its mean in place
of missing calls) and multiplied in blocks that stay in cache; the table look-ups of a block run on
as many threads as the BLAS has. Sums of squares come from integer counts, so that float32 costs
only the product. Rows of the .fam and of phenotypes.h5 must be the same people in the same order.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

Array = npt.NDArray[Any]
Counts = tuple[Array, Array, Array]

# copies of allele 1 by code; missing is filled in for each variant
_CODES = np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3
_IS_MISSING = _CODES == 1
_COPIES = np.array([2, 0, 1, 0], dtype=np.float32)[_CODES]
_EVEN = np.uint64(0x5555555555555555)
# From here t and normal tails differ by less than float32 shows below |t| of 5, and ndtr is ten
# times faster.
_MANY = 10_000


def read_arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bed", type=Path, required=True)
    parser.add_argument("--phenotypes", type=Path, required=True)
    parser.add_argument("--covariates", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--with-p", action="store_true")
    return parser.parse_args()


def read_tables(arguments: argparse.Namespace) -> tuple[Array, Array, Array]:
    """Residual phenotypes scaled to unit sum of squares, their scale, and the basis."""
    with h5py.File(arguments.phenotypes) as file:
        values = file["/values"][:].astype(np.float64)
    design = np.ones((len(values), 1))
    if arguments.covariates:
        with arguments.covariates.open() as stream:
            n_columns = len(stream.readline().split("\t"))
            table = np.loadtxt(stream, delimiter="\t", usecols=range(2, n_columns), ndmin=2)
        design = np.hstack([design, table])
    basis = np.linalg.qr(design)[0]
    values -= basis @ (basis.T @ values)
    scale = np.sqrt(np.einsum("ij,ij->j", values, values))
    return values / scale, scale, basis


def count_calls(rows: Array, n_samples: int) -> Counts:
    """Missing, one copy, two copies of each row; rows are uint8, padded to 8 bytes."""
    words = rows.view(np.uint64)
    high, low = words >> np.uint64(1) & _EVEN, words & _EVEN
    n_missing = np.bitwise_count(low & ~high).sum(axis=1, dtype=np.int64)
    n_one = np.bitwise_count(high & ~low).sum(axis=1, dtype=np.int64)
    n_none = np.bitwise_count(high & low).sum(axis=1, dtype=np.int64)
    return n_missing, n_one, n_samples - n_missing - n_one - n_none


class Decoder:
    """Decodes blocks of rows to float32, means in place of missing calls."""

    def __init__(self, n_samples: int, block: int, threads: int) -> None:
        self.n_samples = n_samples
        self.row_bytes = -(-n_samples // 4)
        # Four floats are moved as one element of 16 bytes: the fastest gather NumPy has.
        self.decoded = np.empty((block, self.row_bytes), dtype=np.complex128)
        self.padded = np.zeros((block, -(-self.row_bytes // 8) * 8), dtype=np.uint8)
        self.pool = ThreadPoolExecutor(threads)
        self.threads = threads

    def __call__(self, rows: Array) -> tuple[Array, Counts]:
        """Dosage (variants, samples padded to 4) and counts (missing, one, two)."""
        n_rows = len(rows)
        self.padded[:n_rows, : self.row_bytes] = rows
        counts = count_calls(self.padded[:n_rows], self.n_samples)
        n_missing, n_one, n_two = counts
        mean = (n_one + 2 * n_two) / np.maximum(self.n_samples - n_missing, 1)
        tables = np.where(_IS_MISSING, mean[:, None, None].astype(np.float32), _COPIES)
        tables = tables.view(np.complex128)[:, :, 0]

        def decode(part: int) -> None:
            for row in range(part, n_rows, self.threads):
                codes = self.padded[row, : self.row_bytes]
                np.take(tables[row], codes, out=self.decoded[row], mode="clip")

        list(self.pool.map(decode, range(self.threads)))
        return self.decoded[:n_rows].view(np.float32), counts


def statistics(
    product: Array, counts: Counts, n_samples: int, n_phenotypes: int, dof: int
) -> tuple[Array, Array]:
    """Beta per unit phenotype and t of a block, float32 (variants, phenotypes)."""
    n_missing, n_one, n_two = counts
    mean = (n_one + 2 * n_two) / np.maximum(n_samples - n_missing, 1)
    squares = n_one + 4 * n_two + n_missing * mean**2
    along_basis = product[:, n_phenotypes:].astype(np.float64)
    spread = squares - np.einsum("ij,ij->i", along_basis, along_basis)
    spread[spread <= 1e-9 * np.maximum(squares, 1)] = np.nan
    correlation = product[:, :n_phenotypes] * (spread**-0.5).astype(np.float32)[:, None]
    beta = correlation * (spread**-0.5).astype(np.float32)[:, None]
    t = correlation * np.sqrt(np.float32(dof) / (1 - correlation**2))
    return beta, t


def main() -> None:
    """Scan and write."""
    arguments = read_arguments()
    values, scale, basis = read_tables(arguments)
    n_samples, n_phenotypes = values.shape
    dof = n_samples - basis.shape[1] - 1
    rows = np.memmap(arguments.bed, np.uint8, "r", offset=3).reshape(-1, -(-n_samples // 4))
    columns = np.zeros((4 * rows.shape[1], n_phenotypes + basis.shape[1]), dtype=np.float32)
    # Padding decodes to dosages; its rows of the columns are 0.
    columns[:n_samples] = np.hstack([values, basis])
    del values, basis
    shape = (len(rows), n_phenotypes)
    names = ("beta", "t", "p") if arguments.with_p else ("beta", "t")
    arguments.output.mkdir(exist_ok=True)
    out = {
        name: np.lib.format.open_memmap(arguments.output / f"{name}.npy", "w+", np.float32, shape)
        for name in names
    }
    decode = Decoder(n_samples, arguments.block, arguments.threads)
    scale = scale.astype(np.float32)
    for start in range(0, len(rows), arguments.block):
        part = slice(start, start + arguments.block)
        dosage, counts = decode(rows[part])
        beta, t = statistics(dosage @ columns, counts, n_samples, n_phenotypes, dof)
        out["beta"][part], out["t"][part] = beta * scale, t
        if arguments.with_p:
            out["p"][part] = 2 * (ndtr(-abs(t)) if dof > _MANY else stdtr(dof, -abs(t)))


if __name__ == "__main__":
    main()
