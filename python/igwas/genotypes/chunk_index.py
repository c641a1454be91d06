"""Where the bytes of each chunk of genotypes stand in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from igwas.genotypes.encoding import Encoding

Codec = Literal["raw", "zstd"]

# Whole variants of about this many bytes: long reads, and several chunks a thread in memory.
TARGET_CHUNK_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class ChunkIndex:
    """The stored chunks of a genotype matrix, each a run of whole variants.

    Parameters
    ----------
    path : Path
        File the bytes are in.
    encoding : Encoding
        What a row means.
    n_variants, n_samples, row_bytes, rows_per_chunk : int
        Chunk `c` holds variants `c * rows_per_chunk` and on.
    offset, size : int64 (chunks,)
        First byte and stored length. The last raw chunk of a .bed is short; in HDF5 every chunk
        decodes to `rows_per_chunk * row_bytes` bytes, and rows past `n_variants` mean nothing.
    codec : `raw` or `zstd`
        How the bytes are stored.
    crc32c : uint32 (chunks,) or None
        CRC-32C of the stored bytes; None for .bed, which has none.
    """

    path: Path
    encoding: Encoding
    n_variants: int
    n_samples: int
    row_bytes: int
    rows_per_chunk: int
    offset: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    codec: Codec
    crc32c: npt.NDArray[np.uint32] | None

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self.offset)

    def variant_range(self, chunk: int) -> tuple[int, int]:
        """First variant of a chunk and one past its last."""
        start = chunk * self.rows_per_chunk
        return start, min(start + self.rows_per_chunk, self.n_variants)


def default_rows_per_chunk(row_bytes: int) -> int:
    """Variants of about 1 MiB, at least one."""
    return max(1, TARGET_CHUNK_BYTES // row_bytes)
