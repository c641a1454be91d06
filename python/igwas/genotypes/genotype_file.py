"""Genotype files read lazily: what .bed and genotypes.h5 have in common."""

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas import _core
from igwas.closing import Closing
from igwas.errors import CorruptFile, InputError, ShapeError
from igwas.genotypes.chunk_index import ChunkIndex
from igwas.genotypes.encoding import Encoding, decode
from igwas.genotypes.samples import Samples
from igwas.wording import counted


class GenotypeFile(Closing):
    """Samples, variants and dosages of a file; nothing is read before it is asked for.

    Slicing gives float32 dosages of the effect allele, (variants, samples), NaN where missing, and
    checks each chunk's checksum. The scan does not slice: it reads the bytes that `chunks` points
    to.

    Attributes
    ----------
    path : Path
        The file.
    n_samples, n_variants : int
        Its size.
    encoding : `hardcalls`, `dosage8` or `dosage16`
        How genotypes are stored.
    samples : Samples
        Who they are, in file order.
    chunks : ChunkIndex
        Where their bytes are.
    chromosomes : (list of str, int16 (variants,))
        Normalised names in order of first appearance, and the code of each variant.
    positions : int64 (variants,)
        Base pairs.
    info : float32 (variants,) or None
        Imputation information where the file has it.
    """

    path: Path
    encoding: Encoding
    samples: Samples
    chunks: ChunkIndex
    chromosomes: tuple[list[str], npt.NDArray[np.int16]]
    positions: npt.NDArray[np.int64]
    info: npt.NDArray[np.float32] | None = None
    _descriptor: int | None = None

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples)

    @property
    def n_variants(self) -> int:
        """Return the number of variants."""
        return len(self.positions)

    @property
    def shape(self) -> tuple[int, int]:
        """(variants, samples)."""
        return self.n_variants, self.n_samples

    @property
    def has_info(self) -> bool:
        """Whether `info` is stored."""
        return self.info is not None

    @property
    @abstractmethod
    def digest(self) -> str:
        """Identifies the content: changes when any of its files does."""

    @abstractmethod
    def variants(self, start: int, stop: int) -> pd.DataFrame:
        """Names and alleles of variants `start` to `stop`.

        Returns
        -------
        DataFrame
            chromosome, position, id, effect_allele, other_allele, and info where stored.
        """

    def close(self) -> None:
        """Close the file; harmless when closed."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __len__(self) -> int:
        """Return the number of variants."""
        return self.n_variants

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {str(self.path)!r}: "
            f"{counted(self.n_variants, 'variant', 'variants')} x "
            f"{counted(self.n_samples, 'sample', 'samples')}, {self.encoding}>"
        )

    def __getitem__(self, key: Any) -> npt.NDArray[np.float32]:
        """Dosages of some variants, or of some variants and samples.

        Parameters
        ----------
        key : index or (index, index)
            Each an integer, slice, integer array or boolean array; variants first. The two are
            independent (every variant chosen x every sample chosen).

        Returns
        -------
        float32 (variants, samples)
            An axis indexed by a plain integer is dropped.

        Raises
        ------
        CorruptFile
            If a chunk does not match its checksum.
        """
        variant_key, sample_key = key if isinstance(key, tuple) else (key, slice(None))
        rows = _resolve(variant_key, self.n_variants, "variants")
        columns = _resolve(sample_key, self.n_samples, "samples")
        dosage = np.empty((len(rows), len(columns)), np.float32)
        chunk_of = rows // self.chunks.rows_per_chunk
        for chunk in np.unique(chunk_of):
            wanted = np.flatnonzero(chunk_of == chunk)
            stored = self.read_chunk(int(chunk))
            inside = rows[wanted] - chunk * self.chunks.rows_per_chunk
            decoded = decode(stored[inside], self.encoding, self.n_samples)
            dosage[wanted] = decoded[:, columns]
        return dosage[
            0 if isinstance(variant_key, int | np.integer) else slice(None),
            ...,
            0 if isinstance(sample_key, int | np.integer) else slice(None),
        ]

    def read_chunk(self, chunk: int) -> npt.NDArray[np.uint8]:
        """Bytes of one chunk, checked and decompressed.

        Returns
        -------
        uint8 (variants of the chunk, row bytes)

        Raises
        ------
        CorruptFile
            If the file is too short, or the bytes do not match their checksum.
        """
        index = self.chunks
        start, stop = index.variant_range(chunk)
        size = int(index.size[chunk])
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        data = os.pread(self._descriptor, size, int(index.offset[chunk]))
        where = f"{self.path}: chunk {chunk} (variants {start + 1} to {stop})"
        if len(data) != size:
            raise CorruptFile(
                f"{where} ends after {len(data)} of {size} bytes; expected all of them. "
                "The file was cut short: copy or convert it again."
            )
        if index.crc32c is not None:
            found, expected = _core.crc32c(data), int(index.crc32c[chunk])
            if found != expected:
                raise CorruptFile(
                    f"{where} has checksum {found:08x}; expected {expected:08x}. "
                    "The file is damaged: copy or convert it again."
                )
        if index.codec == "zstd":
            data = self._decompress(data, where)
        rows = np.frombuffer(data, np.uint8).reshape(-1, index.row_bytes)
        return rows[: stop - start]

    def _decompress(self, data: bytes, where: str) -> bytes:
        size = self.chunks.rows_per_chunk * self.chunks.row_bytes
        try:
            return bytes(_core.zstd_decompress(data, size))
        except CorruptFile as error:
            raise CorruptFile(f"{where}: {error}") from error


def _resolve(key: Any, length: int, axis: str) -> npt.NDArray[np.int64]:
    """Turn a key along an axis into indices; IndexError or ShapeError where it does not fit."""
    if isinstance(key, slice):
        return np.arange(*key.indices(length), dtype=np.int64)
    if isinstance(key, list) and not key:
        return np.empty(0, np.int64)
    array = np.atleast_1d(np.asarray(key))
    if array.dtype == bool:
        if array.shape != (length,):
            raise ShapeError(
                f"boolean index of {axis} has shape {array.shape}; expected ({length},). "
                "Give one value for each."
            )
        return np.flatnonzero(array)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise IndexError(
            f"index of {axis} is {key!r}; expected an integer, a slice, or a one-dimensional array "
            "of integers or booleans."
        )
    indices = array.astype(np.int64)
    outside = (indices < -length) | (indices >= length)
    if outside.any():
        raise IndexError(
            f"index of {axis} is {int(indices[outside][0])}; expected less than {length}."
        )
    return np.where(indices < 0, indices + length, indices)


def open_genotypes(path: Path | str, *, allow_unknown_chromosomes: bool = False) -> GenotypeFile:
    """Open genotypes.h5, or a PLINK .bed with its .bim and .fam beside it.

    Parameters
    ----------
    path : Path or str
        Told apart by content, not by name.
    allow_unknown_chromosomes : bool
        Keep chromosome names of a .bim that are not known.

    Returns
    -------
    GenotypeFile
        A context manager.

    Raises
    ------
    InputError
        If the file cannot be used; each message names the file, the line and what to do.

    Examples
    --------
    >>> with open_genotypes("genotypes.h5") as genotypes:  # doctest: +SKIP
    ...     dosage = genotypes[100:200]
    """
    from igwas.genotypes.hdf5_genotypes import Hdf5Genotypes, is_hdf5
    from igwas.genotypes.plink_bed import BedGenotypes

    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected genotypes.h5 or a .bed. Give a file.")
    if not path.exists():
        raise InputError(f"{path} does not exist; expected genotypes.h5 or a .bed. Check the path.")
    if is_hdf5(path):
        return Hdf5Genotypes(path)
    if path.suffix in _CONVERTIBLE or path.suffixes[-2:] == [".vcf", ".gz"]:
        raise InputError(
            f"{path} is not read in place; expected genotypes.h5 or a .bed. "
            f"Convert it first: igwas-fast genotypes {path} -o genotypes.h5"
        )
    return BedGenotypes(path, allow_unknown_chromosomes=allow_unknown_chromosomes)


_CONVERTIBLE = (".pgen", ".bgen", ".vcf", ".bcf")
