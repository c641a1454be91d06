"""embeddings.h5: filled in place while the encoder runs, renamed when whole, read back checked.

As in docs/decisions/002, the file is laid out whole before the first batch; vectors are written at
their place and flushed before their batches are marked as done.
"""

import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from igwas.embeddings.image_rows import ImageColumns, Text
from igwas.errors import IncompleteFile, InputError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.output_paths import OutputPaths, sync
from igwas.schema import EMBEDDINGS
from igwas.steady_file import create_hdf5
from igwas.whole_file import output_error

_log = logging.getLogger("igwas")
_TEXTS = ("image_id", "participant_id", "eye", "visit")


@dataclass(frozen=True)
class Embeddings:
    """What an embeddings.h5 holds.

    Parameters
    ----------
    vectors : float32 (images, dimensions)
    columns : ImageColumns
        image_id, participant_id, eye, visit, quality; each (images,).
    dimension_names : tuple of str
    attributes : dict
        Root attributes of the file.
    path : Path
    """

    vectors: npt.NDArray[np.float32]
    columns: ImageColumns
    dimension_names: tuple[str, ...]
    attributes: dict[str, Any]
    path: Path

    @property
    def training_participants(self) -> frozenset[str] | None:
        """Hashes of the people the encoder was trained on; None where the file does not say."""
        text = self.attributes.get("training_participants")
        return None if text is None else frozenset(json.loads(text))


def lay_out(
    paths: OutputPaths,
    columns: ImageColumns,
    dimension_names: tuple[str, ...],
    n_batches: int,
    attributes: Mapping[str, Any],
) -> None:
    """Write the file at `paths.partial`, with everything in it but the vectors, which are NaN.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    shape = (len(columns), len(dimension_names))
    try:
        with create_hdf5(paths.creating, track_order=True) as (file, raise_if_refused):
            file.attrs.update(attributes)
            _contiguous(file, "/embedding", np.full(shape, np.nan, np.float32))
            for name in _TEXTS:
                values = list(getattr(columns, name))
                file.create_dataset(f"/{name}", data=values, dtype=h5py.string_dtype())
            file.create_dataset("/quality", data=columns.quality.astype(np.float32))
            file.create_dataset(
                "/dimension_name", data=list(dimension_names), dtype=h5py.string_dtype()
            )
            _contiguous(file, "/progress/done", np.zeros(n_batches, np.uint8))
            raise_if_refused()
        sync(paths.creating)
        paths.creating.replace(paths.partial)
        sync(paths.partial.parent)
    except OSError as error:
        paths.discard()
        raise output_error(paths.output, error) from error
    except BaseException:
        paths.discard()
        raise


def _contiguous(file: h5py.File, path: str, values: npt.NDArray[Any]) -> None:
    dataset = file.create_dataset(path, data=values)
    assert dataset.chunks is None


_SECONDS_BETWEEN_MARKS = 0.5


class VectorSink:
    """Writes vectors of finished batches into a partial file, then marks the batches.

    A batch is marked once its vectors are on the disk. That is asked for now and then, not for each
    batch: a busy disk takes as long to say so as the encoder takes for several batches.

    Parameters
    ----------
    path : Path
        The partial file.
    clock : callable, optional
        Seconds; tests give another.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        with h5py.File(path, "r") as file:
            self._offset = file["/embedding"].id.get_offset()
            self._done_offset = file["/progress/done"].id.get_offset()
            self._row_bytes = 4 * file["/embedding"].shape[1]
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._clock = clock
        self._unmarked: list[int] = []
        self._marked_at = clock()

    def write(self, batch: int, start: int, vectors: npt.NDArray[np.float32]) -> None:
        """Write the vectors of one batch, to be marked soon; OSError if the disk refuses."""
        data = np.ascontiguousarray(vectors, dtype="<f4").tobytes()
        self._pwrite(data, self._offset + start * self._row_bytes)
        self._unmarked.append(batch)
        if self._clock() - self._marked_at >= _SECONDS_BETWEEN_MARKS:
            self._mark()

    def _mark(self) -> None:
        os.fdatasync(self._descriptor)
        for batch in self._unmarked:
            self._pwrite(b"\1", self._done_offset + batch)
        self._unmarked.clear()
        self._marked_at = self._clock()

    def _pwrite(self, data: bytes, offset: int) -> None:
        done = 0
        while done < len(data):
            done += os.pwrite(self._descriptor, data[done:], offset + done)

    def close(self) -> None:
        """Mark what is written, flush and close."""
        try:
            self._mark()
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


def read_progress(path: Path) -> tuple[npt.NDArray[np.bool_], dict[str, Any]]:
    """Which batches of a file are done, bool (batches,), and its root attributes."""
    with open_hdf5(path, EMBEDDINGS) as file:
        if "/progress/done" not in file:
            return np.ones(1, dtype=bool), dict(file.attrs)
        return file["/progress/done"][:] != 0, dict(file.attrs)


def finish(paths: OutputPaths) -> None:
    """Give the whole file its name."""
    sync(paths.partial)
    paths.partial.replace(paths.output)
    sync(paths.output.parent)


def read_embeddings(path: Path | str) -> Embeddings:
    """Read an embeddings.h5 into memory (66 MB for 130,000 x 128).

    Raises
    ------
    InputError
        If it is none, or an image id is empty or occurs twice.
    IncompleteFile
        If an interrupted run left it.
    """
    path = Path(path)
    with open_hdf5(path, EMBEDDINGS) as file:
        if "/progress/done" in file and not file["/progress/done"][:].all():
            raise IncompleteFile(
                f"{path} is unfinished; expected the vectors of every image. "
                'Go on with "igwas-fast embed --resume".'
            )
        texts = {name: read_texts(file[f"/{name}"]) for name in _TEXTS}
        vectors = file["/embedding"][:]
        columns = ImageColumns(**texts, quality=file["/quality"][:])
        names = _dimension_names(file, vectors.shape[1])
        attributes = dict(file.attrs)
    _check_ids(path, texts["image_id"])
    return Embeddings(vectors, columns, names, attributes, path)


def _dimension_names(file: Any, n_dimensions: int) -> tuple[str, ...]:
    if "/dimension_name" in file:
        return tuple(read_texts(file["/dimension_name"]))
    width = max(3, len(str(n_dimensions - 1)))
    return tuple(f"dim_{index:0{width}d}" for index in range(n_dimensions))


def _check_ids(path: Path, image_id: Text) -> None:
    twice = [name for name, count in Counter(image_id).items() if count > 1]
    if twice:
        raise InputError(
            f"{path}: image id {twice[0]!r} occurs twice; expected unique ids. "
            "Write the file again from images with unique ids."
        )
