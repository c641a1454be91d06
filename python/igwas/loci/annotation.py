"""Genes near a locus, from a file that the user gives."""

import gzip
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.genotypes.chromosomes import normalise_chromosome

_GFF_NAME = re.compile(r"(?:^|;)\s*(Name|gene_name|gene|ID)=([^;]+)")
_GTF_NAME = re.compile(r'(?:^|;)\s*(gene_name|gene|gene_id) "([^"]+)"')
_UNQUOTED = re.compile(r"(?:^|;)\s*(?:gene_name|gene|gene_id) [^\s\";]")
_NAMES = ("Name", "gene_name", "gene", "ID", "gene_id")
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?")
LARGEST_POSITION = 2**31 - 1


@dataclass(frozen=True)
class Regions:
    """Named intervals of the genome, by chromosome and start.

    Parameters
    ----------
    table : DataFrame
        chromosome, start, end (1-based, both included), name; trait for known loci.
    path : Path
    notes : tuple of str
        What the user must know of how the file was read.
    """

    table: pd.DataFrame
    path: Path
    notes: tuple[str, ...] = ()

    def near(self, chromosome: str, start: int, end: int, reach_bp: int) -> pd.DataFrame:
        """Regions at most `reach_bp` from an interval, with their distance; nearest first."""
        own = self.table[self.table["chromosome"] == chromosome]
        distance = _distance(own, start, end)
        found = own.assign(distance=distance)[distance <= reach_bp]
        return found.sort_values(["distance", "start", "name"], kind="stable")

    def nearest(self, chromosome: str, position: int) -> tuple[str, int] | None:
        """Name and distance of the region nearest to a place; None if the chromosome has none."""
        own = self.table[self.table["chromosome"] == chromosome]
        if own.empty:
            return None
        distance = _distance(own, position, position)
        at = int(distance.argmin())
        return str(own["name"].iloc[at]), int(distance[at])

    def elsewhere(self, chromosomes: Collection[str]) -> tuple[str, ...]:
        """A note if not one region lies on these chromosomes, as with another naming of them.

        Parameters
        ----------
        chromosomes : collection of str
            Of the statistics.

        Returns
        -------
        tuple of str
            Empty where one does.
        """
        own = self.table["chromosome"]
        if own.isin(list(chromosomes)).any() or not chromosomes:
            return ()
        return (
            f"{self.path} has no line of a chromosome of the statistics: its first is of "
            f"{own.iloc[0][:40]!r}, they have {next(iter(chromosomes))!r}; nothing of it can be "
            "near a locus",
        )


def _distance(table: pd.DataFrame, start: int, end: int) -> NDArray[np.int64]:
    """Base pairs between intervals; 0 where they overlap."""
    before = start - table["end"].to_numpy(dtype=np.int64)
    after = table["start"].to_numpy(dtype=np.int64) - end
    return np.asarray(np.maximum(np.maximum(before, after), 0))


def read_genes(path: Path | str) -> Regions:
    """Read genes: BED (chromosome, start from 0, end, name), GFF3 or GTF (features `gene`).

    Parameters
    ----------
    path : Path or str
        Text, plain or gzip; the content decides which of them it is.

    Raises
    ------
    InputError
        At the first line that is none of them, or has no name or no place.
    """
    path = Path(path)
    rows: list[dict[str, Any]] = []
    for number, line in _lines(path):
        fields = line.split("\t")
        try:
            row = _gff_row(fields) if _is_gff(fields) else _bed_row(fields)
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} {error}; expected chromosome, start, end, "
                "name separated by tabs, or nine columns of GFF3 or GTF. Correct or delete the "
                "line; a header must begin with #."
            ) from error
        if row is not None:
            rows.append(row)
    if not rows:
        raise InputError(
            f"{path} has no gene; expected BED lines with a name, or GFF3 features of type gene."
        )
    return Regions(pd.DataFrame(rows), path)


def _is_gff(fields: Sequence[str]) -> bool:
    """Nine columns or more, of which the third is a feature's name and the seventh a strand.

    BED has its end in the third, and red, green, blue of a colour in the ninth: whatever its
    positions look like, a line of GFF3 or GTF is to be judged as such.
    """
    return len(fields) >= 9 and not _is_number(fields[2]) and fields[6] in ("+", "-", ".", "?")


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text.strip()))


def _gff_row(fields: Sequence[str]) -> dict[str, Any] | None:
    if not (fields[2] == "gene" or fields[2].endswith("_gene")):
        return None
    names = dict(_GFF_NAME.findall(fields[8]) or _GTF_NAME.findall(fields[8]))
    name = next((names[k] for k in _NAMES if k in names), "")
    if not name and _UNQUOTED.search(fields[8]):
        raise ValueError('has no name in quotes, as in gene_name "ABC", which GTF needs')
    return _region(fields[0], _whole(fields[3]), _whole(fields[4]), unquote(name))


def _bed_row(fields: Sequence[str]) -> dict[str, Any]:
    if len(fields) < 4:
        raise ValueError(f"has {len(fields)} of the four columns of BED")
    start, end = _whole(fields[1]), _whole(fields[2])
    if start > end:
        raise ValueError("starts after its end")
    # A feature without length, start = end, lies between two bases.
    return _region(fields[0], start + 1, max(start + 1, end), fields[3])


def _whole(text: str) -> int:
    """A position: digits alone, as int() also takes `1_000`, a sign and other scripts."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"has {text[:40]!r} where a position belongs")
    if len(digits) > 20 or int(digits) > LARGEST_POSITION:
        raise ValueError(f"has the position {text[:40]}, beyond {LARGEST_POSITION:,}")
    return int(digits)


def _region(chromosome: str, start: int, end: int, name: str) -> dict[str, Any]:
    if not chromosome.strip():
        raise ValueError("has no chromosome")
    if name.strip() in ("", "."):
        raise ValueError("has no name")
    if start > end:
        raise ValueError("starts after its end")
    known = normalise_chromosome(chromosome, allow_unknown=True)
    return {"chromosome": known, "start": start, "end": end, "name": name}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that hold data, numbered from 1."""
    opener: Any = gzip.open if is_gzip(path) else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                text = line.rstrip("\r\n")
                if text == "##FASTA":
                    return
                if text.strip() and not text.startswith(("#", "track", "browser")):
                    yield number, text
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as text ({error}); expected UTF-8, plain or gzip. "
            "Check the file."
        ) from error


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip does, whatever its name."""
    with path.open("rb") as probe:
        return probe.read(2) == b"\x1f\x8b"
