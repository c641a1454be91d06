"""Columns of numbers to columns of text, a hundred thousand rows at a time.

Everything goes through Arrow: its shortest round-trip formatter and its joins run at several
million cells a second, where formatting row by row in Python reaches a few hundred thousand.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = Any
"""A pyarrow string array."""

SIGNIFICANT_DIGITS = 9
"""Nine digits bring every float32 back, and keep a float64 to 5e-10."""

_LARGEST_EXACT_POWER = 22
"""Powers of ten up to this are exact in float64, so that k / 10^n is the double nearest to it."""

_SCIENTIFIC_LOG10P = 10.0
"""Beyond this p is written from its logarithm: nine digits and any exponent."""


def round_significant(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Round to nine significant digits, so that the shortest text of the result has no more.

    Examples
    --------
    >>> round_significant(np.array([2 / 3, 123.4567891234])).tolist()
    [0.666666667, 123.456789]
    """
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        magnitude = np.floor(np.log10(np.abs(values)))
        power = SIGNIFICANT_DIGITS - 1 - np.where(np.isfinite(magnitude), magnitude, 0)
        up = 10.0 ** np.clip(power, 0, _LARGEST_EXACT_POWER)
        down = 10.0 ** np.clip(-power, 0, _LARGEST_EXACT_POWER)
        return np.where(
            np.isfinite(values) & (np.abs(power) <= _LARGEST_EXACT_POWER),
            np.rint(values * up / down) / up * down,
            values,
        )


def number_text(values: npt.NDArray[Any], missing: str) -> Column:
    """Numbers as text: integers in full, float32 shortest round-trip, float64 nine digits.

    Parameters
    ----------
    values : integer, float32 or float64 (rows,)
        NaN is missing. Infinity, which a perfect fit has, is `inf`.
    missing : str
        What stands for NaN.
    """
    if values.dtype.kind in "iu":
        return pa.array(values).cast(pa.string())
    if values.dtype != np.float32:
        values = round_significant(values)
    text = pa.array(values, mask=np.isnan(values)).cast(pa.string())
    return pc.fill_null(text, missing)


def p_text(log10p: npt.NDArray[np.float64], missing: str) -> Column:
    """P as text from its -log10, also where p itself is too small for a float64.

    Examples
    --------
    >>> p_text(np.array([0.30103, 5000.5]), "NA").to_pylist()
    ['0.499999995', '3.16227766e-5001']
    """
    with np.errstate(under="ignore", invalid="ignore"):
        text = number_text(10.0**-log10p, missing)
    tiny = (log10p > _SCIENTIFIC_LOG10P) & np.isfinite(log10p)
    if not tiny.any():
        return text
    exponent = np.floor(-log10p[tiny])
    mantissa = round_significant(10.0 ** (-log10p[tiny] - exponent))
    # 9.9999999996 rounds to 10: carry it into the exponent.
    carried = mantissa >= 10.0
    mantissa[carried] = 1.0
    exponent[carried] += 1
    written = pc.binary_join_element_wise(
        pa.array(mantissa).cast(pa.string()),
        pa.array(exponent.astype(np.int64)).cast(pa.string()),
        "e",
    )
    return pc.replace_with_mask(text, pa.array(tiny), written)


def constant_text(value: str, n_rows: int) -> Column:
    """Repeat a text in every row."""
    return pa.array([value], pa.string()).take(pa.array(np.zeros(n_rows, np.int8)))


def code_text(codes: npt.NDArray[Any], names: Sequence[str]) -> Column:
    """`names[code]` of every row."""
    return pa.array(names, pa.string()).take(pa.array(codes))


def bytes_text(values: npt.NDArray[np.object_]) -> Column:
    """Text from the bytes objects that h5py returns."""
    return pc.cast(pa.array(values, pa.binary()), pa.string(), safe=False)


def join_rows(columns: Sequence[Column], separator: str) -> bytes:
    """Rows of a table as bytes, each ended by a newline."""
    if len(columns[0]) == 0:
        return b""
    # Large offsets: alleles may be thousands of letters long, and 2 GiB of rows overflow int32.
    wide = [column.cast(pa.large_string()) for column in columns]
    newline, empty = (pa.scalar(text, pa.large_string()) for text in ("\n", ""))
    joined = pc.binary_join_element_wise(*wide, pa.scalar(separator, pa.large_string()))
    lines = pc.binary_join_element_wise(joined, empty, newline)
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int64)[lines.offset :]
    return bytes(memoryview(lines.buffers()[2])[offsets[0] : offsets[len(lines)]])
