"""Write genotypes.h5: chunks compressed by our own threads, the file renamed when it is whole."""

import errno
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import numpy.typing as npt

from igwas import _core
from igwas.closing import Closing
from igwas.context import Context
from igwas.errors import OptionError, OutputError
from igwas.genotypes.chunk_index import default_rows_per_chunk
from igwas.genotypes.encoding import DOSAGE_TYPES, Encoding, row_bytes
from igwas.genotypes.samples import Samples
from igwas.output_paths import sync
from igwas.sole_writer import refuse_existing, require_folder
from igwas.steady_file import SteadyFile

DEFAULT_LEVEL = 1
_TEXT_SLAB = 2**14
_COLUMN_CHUNK = 2**16
_MAX_CHUNK_BYTES = 2**31
_TEXT_COLUMNS = ("id", "effect_allele", "other_allele")


def check_output(path: Path, *, overwrite: bool, inputs: Mapping[str, Path]) -> None:
    """Refuse an output that cannot or must not be written, before any work is done.

    Raises
    ------
    OutputError
        If it exists, is a folder or one of the inputs, or its folder is missing or read-only.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; expected a file name. Give a file with -o.")
    if path.exists() and any(
        source.exists() and path.samefile(source) for source in inputs.values()
    ):
        raise OutputError(f"{path} is one of the inputs; expected another file. Change -o.")
    refuse_existing(path, overwrite=overwrite)
    require_folder(path)
    if not os.access(path.parent, os.W_OK):
        raise OutputError(
            f"{path.parent} is not writable; expected to write {path.name} into it. "
            "Choose another folder or change its permissions."
        )


class GenotypeWriter(Closing):
    """Writes one genotypes.h5; a context manager.

    Rows are appended in variant order to `<output>.partial`. Leaving the context without an error
    completes the file, flushes it to disk and renames it; leaving it with one removes it.

    Parameters
    ----------
    path : Path
        The file to be.
    samples : Samples
        Columns of the matrix.
    encoding : Encoding
        How rows are stored.
    attributes : mapping
        Root attributes, from `provenance.root_attributes`.
    context : Context
        Threads that compress.
    level : int
        zstd level, 1 to 19.
    raw : bool
        Store chunks uncompressed.
    rows_per_chunk : int, optional
        Variants in a chunk; by default about 1 MiB.

    Raises
    ------
    OutputError
        If the disk is full or the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        samples: Samples,
        encoding: Encoding,
        *,
        attributes: Mapping[str, Any],
        context: Context,
        level: int = DEFAULT_LEVEL,
        raw: bool = False,
        rows_per_chunk: int | None = None,
    ) -> None:
        self.path = path
        self.partial_path = path.with_name(path.name + ".partial")
        self.encoding = encoding
        self.n_variants = 0
        self._row_bytes = row_bytes(encoding, len(samples))
        self._rows = (
            default_rows_per_chunk(self._row_bytes) if rows_per_chunk is None else rows_per_chunk
        )
        if not 1 <= self._rows <= _MAX_CHUNK_BYTES // self._row_bytes:
            raise OptionError(
                f"rows per chunk is {self._rows}; expected 1 to "
                f"{_MAX_CHUNK_BYTES // self._row_bytes} for {len(samples)} samples. Change it."
            )
        self._level, self._is_raw = level, raw
        self._buffer = np.zeros((self._rows, self._row_bytes), np.uint8)
        self._n_buffered = self._n_chunks = self._n_text = 0
        self._codes: list[npt.NDArray[np.int16]] = []
        self._positions: list[npt.NDArray[np.int64]] = []
        self._info: list[npt.NDArray[np.float32]] = []
        self._crc32c: list[int] = []
        self._text: dict[str, list[str]] = {column: [] for column in _TEXT_COLUMNS}
        self._pending: deque[Future[tuple[bytes, int]]] = deque()
        self._max_pending = 2 * context.n_threads
        self._steady: SteadyFile | None = None
        self._file: Any = None
        self._is_finished = False
        self._pool = ThreadPoolExecutor(context.n_threads, thread_name_prefix="zstd")
        try:
            self._create(samples, attributes)
        except BaseException:
            self.close()
            raise

    def _create(self, samples: Samples, attributes: Mapping[str, Any]) -> None:
        with self._writing():
            self._steady = SteadyFile(self.partial_path)
            self._file = h5py.File(self._steady, "w")
            self._file.attrs.update(dict(attributes))
            text = h5py.string_dtype("utf-8")
            self._file.create_dataset("/samples/family_id", data=samples.family_id, dtype=text)
            self._file.create_dataset("/samples/sample_id", data=samples.sample_id, dtype=text)
            self._file.create_dataset("/samples/sex", data=samples.sex)
            for column in _TEXT_COLUMNS:
                self._file.create_dataset(
                    f"/variants/{column}", (0,), text, maxshape=(None,), chunks=(_TEXT_SLAB,)
                )
            codec = {} if self._is_raw else dict(hdf5plugin.Zstd(clevel=self._level))
            is_calls = self.encoding == "hardcalls"
            dtype = np.dtype(np.uint8 if is_calls else DOSAGE_TYPES[self.encoding])
            width = self._row_bytes // dtype.itemsize
            self._genotypes = self._file.create_dataset(
                f"/genotypes/{'hardcalls' if is_calls else 'dosages'}",
                (0, width),
                dtype.newbyteorder("<"),
                maxshape=(None, width),
                chunks=(self._rows, width),
                **codec,
            )

    def append(
        self,
        rows: npt.NDArray[np.unsignedinteger],
        *,
        codes: npt.NDArray[np.int16],
        positions: npt.NDArray[np.int64],
        ids: Sequence[str],
        effect_alleles: Sequence[str],
        other_alleles: Sequence[str],
        info: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Append variants.

        Parameters
        ----------
        rows : uint8 (variants, bytes) or uint8|uint16 (variants, samples)
            Packed hard calls, or stored dosages.
        codes : int16 (variants,)
            Chromosome codes; their names are given to `finish`.
        positions : int64 (variants,)
            Base pairs.
        ids, effect_alleles, other_alleles : sequences of str
            One a variant.
        info : float32 (variants,), optional
            Imputation information; for all variants or for none.
        """
        stored = np.ascontiguousarray(rows).view(np.uint8)
        assert stored.shape == (len(positions), self._row_bytes)
        self._codes.append(codes)
        self._positions.append(positions)
        if info is not None:
            self._info.append(info)
        for column, values in zip(_TEXT_COLUMNS, (ids, effect_alleles, other_alleles), strict=True):
            self._text[column].extend(values)
        self.n_variants += len(positions)
        done = 0
        while done < len(stored):
            taken = min(self._rows - self._n_buffered, len(stored) - done)
            self._buffer[self._n_buffered : self._n_buffered + taken] = stored[done : done + taken]
            self._n_buffered += taken
            done += taken
            if self._n_buffered == self._rows:
                self._submit()
        if len(self._text["id"]) >= _TEXT_SLAB:
            self._write_text()

    def _submit(self) -> None:
        self._pending.append(
            self._pool.submit(_store_chunk, self._buffer, self._level, self._is_raw)
        )
        # HDF5 stores every chunk whole: rows after the last variant are zero.
        self._buffer = np.zeros((self._rows, self._row_bytes), np.uint8)
        self._n_buffered = 0
        while len(self._pending) >= self._max_pending:
            self._write_chunk()

    def _write_chunk(self) -> None:
        data, crc32c = self._pending.popleft().result()
        first = self._n_chunks * self._rows
        with self._writing():
            rows = min(first + self._rows, self.n_variants)
            self._genotypes.resize(rows, axis=0)
            self._genotypes.id.write_direct_chunk((first, 0), data)
        self._crc32c.append(crc32c)
        self._n_chunks += 1

    def _write_text(self) -> None:
        with self._writing():
            for column, values in self._text.items():
                dataset = self._file[f"/variants/{column}"]
                dataset.resize(self._n_text + len(values), axis=0)
                dataset[self._n_text :] = np.array([*values, None], dtype=object)[:-1]
        self._n_text += len(self._text["id"])
        self._text = {column: [] for column in _TEXT_COLUMNS}

    def finish(self, chromosome_names: Sequence[str]) -> None:
        """Write what is left, flush to disk and rename; the writer is then closed.

        Parameters
        ----------
        chromosome_names : sequence of str
            Name of each code given to `append`.
        """
        if self._n_buffered:
            self._submit()
        while self._pending:
            self._write_chunk()
        self._pool.shutdown()
        self._write_text()
        assert self._steady is not None
        with self._writing():
            self._write_columns(chromosome_names)
            self._file.close()
            self._steady.sync()
            self._steady.close()
            self.partial_path.replace(self.path)
            sync(self.path.parent)
        self._is_finished = True

    def _write_columns(self, chromosome_names: Sequence[str]) -> None:
        # Fixed-length text: four bytes a variant, where variable length would take forty.
        encoded = np.array([name.encode() for name in chromosome_names] or [b""])
        self._write_column(
            "/variants/chromosome",
            encoded[_joined(self._codes, np.int16)],
            h5py.string_dtype("utf-8", encoded.dtype.itemsize),
        )
        self._write_column("/variants/position", _joined(self._positions, np.int64))
        if self._info:
            self._write_column("/variants/info", _joined(self._info, np.float32))
        self._file.create_dataset("/genotypes/chunk_crc32c", data=np.array(self._crc32c, "<u4"))

    def _write_column(
        self, name: str, values: npt.NDArray[Any], dtype: np.dtype[Any] | None = None
    ) -> None:
        self._file.create_dataset(
            name,
            data=values if dtype is None else values.astype(dtype),
            chunks=(min(_COLUMN_CHUNK, max(1, len(values))),),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )

    def close(self) -> None:
        """Stop; unless it was finished, nothing is left behind."""
        if self._is_finished:
            return
        self._pool.shutdown(cancel_futures=True)
        if self._file is not None:
            self._file.close()
        if self._steady is not None:
            self._steady.close()
            self.partial_path.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Word what the system says when writing fails."""
        try:
            yield
            if self._steady is not None and not self._steady.closed:
                self._steady.raise_failure()
        except OSError as error:
            code = error.errno
            is_full = code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            advice = "Free some space" if is_full else "Check its folder and the disk"
            raise OutputError(
                f"{self.path} cannot be written ({os.strerror(code) if code else error}); expected "
                f"room for the whole file. {advice} and run again; nothing was left behind."
            ) from error


def _store_chunk(rows: npt.NDArray[np.uint8], level: int, is_raw: bool) -> tuple[bytes, int]:
    data = rows.tobytes() if is_raw else _core.zstd_compress(rows.data, level)
    return data, _core.crc32c(data)


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *parts])
