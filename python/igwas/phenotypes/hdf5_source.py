"""phenotypes.h5 and embeddings.h5 as tables."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401 - registers the compression filters our files may use
import numpy as np
from numpy.typing import NDArray

from igwas.errors import CorruptFile, IncompleteFile, InputError, SchemaError
from igwas.hdf5 import read_texts
from igwas.phenotypes.eye_names import NO_EYE, EyeLabel, stored_labels
from igwas.phenotypes.table_source import ReadRule, TableSource
from igwas.schema import EMBEDDINGS, PHENOTYPES, kind_of, validate
from igwas.wording import counted

_log = logging.getLogger("igwas")
_SLAB_ROWS = 16_384


class Hdf5Source(TableSource):
    """phenotypes.h5 (a row a participant) or embeddings.h5 (a row a photograph, averaged).

    Parameters
    ----------
    path : Path
        The file; its root attribute `format` says which of the two it is.

    Raises
    ------
    SchemaError
        If it is another kind of file, or its arrays are not as registered.
    CorruptFile
        If HDF5 cannot open it.
    IncompleteFile
        If an interrupted run left it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_hdf5(path) as file:
            self._kind = kind_of(file.attrs)
            if self._kind not in (PHENOTYPES, EMBEDDINGS):
                raise SchemaError(
                    f"{path} holds {self._kind.name.removeprefix('igwas ')}; expected "
                    "phenotypes.h5 or embeddings.h5. Give the file that holds phenotypes."
                )
            validate(file, self._kind)
            _refuse_unfinished(file, path)
            columns, ids = self._header(file)
            self._labels = self._read_labels(file, columns)
        self._column = {name: index for index, name in enumerate(columns)}
        self.names = [*ids, *columns]

    def _header(self, file: Any) -> tuple[list[str], list[str]]:
        if self._kind is PHENOTYPES:
            ids = ["IID"]
            if "/participants/family_id" in file:
                ids.insert(0, "FID")
            return list(read_texts(file["/phenotypes/name"])), ids
        if "/dimension_name" in file:
            return list(read_texts(file["/dimension_name"])), ["IID"]
        n_dimensions = file["/embedding"].shape[1]
        width = max(3, len(str(n_dimensions - 1)))
        return [f"dim_{index:0{width}d}" for index in range(n_dimensions)], ["IID"]

    def _read_labels(self, file: Any, columns: list[str]) -> list[EyeLabel]:
        # The images of both eyes are averaged: no dimension is of one of them.
        if self._kind is EMBEDDINGS:
            return [(NO_EYE, name) for name in columns]
        return stored_labels(file, columns)

    def labels(self, columns: Sequence[str]) -> list[EyeLabel]:
        """See TableSource.labels; as the file says."""
        assert len(columns) == len(self._labels)
        return self._labels

    def read(
        self, text: Sequence[str], numeric: Sequence[str], rule: ReadRule
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
        """See TableSource.read; only ids can be read as text."""
        categorical = [name for name in text if name in self._column]
        if categorical:
            raise InputError(
                f"{self.path}: {categorical[0]!r} holds numbers; expected a text column. "
                "Give categorical columns in a text or Parquet file."
            )
        columns = np.array([self._column[name] for name in numeric], dtype=np.int64)
        with open_hdf5(self.path) as file:
            try:
                if self._kind is PHENOTYPES:
                    return _read_phenotypes(file, text, columns)
                return _average_images(file, text, columns, self.path)
            except OSError as error:
                raise damaged_hdf5(self.path, error) from error

    def place(self, row: int) -> str:
        """See TableSource.place."""
        return f"participant {row + 1}"


def _refuse_unfinished(file: Any, path: Path) -> None:
    """Images without a vector yet are NaN: their people would go missing without a word."""
    if "/progress/done" in file and not file["/progress/done"][:].all():
        raise IncompleteFile(
            f"{path} is unfinished; expected the vectors of every image. "
            'Go on with "igwas-fast embed --resume".'
        )


def open_hdf5(path: Path) -> Any:
    """Open for reading; CorruptFile if HDF5 cannot."""
    try:
        return h5py.File(path, "r")
    except PermissionError:
        raise
    except OSError as error:
        raise damaged_hdf5(path, error) from error


def damaged_hdf5(path: Path, error: Exception) -> CorruptFile:
    """Word the error for a file that cannot be read."""
    return CorruptFile(
        f"{path} cannot be read ({error}); expected a whole HDF5 file. "
        "It is damaged or cut short: copy or write it again."
    )


def _read_phenotypes(
    file: Any, text: Sequence[str], columns: NDArray[np.int64]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
    where = {"IID": "/participants/participant_id", "FID": "/participants/family_id"}
    texts = {name: read_texts(file[where[name]]) for name in text}
    dataset = file["/values"]
    values = np.empty((dataset.shape[0], len(columns)))
    if np.array_equal(columns, np.arange(dataset.shape[1])):
        dataset.read_direct(values)
        return texts, values
    # Slabs of rows: one column of a wide file must not cost the memory of all.
    for start in range(0, len(values), _SLAB_ROWS):
        rows = slice(start, start + _SLAB_ROWS)
        values[rows] = dataset[rows][:, columns]
    return texts, values


def _average_images(
    file: Any, text: Sequence[str], columns: NDArray[np.int64], path: Path
) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
    """Mean over each participant's images, in order of first appearance; NaN images left out."""
    participant = read_texts(file["/participant_id"])
    codes = {name: index for index, name in enumerate(dict.fromkeys(participant))}
    owner = np.array([codes[name] for name in participant], dtype=np.int64)
    sums = np.zeros((len(codes), len(columns)))
    counts = np.zeros(len(codes), dtype=np.int64)
    dataset = file["/embedding"]
    for start in range(0, len(owner), _SLAB_ROWS):
        slab = dataset[start : start + _SLAB_ROWS][:, columns].astype(np.float64)
        whole = ~np.isnan(slab).any(axis=1)
        rows = owner[start : start + _SLAB_ROWS][whole]
        np.add.at(sums, rows, slab[whole])
        counts += np.bincount(rows, minlength=len(codes))
    _log.info(
        "%s: averaged %s images of %s participants%s", path, f"{len(owner):,}", f"{len(codes):,}",
        _left_out(len(owner) - int(counts.sum())),
    )  # fmt: skip
    means = np.full(sums.shape, np.nan)
    np.divide(sums, counts[:, None], out=means, where=counts[:, None] > 0)
    ids = np.array(list(codes), dtype=object)
    return dict.fromkeys(text, ids), means


def _left_out(n_images: int) -> str:
    left_out = counted(n_images, "image", "images")
    return f"; {left_out} with NaN left out" if n_images else ""
