"""The typed face of the compiled core; a test keeps it equal to the module."""

from collections.abc import Callable, Sequence
from typing import final, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

@final
class GenotypeSource:
    @property
    def has_calls(self) -> bool: ...

@final
class MaskGroup:
    def __init__(
        self,
        *,
        responses_begin: int,
        basis_begin: int,
        n_basis: int,
        output_column: NDArray[np.int64],
        sum_of_squares: NDArray[np.float64],
        is_member: NDArray[np.uint8],
        omnibus_response: Sequence[int],
        omnibus_gram: NDArray[np.float64],
    ) -> None: ...

@final
class ScanModel:
    def __init__(
        self,
        *,
        columns: NDArray[np.float64],
        file_rows: NDArray[np.int64],
        is_male: NDArray[np.uint8],
        masks: Sequence[MaskGroup],
    ) -> None: ...

@final
class ScanOptions:
    def __init__(
        self,
        *,
        drops_missing: bool,
        mac: float,
        maf: float,
        geno: float,
        hwe_log10p: float,
        hit_log10p: float,
        n_phenotypes: int,
        batch_bytes: int,
        is_full: bool,
    ) -> None: ...

@final
class StatisticsSink: ...

def array_sink(arrays: dict[str, NDArray[np.generic]]) -> StatisticsSink: ...
@overload
def array_source(dosage: NDArray[np.int8]) -> GenotypeSource: ...
@overload
def array_source(
    dosage: NDArray[np.float32] | NDArray[np.float64], is_fine: bool = False
) -> GenotypeSource: ...
def file_sink(
    *,
    path: str,
    journal_path: str,
    n_masks: int,
    n_phenotypes: int,
    offset: dict[str, int],
) -> StatisticsSink: ...
def file_source(
    *,
    path: str,
    encoding: str,
    n_variants: int,
    n_samples: int,
    row_bytes: int,
    rows_per_chunk: int,
    is_zstd: bool,
    offset: NDArray[np.uint64],
    size: NDArray[np.uint64],
    crc32c: NDArray[np.uint32],
) -> GenotypeSource: ...
def scan(
    *,
    source: GenotypeSource,
    model: ScanModel,
    source_row: NDArray[np.int64],
    excluded_reason: NDArray[np.uint8],
    blocks: NDArray[np.int64],
    options: ScanOptions,
    sink: StatisticsSink,
    threads: int,
    progress: Callable[[int], object] | None,
    device: object | None = None,
) -> None: ...

# Codec: any C-contiguous buffer in; the global lock is released.
def crc32c(data: Buffer) -> int: ...
def load_zstd(path: str) -> None: ...
def zstd_is_loaded() -> bool: ...
def zstd_compress(data: Buffer, level: int) -> bytes: ...
def zstd_decompress(data: Buffer, size: int) -> bytes: ...

# Tails: C-contiguous arrays of exactly these types; each later argument has the shape of the first
# or one element.
def log10p_student_t(t: NDArray[np.float64], dof: NDArray[np.float64]) -> NDArray[np.float64]: ...
def log10p_f(
    f: NDArray[np.float64], d1: NDArray[np.float64], d2: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def log10p_chisq(chisq: NDArray[np.float64], dof: NDArray[np.float64]) -> NDArray[np.float64]: ...
def hardy_weinberg_log10p(
    n_hom1: NDArray[np.int64],
    n_het: NDArray[np.int64],
    n_hom2: NDArray[np.int64],
    *,
    mid_p: bool = False,
) -> NDArray[np.float64]: ...

# The product alone, of hard calls or the dosages of a file: sums over called and missing samples
# (variants, columns), and the seconds that each repeat took with the genotypes in memory. The sums
# count the rarer allele, in copies (calls) or 127ths of one (bytes).
def multiply_calls(
    *,
    source: GenotypeSource,
    model: ScanModel,
    source_row: NDArray[np.int64],
    is_full: bool,
    threads: int,
    repeats: int,
    device: object | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float]]: ...
def simd_level() -> str: ...
