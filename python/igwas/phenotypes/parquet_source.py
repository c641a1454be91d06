"""Parquet tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.table_source import ReadRule, TableSource, parse_column


class ParquetSource(TableSource):
    """A Parquet table; ids are text or integers.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        If it cannot be read as Parquet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            schema = pyarrow.parquet.read_schema(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        # pandas stores an unnamed index under such a name; it is neither id nor phenotype.
        self.names = [name for name in schema.names if not name.startswith("__index_level_")]

    def read(
        self, text: Sequence[str], numeric: Sequence[str], rule: ReadRule
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
        """See TableSource.read."""
        try:
            table = pyarrow.parquet.read_table(
                self.path, columns=[*text, *numeric], use_threads=False
            )
        except (pyarrow.ArrowException, OSError) as error:
            raise _damaged(self.path, error) from error
        texts = {name: self._text(name, table.column(name)) for name in text}
        values = np.empty((table.num_rows, len(numeric)))
        for index, name in enumerate(numeric):
            values[:, index] = self._numbers(name, table.column(name), rule)
        return texts, values

    def place(self, row: int) -> str:
        """See TableSource.place."""
        return f"row {row + 1}"

    def _text(self, name: str, column: Any) -> NDArray[Any]:
        types = pyarrow.types
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if types.is_floating(column.type):
            # 1000010.0 would never match 1000010, and a large id may have been rounded.
            raise InputError(
                f"{self.path}: {name} is stored as {column.type}; expected text or integers. "
                "Write the column as text."
            )
        cells = pyarrow.compute.utf8_trim_whitespace(column.cast(pyarrow.string()))
        array: NDArray[Any] = cells.fill_null("").to_numpy(zero_copy_only=False)
        return array

    def _numbers(self, name: str, column: Any, rule: ReadRule) -> NDArray[np.float64]:
        types = pyarrow.types
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if types.is_string(column.type) or types.is_large_string(column.type):
            return parse_column(self, name, column.to_pylist(), rule)
        try:
            numbers: NDArray[np.float64] = column.cast(pyarrow.float64(), safe=False).to_numpy()
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            raise InputError(
                f"{self.path}: {rule.kind} {name!r} is stored as {column.type}; expected numbers. "
                "Leave it out, or store it as numbers."
            ) from error
        return numbers


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read as Parquet ({error}); expected a whole Parquet file. "
        "Write it again."
    )
