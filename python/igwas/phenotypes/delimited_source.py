"""Text tables: tabs, commas or any white space, plain or gzip, read by a compiled parser.

Rows stream through `_SpaceCollapser` into pyarrow, which rounds decimals correctly (pandas' fast
parser does not) and refuses rows of the wrong length instead of inventing an index.
"""

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.table_source import ReadRule, TableSource, parse_column
from igwas.wording import counted

_READ_BYTES = 2**22
# Names of a hundred thousand phenotypes; a longer line is no header.
_LONGEST_HEADER = 10_000_000
_WHITE_SPACE = " "
# What reading a gzip file that is damaged or cut short raises, beside failures of the disk.
_NOT_WHOLE = (EOFError, OSError, zlib.error)
_TAB_TO_SPACE = bytes.maketrans(b"\t", b" ")


def open_text(path: Path) -> IO[bytes]:
    """Open a text file for reading bytes, through gzip if it starts with gzip's magic bytes.

    The caller closes it. Block-gzipped (bgzip) files are gzip files of many members.
    """
    stream = path.open("rb")
    is_gzip = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    if not is_gzip:
        return stream
    stream.close()
    return gzip.open(path, "rb")  # type: ignore[return-value]


class _SpaceCollapser:
    """A readable stream whose runs of spaces and tabs are one space; line ends are kept."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._rest = b""
        self._ready = b""
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def read(self, size: int = -1) -> bytes:
        while not self._ready:
            block = self._stream.read(_READ_BYTES)
            whole = self._rest + block
            cut = len(whole) if not block else whole.rfind(b"\n") + 1
            self._rest = whole[cut:]
            self._ready = _collapse(whole[:cut])
            if not block:
                break
        size = len(self._ready) if size < 0 else size
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


def _collapse(lines: bytes) -> bytes:
    lines = lines.translate(_TAB_TO_SPACE).replace(b"\r\n", b"\n")
    # Repeated replacement is many times quicker than a regular expression here.
    while b"  " in lines:
        lines = lines.replace(b"  ", b" ")
    return lines.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")


@dataclass
class _Layout:
    """How the file is written: separator, names, and lines up to and including the header."""

    delimiter: str
    names: list[str]
    header_lines: int
    has_rows: bool


class DelimitedSource(TableSource):
    """A text table with one header line; lines before it that start with `##` are skipped.

    Parameters
    ----------
    path : Path
        UTF-8 text, plain or gzip.

    Raises
    ------
    InputError
        If the file is empty or is no UTF-8 text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._layout = _find_layout(path)
        self.names = self._layout.names

    def read(
        self, text: Sequence[str], numeric: Sequence[str], rule: ReadRule
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
        """See TableSource.read."""
        if not self._layout.has_rows:
            none = np.empty(0, dtype=object)
            return dict.fromkeys(text, none), np.empty((0, len(numeric)))
        try:
            table = self._read_arrow(text, numeric, pyarrow.float64(), rule)
        except pyarrow.ArrowInvalid as failure:
            # Something is no plain number: read again as text, to name it or to accept "+1.5".
            table = self._read_arrow(text, numeric, pyarrow.string(), rule, failure)
        texts = {name: _text_column(table.column(name)) for name in text}
        values = np.empty((table.num_rows, len(numeric)))
        for index, name in enumerate(numeric):
            column = table.column(name)
            if pyarrow.types.is_string(column.type):
                values[:, index] = parse_column(self, name, column.to_pylist(), rule)
            else:
                values[:, index] = column.to_numpy()
        return texts, values

    def _has_closed_quotes(self) -> bool:
        """Whether every quote is closed on its line; for CSV, where it must be, an error if not.

        An unmatched quote would swallow the rows up to the next one. R writes white-space tables
        with quotes around names; in others a quote may be a character like any other.
        """
        with open_text(self.path) as stream:
            # Most tables have none at all, which is found many times quicker than by lines.
            if not any(b'"' in block for block in iter(lambda: stream.read(_READ_BYTES), b"")):
                return True
        with open_text(self.path) as stream:
            for number, line in enumerate(stream, 1):
                if line.count(b'"') % 2 == 0:
                    continue
                if self._layout.delimiter == ",":
                    raise InputError(
                        f"{self.path} has a quote that is not closed in line {number}; expected "
                        "one row a line. Close it."
                    )
                return False
        return True

    def place(self, row: int) -> str:
        """See TableSource.place."""
        return f"line {self._line(row)}"

    def _line(self, row: int) -> int:
        """Line of a data row, blank lines counted."""
        seen = -1
        number = self._layout.header_lines
        with open_text(self.path) as stream:
            for number, line in enumerate(stream, 1):
                seen += number > self._layout.header_lines and bool(line.strip())
                if seen == row:
                    return number
        return number

    def _read_arrow(
        self,
        text: Sequence[str],
        numeric: Sequence[str],
        numeric_type: Any,
        rule: ReadRule,
        failure: Exception | None = None,
    ) -> Any:
        refused: list[Any] = []

        def refuse(row: Any) -> str:
            refused.append(row)
            return "error"

        try:
            has_quotes = self._has_closed_quotes()
        except _NOT_WHOLE as error:
            raise _damaged(self.path, error) from error
        is_space = self._layout.delimiter == _WHITE_SPACE
        types = dict.fromkeys(text, pyarrow.string()) | dict.fromkeys(numeric, numeric_type)
        with open_text(self.path) as stream:
            for _ in range(self._layout.header_lines):
                stream.readline()
            try:
                return pyarrow.csv.read_csv(
                    _SpaceCollapser(stream) if is_space else stream,
                    # One thread: a library call must not take cores its caller did not give it.
                    read_options=pyarrow.csv.ReadOptions(
                        use_threads=False, block_size=_READ_BYTES, column_names=self.names
                    ),
                    parse_options=pyarrow.csv.ParseOptions(
                        delimiter=self._layout.delimiter,
                        quote_char='"' if has_quotes else False,
                        invalid_row_handler=refuse,
                    ),
                    convert_options=pyarrow.csv.ConvertOptions(
                        column_types=types,
                        include_columns=list(types),
                        null_values=list(rule.missing_text),
                        strings_can_be_null=False,
                    ),
                )
            except pyarrow.ArrowInvalid as error:
                if refused:
                    raise self._refuse_row(refused[0]) from error
                if failure is None:
                    raise
                raise InputError(
                    f"{self.path} cannot be read as a table ({error}); expected UTF-8 text, one "
                    "row a line. Write it again as tab-separated text."
                ) from failure
            except _NOT_WHOLE as error:
                raise _damaged(self.path, error) from error

    def _refuse_row(self, row: Any) -> InputError:
        place = f", {self.place(row.number - 1)}" if row.number is not None else ""
        fields = counted(row.actual_columns, "field", "fields")
        return InputError(
            f"{self.path}{place}: the row has {fields}; expected {row.expected_columns}, as in the "
            "header. Correct the row, or write NA where a value is missing."
        )


def _text_column(column: Any) -> NDArray[Any]:
    trimmed = pyarrow.compute.utf8_trim_whitespace(column)
    array: NDArray[Any] = trimmed.to_numpy(zero_copy_only=False)
    return array


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read to its end ({error}); expected a whole file. "
        "It is damaged or cut short: copy or write it again."
    )


def _find_layout(path: Path) -> _Layout:
    with open_text(path) as stream:
        try:
            header, header_lines = _header_line(stream, path)
            first_row = next((line for line in stream if line.strip()), b"")
        except _NOT_WHOLE as error:
            raise _damaged(path, error) from error
    text = _decode(header, path)
    if "\r" in text or len(text) > _LONGEST_HEADER:
        raise InputError(
            f"{path} has a header of {len(text):,} characters, or lines that end with a carriage "
            "return alone; expected lines that end with a line feed. Save it as text for Unix or "
            "Windows."
        )
    for delimiter in ("\t", ",", _WHITE_SPACE):
        names = _split(text, delimiter)
        if "IID" in names:
            break
    # A header of tabs above rows of spaces is common; then every run of white space separates.
    if delimiter == "\t" and len(_split(_decode(first_row, path), "\t")) != len(names):
        names = _split(text, _WHITE_SPACE)
        delimiter = _WHITE_SPACE
    return _Layout(delimiter, names, header_lines, bool(first_row))


def _header_line(stream: IO[bytes], path: Path) -> tuple[bytes, int]:
    for number, line in enumerate(stream, 1):
        if line.strip() and not line.startswith(b"##"):
            return line, number
    raise InputError(
        f"{path} has no header line; expected a table with a header that names IID. "
        "Check that the file is the right one and not empty."
    )


def _decode(line: bytes, path: Path) -> str:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    if "\0" in text:
        raise _not_text(path)
    return text.rstrip("\r\n")


def _not_text(path: Path) -> InputError:
    return InputError(
        f"{path} is no UTF-8 text; expected phenotypes.h5, embeddings.h5, .parquet, or a table as "
        "text. Save it as UTF-8 text (spreadsheets: tab-separated) and try again."
    )


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == _WHITE_SPACE:
        line = " ".join(line.split())
    if line.count('"') % 2 or len(line) > csv.field_size_limit():
        fields = line.split(delimiter)
    else:
        fields = next(csv.reader([line], delimiter=delimiter), [])
    fields = [field.strip() for field in fields]
    if fields and fields[0] in ("#FID", "#IID"):
        fields[0] = fields[0][1:]
    return fields
