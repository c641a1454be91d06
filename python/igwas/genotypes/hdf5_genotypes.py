"""genotypes.h5 read lazily, its chunks by byte offset so that no thread waits for HDF5's lock."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.errors import CorruptFile, InputError, SchemaError
from igwas.genotypes.chunk_index import ChunkIndex, Codec
from igwas.genotypes.encoding import Encoding, row_bytes
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.genotypes.samples import Samples
from igwas.hdf5 import is_hdf5, open_hdf5
from igwas.provenance import file_digest
from igwas.schema import GENOTYPES

__all__ = ["Hdf5Genotypes", "is_hdf5"]

ZSTD_FILTER = 32015
_SLAB = 2**18
_TEXT_COLUMNS = ("id", "effect_allele", "other_allele")


class Hdf5Genotypes(GenotypeFile):
    """A genotypes.h5.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        If it is not a readable genotypes.h5; SchemaError, CorruptFile where that is the reason.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_hdf5(path, GENOTYPES)
        try:
            self._read()
        except (OSError, RuntimeError) as error:
            self.close()
            raise CorruptFile(
                f"{path} is damaged ({error}); expected readable arrays. Copy or convert it again."
            ) from error
        except BaseException:
            self.close()
            raise

    def _read(self) -> None:
        file = self._file
        self.samples = Samples(
            _strings(file["/samples/family_id"][:]),
            _strings(file["/samples/sample_id"][:]),
            file["/samples/sex"][:],
        )
        self.positions = file["/variants/position"][:]
        if not self.n_variants or not self.n_samples:
            raise InputError(
                f"{self.path} has {self.n_variants} variants and {self.n_samples} samples; "
                "expected at least 1 of each. Convert it again."
            )
        self.chromosomes = _chromosome_codes(file["/variants/chromosome"])
        if "/variants/info" in file:
            self.info = file["/variants/info"][:]
        self.encoding, dataset = _genotype_dataset(file, self.path)
        self.chunks = _chunk_index(self, dataset, file["/genotypes/chunk_crc32c"][:])

    @cached_property
    def digest(self) -> str:
        """Digest of the file."""
        return file_digest(self.path)

    def close(self) -> None:
        """Close the file; harmless when closed."""
        super().close()
        self._file.close()

    def variants(self, start: int, stop: int) -> pd.DataFrame:
        """Names and alleles of variants `start` to `stop`; see GenotypeFile."""
        names, codes = self.chromosomes
        columns: dict[str, Any] = {
            "chromosome": np.array([*names, None], dtype=object)[codes[start:stop]],
            "position": self.positions[start:stop],
        }
        for column in _TEXT_COLUMNS:
            columns[column] = _strings(self._file[f"/variants/{column}"][start:stop])
        if self.info is not None:
            columns["info"] = self.info[start:stop]
        return pd.DataFrame(columns)


def _strings(values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Bytes as HDF5 gives them, decoded."""
    out = np.empty(len(values), dtype=object)
    out[:] = [v.decode("utf-8") if isinstance(v, bytes) else str(v) for v in values.tolist()]
    return out


def _chromosome_codes(dataset: Any) -> tuple[list[str], npt.NDArray[np.int16]]:
    """Names in order of first appearance and the code of each variant, read in slabs."""
    names: dict[str, int] = {}
    codes = np.empty(len(dataset), np.int16)
    for start in range(0, len(dataset), _SLAB):
        values = dataset[start : start + _SLAB]
        runs = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
        labels = _strings(values[runs[:-1]])
        for name, begin, end in zip(labels, runs[:-1], runs[1:], strict=True):
            codes[start + begin : start + end] = names.setdefault(name, len(names))
    return list(names), codes


def _genotype_dataset(file: Any, path: Path) -> tuple[Encoding, Any]:
    present = [n for n in ("hardcalls", "dosages") if f"/genotypes/{n}" in file]
    if len(present) != 1:
        raise SchemaError(
            f"{path} has {' and '.join(present) or 'neither'} of /genotypes/hardcalls and "
            "/genotypes/dosages; expected one of them. Convert it again."
        )
    dataset = file[f"/genotypes/{present[0]}"]
    if present[0] == "hardcalls":
        return "hardcalls", dataset
    return ("dosage8" if dataset.dtype.itemsize == 1 else "dosage16"), dataset


def _codec(dataset: Any, path: Path) -> Codec:
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if not filters:
        return "raw"
    if filters == [ZSTD_FILTER]:
        return "zstd"
    raise InputError(
        f"{path}: {dataset.name} is stored with HDF5 filters {filters}; expected zstd "
        f"({ZSTD_FILTER}) or none. Convert it again with igwas-fast genotypes."
    )


def _chunk_index(
    genotypes: Hdf5Genotypes, dataset: Any, crc32c: npt.NDArray[np.uint32]
) -> ChunkIndex:
    path, encoding = genotypes.path, genotypes.encoding
    stride = row_bytes(encoding, genotypes.n_samples)
    if dataset.shape[1] * dataset.dtype.itemsize != stride or dataset.chunks is None:
        raise SchemaError(
            f"{path}: {dataset.name} has rows of {dataset.shape[1]} x {dataset.dtype} and chunks "
            f"{dataset.chunks}; expected chunked rows of {stride} bytes. Convert it again."
        )
    if dataset.chunks[1] != dataset.shape[1]:
        raise SchemaError(
            f"{path}: {dataset.name} has chunks {dataset.chunks}; expected whole rows of "
            f"{dataset.shape[1]}. Convert it again."
        )
    rows = dataset.chunks[0]
    n_chunks = -(-genotypes.n_variants // rows)
    offset, size = np.full(n_chunks, -1, np.int64), np.zeros(n_chunks, np.int64)

    def visit(info: Any) -> None:
        at = info.chunk_offset[0] // rows
        if at < n_chunks and not info.filter_mask:
            offset[at], size[at] = info.byte_offset, info.size

    dataset.id.chunk_iter(visit)
    _check_chunks(path, offset, size, len(crc32c))
    return ChunkIndex(
        path=path,
        encoding=encoding,
        n_variants=genotypes.n_variants,
        n_samples=genotypes.n_samples,
        row_bytes=stride,
        rows_per_chunk=rows,
        offset=offset,
        size=size,
        codec=_codec(dataset, path),
        crc32c=crc32c,
    )


def _check_chunks(
    path: Path, offset: npt.NDArray[np.int64], size: npt.NDArray[np.int64], n_checksums: int
) -> None:
    if n_checksums != len(offset):
        raise CorruptFile(
            f"{path} has {n_checksums} checksums; expected one for each of {len(offset)} chunks. "
            "Convert it again."
        )
    absent = np.flatnonzero(offset < 0)
    if absent.size:
        raise CorruptFile(
            f"{path}: chunk {int(absent[0])} of {len(offset)} is not stored; expected all. "
            "Convert it again."
        )
    end, length = int((offset + size).max()), path.stat().st_size
    if end > length:
        raise CorruptFile(
            f"{path} has {length} bytes; expected at least {end}. "
            "It was cut short: copy or convert it again."
        )
