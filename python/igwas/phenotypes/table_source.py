"""What every kind of table offers: named columns, read as text or as numbers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.eye_names import EyeLabel, labels_from_names

MISSING_TEXT = ("", ".", "NA", "NaN", "nan")
"""Spellings of missing in every table; -9 is a number unless the user says otherwise."""


@dataclass(frozen=True)
class ReadRule:
    """How the cells of one table are to be understood.

    Parameters
    ----------
    missing_values : tuple of str
        Further spellings of missing, beside MISSING_TEXT; the number `-9` also matches `-9.0`.
    kind : str
        What a column is called in messages: `phenotype` or `covariate`.
    hint : str
        What to do about text in a numeric column.
    """

    missing_values: tuple[str, ...] = ()
    kind: str = "phenotype"
    hint: str = (
        "Correct it, name its code for missing with --missing-value, or choose columns with "
        "--phenotype-columns."
    )

    @property
    def missing_text(self) -> tuple[str, ...]:
        """Every spelling of missing."""
        return tuple(dict.fromkeys((*MISSING_TEXT, *self.missing_values)))

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The missing values that are finite numbers."""
        numbers = (parse_number(text) for text in self.missing_values)
        return tuple(number for number in numbers if number is not None and np.isfinite(number))


class TableSource(ABC):
    """A table whose header is known and whose cells are read on request.

    Attributes
    ----------
    path : Path
        The file.
    names : list of str
        All column names in the order of the file, ids included (`FID`, `IID`).
    """

    path: Path
    names: list[str]

    @abstractmethod
    def read(
        self, text: Sequence[str], numeric: Sequence[str], rule: ReadRule
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
        """Read columns.

        Parameters
        ----------
        text : sequence of str
            Columns kept as text, exactly as written.
        numeric : sequence of str
            Columns read as numbers; missing is NaN.
        rule : ReadRule
            How cells are understood.

        Returns
        -------
        dict of str to object (rows,), float64 (rows, columns)
            The text columns by name, and the numeric ones in the order asked for.

        Raises
        ------
        InputError
            If a cell of a numeric column is no number; names file, column, place and value.
        """

    @abstractmethod
    def place(self, row: int) -> str:
        """Where data row `row` (from 0) stands, as a reader finds it: `line 12`."""

    def labels(self, columns: Sequence[str]) -> list[EyeLabel]:
        """(eye, dimension) of all columns that are no ids: as their names say."""
        return labels_from_names(columns)

    def refuse_value(self, column: str, row: int, value: object, rule: ReadRule) -> InputError:
        """Build the error for a cell that is no number."""
        return InputError(
            f"{self.path}, {self.place(row)}: {rule.kind} {column!r} has the value {value!r}; "
            f"expected a number or a code for missing (NA, nan, '.', empty). {rule.hint}"
        )


def parse_number(text: str) -> float | None:
    """Read a decimal number written in ASCII; None if the text is anything else.

    Python's own `float` also accepts `1_000` and digits of other scripts; no other program does.

    Examples
    --------
    >>> parse_number(" +1.5 "), parse_number("1_000"), parse_number("tall")
    (1.5, None, None)
    """
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def parse_column(
    source: TableSource, column: str, cells: Sequence[Any], rule: ReadRule
) -> NDArray[np.float64]:
    """Read one column of text cells as numbers, slowly; None and missing spellings become NaN.

    Raises
    ------
    InputError
        At the first cell that is no number.
    """
    missing = frozenset(rule.missing_text)
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        text = "" if cell is None else str(cell).strip()
        if text in missing:
            continue
        number = parse_number(text)
        if number is None:
            raise source.refuse_value(column, row, text, rule)
        values[row] = number
    return values
