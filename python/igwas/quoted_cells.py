"""Quotes in text tables: one that opens a cell must close it on its line.

A quote left open takes the lines up to the next quote into one cell: rows are lost without a word,
or the error comes far from the line that is wrong.
"""

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import TextIO

from igwas.errors import InputError
from igwas.phenotypes.delimited_source import open_text

WHITE_SPACE = r"\s+"
"""The delimiter of tables whose cells runs of spaces and tabs set apart, as pandas spells it."""


@contextmanager
def open_table(path: Path) -> Iterator[TextIO]:
    """A UTF-8 table, plain or gzip, open for reading; lines keep their ends.

    Raises
    ------
    InputError
        If the block meets the end or the damage of a gzip file that is not whole.
    """
    try:
        with io.TextIOWrapper(open_text(path), encoding="utf-8-sig", newline="") as stream:
            yield stream
    except (EOFError, BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read to its end ({error}); expected a whole gzip file. It is "
            "damaged or cut short: copy or write it again."
        ) from error


def read_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Lines of a UTF-8 table, plain or gzip, as cells, each with its number from 1.

    Parameters
    ----------
    path : Path
    delimiter : str
        One character.

    Raises
    ------
    InputError
        If a line's quotes do not pair, or a gzip file is not whole.
    UnicodeDecodeError
        If it is no UTF-8.
    """
    with open_table(path) as stream:
        for number, line in enumerate(stream, 1):
            yield number, _cells(path, number, line, delimiter)


def refuse_open_quotes(path: Path, delimiter: str) -> None:
    """Fail with the line if a quote is not closed on it: before a reader that does not mind.

    Parameters
    ----------
    path : Path
    delimiter : str
        One character, or WHITE_SPACE.

    Raises
    ------
    InputError, UnicodeDecodeError
        As `read_rows`.
    """
    with open_table(path) as stream:
        for number, line in enumerate(stream, 1):
            if '"' in line:
                _cells(path, number, line, delimiter)


def delimiter_of(header: str, column: str) -> str:
    """The delimiter by which a header has the column; a comma if it has it by none.

    Examples
    --------
    >>> delimiter_of("participant_id;part", "part")
    ';'
    >>> delimiter_of('"participant_id"  "part"', "part") == WHITE_SPACE
    True
    """
    for delimiter in ("\t", ",", ";", "|", WHITE_SPACE):
        if column in _split(header, delimiter):
            return delimiter
    return ","


def _split(line: str, delimiter: str, *, strict: bool = False) -> list[str]:
    if delimiter == WHITE_SPACE:
        line, delimiter = line.replace("\t", " "), " "
    return next(csv.reader([line], delimiter=delimiter, strict=strict), [])


def _cells(path: Path, number: int, line: str, delimiter: str) -> list[str]:
    try:
        return _split(line, delimiter, strict=True)
    except csv.Error as error:
        words, remedy = str(error), "Correct the line."
        # Python's words for a quote that is still open at the end.
        if words == "unexpected end of data":
            words = "a quote is not closed on its line (a cell may not hold a line break)"
            remedy = "Take line breaks out of cells, or close the quote."
        raise InputError(
            f"{path} line {number} cannot be split into cells ({words}); expected quotes in pairs "
            f"around whole cells, a quote within them written twice. {remedy}"
        ) from error
