"""Arrays that stay in the file: indexed as NumPy's are, computed when read."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from igwas.errors import OptionError

Index: TypeAlias = npt.NDArray[np.int64]
ReadRows: TypeAlias = Callable[[int, int, Index], npt.NDArray[Any]]

SLAB_BYTES = 2**22
"""Bytes of the widest stored array that are read at once."""

_GAP_ROWS = 256
"""Wanted rows closer than this are read in one go: a seek costs more than reading across."""


def slabs(n_rows: int, slab_rows: int) -> Iterator[tuple[int, int]]:
    """Half-open row ranges that cover `n_rows`, each of at most `slab_rows`."""
    for start in range(0, n_rows, slab_rows):
        yield start, min(n_rows, start + slab_rows)


class LazyArray:
    """A two-dimensional array that is read, or computed, when it is indexed.

    Both axes take what NumPy takes: integers (negative too), slices, lists, integer and boolean
    arrays; two arrays are paired up as NumPy pairs them. The second axis also takes names.
    `array[rows, columns]` and `array(rows, columns)` are the same.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns).
    dtype : dtype
        Of the values returned.
    read : callable
        `read(start, stop, columns)` gives rows start to stop of the listed columns.
    slab_rows : int
        Rows asked of `read` at a time, so that temporaries stay small.
    names : sequence of str
        Names of the columns; empty where they have none.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        dtype: npt.DTypeLike,
        read: ReadRows,
        *,
        slab_rows: int,
        names: Sequence[str] = (),
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._read = read
        self._slab_rows = slab_rows
        self._columns = {name: column for column, name in enumerate(names)}

    @property
    def ndim(self) -> int:
        """Number of axes: 2."""
        return 2

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<LazyArray {self.shape[0]:,} x {self.shape[1]:,} {self.dtype}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self[:]
        return values if dtype is None else values.astype(dtype)

    def __call__(self, rows: Any = slice(None), columns: Any = slice(None)) -> Any:
        """Index: the same as `self[rows, columns]`."""
        return self[rows, columns]

    def __getitem__(self, key: Any) -> Any:
        row_key, column_key = _split_key(key)
        rows = _resolve(row_key, self.shape[0], "rows")
        columns = _resolve(self._to_columns(column_key), self.shape[1], "columns")
        if isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray):
            return self._pairs(rows, columns)
        block = self._block(_as_rows(rows), _as_index(columns))
        # An integer drops its axis, an array puts its own shape in its place.
        return block.reshape(_shape(rows) + _shape(columns))[()]

    def _to_columns(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._column(key)
        if isinstance(key, list | tuple) and key and all(isinstance(k, str) for k in key):
            return [self._column(name) for name in key]
        return key

    def _column(self, name: str) -> int:
        if name not in self._columns:
            raise OptionError(unknown_name(name, list(self._columns)))
        return self._columns[name]

    def _pairs(self, rows: Index, columns: Index) -> npt.NDArray[Any]:
        rows, columns = np.broadcast_arrays(rows, columns)
        flat_rows, flat_columns = rows.ravel(), columns.ravel()
        wanted, column_at = np.unique(flat_columns, return_inverse=True)
        order = np.argsort(flat_rows, kind="stable")
        sorted_rows = flat_rows[order]
        out = np.empty(flat_rows.size, self.dtype)
        for start, stop in self._runs(sorted_rows):
            first, last = int(sorted_rows[start]), int(sorted_rows[stop - 1])
            block = self._read(first, last + 1, wanted)
            here = order[start:stop]
            out[here] = block[flat_rows[here] - first, column_at[here]]
        return out.reshape(rows.shape)

    def _block(self, rows: Index | slice, columns: Index) -> npt.NDArray[Any]:
        if isinstance(rows, slice):
            out = np.empty((rows.stop - rows.start, columns.size), self.dtype)
            for start, stop in slabs(out.shape[0], self._slab_rows):
                out[start:stop] = self._read(rows.start + start, rows.start + stop, columns)
            return out
        order = np.argsort(rows, kind="stable")
        sorted_rows = rows[order]
        out = np.empty((rows.size, columns.size), self.dtype)
        for start, stop in self._runs(sorted_rows):
            first, last = int(sorted_rows[start]), int(sorted_rows[stop - 1])
            block = self._read(first, last + 1, columns)
            out[order[start:stop]] = block[sorted_rows[start:stop] - first]
        return out

    def _runs(self, rows: Index) -> Iterator[tuple[int, int]]:
        """Split sorted rows where the gap is wide or the span exceeds a slab."""
        breaks = np.flatnonzero(np.diff(rows) > _GAP_ROWS) + 1
        for start, stop in zip([0, *breaks], [*breaks, rows.size], strict=True):
            while start < stop:
                limit = rows[start] + self._slab_rows
                end = min(int(stop), int(np.searchsorted(rows, limit, side="left")))
                yield int(start), end
                start = end


def unknown_name(name: str, names: Sequence[str]) -> str:
    """Word the error for a phenotype that is not there, with the closest names."""
    close = difflib.get_close_matches(name, names, n=5, cutoff=0.5) or list(names[:5])
    shown = ", ".join(close) + (", ..." if len(names) > len(close) else "")
    return f"phenotype {name!r} is not in the file; expected one of {len(names)}: {shown}."


def _split_key(key: Any) -> tuple[Any, Any]:
    if not isinstance(key, tuple):
        key = (key,)
    dots = [place for place, part in enumerate(key) if part is Ellipsis]
    if dots:
        rest = (slice(None),) * (3 - len(key))
        key = key[: dots[0]] + rest + key[dots[0] + 1 :]
    if len(key) > 2:
        raise IndexError(f"too many indices: {len(key)}; the array has 2 axes")
    return (*key, slice(None), slice(None))[:2]


def _resolve(key: Any, length: int, axis: str) -> int | range | Index:
    """Turn one axis's key into an integer, a range or an array of non-negative integers."""
    if isinstance(key, slice):
        return range(*key.indices(length))
    if isinstance(key, bool | np.bool_):
        raise IndexError(f"a single boolean selects no {axis}")
    if isinstance(key, int | np.integer):
        return int(_wrap(np.array([key], np.int64), length, axis)[0])
    values = np.asarray(key)
    if values.size == 0 and values.dtype.kind != "b":
        values = values.astype(np.int64)
    if values.dtype.kind == "b":
        if values.shape != (length,):
            raise IndexError(f"boolean index has shape {values.shape}; expected ({length},)")
        return np.flatnonzero(values).astype(np.int64)
    if values.dtype.kind not in "iu":
        raise IndexError(f"{axis} are indexed by {values.dtype}; expected integers or booleans")
    return _wrap(values.astype(np.int64), length, axis)


def _wrap(values: Index, length: int, axis: str) -> Index:
    outside = (values < -length) | (values >= length)
    if outside.any():
        raise IndexError(f"index {values[outside][0]} is out of bounds: there are {length} {axis}")
    return np.where(values < 0, values + length, values)


def _shape(key: int | range | Index) -> tuple[int, ...]:
    if isinstance(key, int):
        return ()
    return (len(key),) if isinstance(key, range) else key.shape


def _as_index(key: int | range | Index) -> Index:
    if isinstance(key, int):
        return np.array([key], np.int64)
    if isinstance(key, range):
        return np.arange(key.start, key.stop, key.step, dtype=np.int64)
    return key.ravel()


def _as_rows(key: int | range | Index) -> Index | slice:
    """Contiguous rows as a slice, which is read without sorting; anything else as an index."""
    if isinstance(key, range) and key.step == 1:
        return slice(key.start, max(key.start, key.stop))
    return _as_index(key)
