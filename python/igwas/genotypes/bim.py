"""A PLINK .bim read in blocks: codes and positions are kept, names are read when asked for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.errors import InputError
from igwas.genotypes.variant_order import VariantOrder

_BLOCK_BYTES = 2**22
_N_COLUMNS = 6
_MAX_NAME = 256
_MAX_DIGITS = 12


class Bim:
    """Variants of a .bim: chromosome, id, centimorgans, position, allele 1 (effect), allele 2.

    Ten million variants are about 100 MB here; their names as Python strings would be gigabytes.

    Parameters
    ----------
    path : Path
        The file.
    allow_unknown_chromosomes : bool
        Keep chromosome names that are not known.

    Raises
    ------
    InputError
        Naming the line that is malformed, out of order or on an unknown chromosome.
    """

    def __init__(self, path: Path, *, allow_unknown_chromosomes: bool = False) -> None:
        self.path = path
        prefix = path.with_suffix("")
        order = VariantOrder(
            str(path),
            f"plink2 --bfile {prefix} --sort-vars --make-pgen --out {prefix.name}.sorted",
            allow_unknown=allow_unknown_chromosomes,
        )
        codes, positions = [], []
        # First line and byte offset of each block, so that any slab of lines can be found again.
        self._block_line: list[int] = []
        self._block_offset: list[int] = []
        n_lines = 0
        for offset, block in _line_blocks(path):
            tokens = _tokenise(block, path, n_lines)
            self._block_line.append(n_lines)
            self._block_offset.append(offset)
            block_positions = _parse_positions(block, tokens, path, n_lines)
            codes.append(order.add(_chromosomes(block, tokens, path, n_lines), block_positions))
            positions.append(block_positions)
            n_lines += len(tokens)
        if not n_lines:
            raise InputError(f"{path} has no variants; expected at least 1. Check the file.")
        self.n_variants = n_lines
        self.names = order.names
        self.codes: npt.NDArray[np.int16] = np.concatenate(codes)
        self.positions: npt.NDArray[np.int64] = np.concatenate(positions)

    def variants(self, start: int, stop: int) -> pd.DataFrame:
        """Names and alleles of variants `start` to `stop`, read from the file.

        Returns
        -------
        DataFrame
            chromosome, position, id, effect_allele, other_allele.
        """
        lines = self._lines(start, stop)
        return pd.DataFrame(
            {
                "chromosome": np.array(self.names, dtype=object)[self.codes[start:stop]],
                "position": self.positions[start:stop],
                "id": np.array([fields[1] for fields in lines], dtype=object),
                "effect_allele": np.array([fields[4] for fields in lines], dtype=object),
                "other_allele": np.array([fields[5] for fields in lines], dtype=object),
            }
        )

    def _lines(self, start: int, stop: int) -> list[list[str]]:
        if start >= stop:
            return []
        first = int(np.searchsorted(self._block_line, start, side="right")) - 1
        last = int(np.searchsorted(self._block_line, stop, side="left"))
        begin = self._block_offset[first]
        end = self._block_offset[last] if last < len(self._block_offset) else None
        with self.path.open("rb") as stream:
            stream.seek(begin)
            raw = stream.read() if end is None else stream.read(end - begin)
        skip = start - self._block_line[first]
        wanted = raw.split(b"\n")[skip : skip + stop - start]
        try:
            # Bytes split at ASCII white space only, as the columns were found.
            return [[field.decode() for field in line.split()] for line in wanted]
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path} between lines {start + 1} and {stop} has bytes that are not UTF-8; "
                "expected UTF-8 text. Convert it with iconv."
            ) from error


def _line_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Byte offset and text of blocks of whole lines; blank lines at the very end are left out."""
    offset, rest = 0, b""
    with path.open("rb") as stream:
        while data := stream.read(_BLOCK_BYTES):
            rest += data
            cut = rest.rfind(b"\n") + 1
            # Blank lines may be the file's last: hold them back until more text follows.
            kept = len(rest[:cut].rstrip())
            cut = rest.find(b"\n", kept) + 1 if kept else 0
            if cut:
                yield offset, rest[:cut]
                offset, rest = offset + cut, rest[cut:]
    if rest.strip():
        yield offset, rest.rstrip() + b"\n"


def _tokenise(block: bytes, path: Path, first_line: int) -> npt.NDArray[np.int64]:
    """Start and end of the columns of each line: int64 (lines, 6, 2)."""
    text = np.frombuffer(block, np.uint8)
    is_space = text <= 32
    edges = np.flatnonzero(np.diff(is_space.view(np.int8), prepend=1, append=1))
    starts, ends = edges[0::2], edges[1::2]
    line_ends = np.flatnonzero(text == 10)
    counts = np.diff(np.searchsorted(starts, line_ends), prepend=0)
    wrong = np.flatnonzero(counts != _N_COLUMNS)
    if wrong.size:
        raise InputError(
            f"{path} line {first_line + int(wrong[0]) + 1} has {int(counts[wrong[0]])} columns; "
            "expected 6 (chromosome, id, centimorgans, position, allele 1, allele 2). "
            "Repair the line."
        )
    return np.stack([starts, ends], axis=-1).reshape(len(line_ends), _N_COLUMNS, 2)


def _chromosomes(
    block: bytes, tokens: npt.NDArray[np.int64], path: Path, first_line: int
) -> npt.NDArray[np.str_]:
    starts, ends = tokens[:, 0, 0], tokens[:, 0, 1]
    width = int((ends - starts).max())
    if width > _MAX_NAME:
        at = int((ends - starts).argmax())
        raise InputError(
            f"{path} line {first_line + at + 1} has a chromosome name of {width} characters; "
            f"expected at most {_MAX_NAME}. Repair the line."
        )
    text = np.frombuffer(block + bytes(width), np.uint8)
    columns = starts[:, None] + np.arange(width)
    letters = np.where(columns < ends[:, None], text[columns], 0).astype(np.uint8)
    packed = letters.view(f"S{width}")[:, 0]
    runs = np.concatenate([[0], np.flatnonzero(packed[1:] != packed[:-1]) + 1, [len(packed)]])
    names = [bytes(packed[at]).decode("utf-8", "replace") for at in runs[:-1]]
    return np.repeat(np.array(names), np.diff(runs))


def _parse_positions(
    block: bytes, tokens: npt.NDArray[np.int64], path: Path, first_line: int
) -> npt.NDArray[np.int64]:
    starts, ends = tokens[:, 3, 0], tokens[:, 3, 1]
    lengths = ends - starts
    text = np.frombuffer(block + bytes(_MAX_DIGITS), np.uint8)
    values = np.zeros(len(starts), np.int64)
    is_wrong = lengths > _MAX_DIGITS
    for place in range(min(int(lengths.max()), _MAX_DIGITS)):
        is_inside = place < lengths
        digit = text[starts + place].astype(np.int64) - ord("0")
        is_wrong |= is_inside & ((digit < 0) | (digit > 9))
        values = np.where(is_inside, values * 10 + digit, values)
    if is_wrong.any():
        at = int(is_wrong.argmax())
        found = block[starts[at] : ends[at]].decode("utf-8", "replace")[:40]
        raise InputError(
            f"{path} line {first_line + at + 1} has position {found!r}; expected an integer, 0 or "
            "more. Repair the line or remove the variant."
        )
    return values
