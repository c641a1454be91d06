"""Genes and known loci near a locus, from files that the user gives."""

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.genotypes.chromosomes import normalise_chromosome

_CHROMOSOME = ("CHR_ID", "chromosome", "chr", "CHR", "#chrom")
_POSITION = ("CHR_POS", "position", "pos", "BP", "pos_hg19_centre", "BP hg37 (lead)")
_NAME = ("SNPS", "rsid", "id", "variant_id", "lead_rsid_label", "lead_SNP rsID")
_TRAIT = ("DISEASE/TRAIT", "trait", "MAPPED_TRAIT")
_GFF_NAME = re.compile(r"(?:^|;)\s*(Name|gene_name|gene|ID)=([^;]+)")


@dataclass(frozen=True)
class Regions:
    """Named intervals of the genome, by chromosome and start.

    Parameters
    ----------
    table : DataFrame
        chromosome, start, end (1-based, both included), name; trait for known loci.
    path : Path
    """

    table: pd.DataFrame
    path: Path

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


def _distance(table: pd.DataFrame, start: int, end: int) -> NDArray[np.int64]:
    """Base pairs between intervals; 0 where they overlap."""
    before = start - table["end"].to_numpy(dtype=np.int64)
    after = table["start"].to_numpy(dtype=np.int64) - end
    return np.asarray(np.maximum(np.maximum(before, after), 0))


def read_genes(path: Path | str) -> Regions:
    """Read genes: BED (chromosome, start from 0, end, name) or GFF3 (features `gene`).

    Parameters
    ----------
    path : Path or str
        Text, plain or gzip; the content decides which of the two it is.

    Raises
    ------
    InputError
        At the first line that is neither.
    """
    path = Path(path)
    rows: list[dict[str, Any]] = []
    for number, line in _lines(path):
        fields = line.split("\t")
        try:
            row = _gff_row(fields) if len(fields) >= 9 and _is_gff(fields) else _bed_row(fields)
        except (ValueError, IndexError) as error:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} is no BED or GFF3; expected chromosome, "
                "start, end, name separated by tabs, or nine columns of GFF3."
            ) from error
        if row is not None:
            rows.append(row)
    if not rows:
        raise InputError(
            f"{path} has no gene; expected BED lines with a name, or GFF3 features of type gene."
        )
    return Regions(pd.DataFrame(rows), path)


def _is_gff(fields: Sequence[str]) -> bool:
    return fields[3].isdigit() and fields[4].isdigit() and not fields[1].isdigit()


def _gff_row(fields: Sequence[str]) -> dict[str, Any] | None:
    if not (fields[2] == "gene" or fields[2].endswith("_gene")):
        return None
    names = dict(_GFF_NAME.findall(fields[8]))
    name = next((names[k] for k in ("Name", "gene_name", "gene", "ID") if k in names), "")
    return _region(fields[0], int(fields[3]), int(fields[4]), unquote(name))


def _bed_row(fields: Sequence[str]) -> dict[str, Any]:
    if len(fields) < 4:
        raise ValueError("a BED line without a name")
    return _region(fields[0], int(fields[1]) + 1, int(fields[2]), fields[3])


def _region(chromosome: str, start: int, end: int, name: str) -> dict[str, Any]:
    known = normalise_chromosome(chromosome, allow_unknown=True)
    return {"chromosome": known, "start": start, "end": max(start, end), "name": name}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that hold data, numbered from 1."""
    with path.open("rb") as probe:
        is_gzip = probe.read(2) == b"\x1f\x8b"
    opener: Any = gzip.open if is_gzip else open
    try:
        with opener(path, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                text = line.rstrip("\r\n")
                if text == "##FASTA":
                    return
                if text.strip() and not text.startswith(("#", "track", "browser")):
                    yield number, text
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} cannot be read as text ({error}); expected UTF-8, plain or gzip. "
            "Check the file."
        ) from error


def read_known_loci(path: Path | str) -> Regions:
    """Read known loci: a GWAS Catalog download, or any table with chromosome and position.

    Parameters
    ----------
    path : Path or str
        Tab-separated, with the catalog's CHR_ID, CHR_POS, SNPS and DISEASE/TRAIT, or columns
        chromosome, position, rsid, trait. Rows without one place are left out: the catalog writes
        several of an interaction into one cell.

    Raises
    ------
    InputError
        If the columns are not there, or no row has a place.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"{path} cannot be read as a tab-separated table ({str(error).splitlines()[0]}); "
            "expected a GWAS Catalog download. Check the file."
        ) from error
    column = {
        what: next((name for name in names if name in table.columns), None)
        for what, names in (
            ("chromosome", _CHROMOSOME), ("position", _POSITION), ("name", _NAME),
            ("trait", _TRAIT),
        )
    }  # fmt: skip
    if column["chromosome"] is None or column["position"] is None:
        raise InputError(
            f"{path} has columns {', '.join(table.columns[:8])}; expected CHR_ID and CHR_POS of "
            "the GWAS Catalog, or chromosome and position. Name the columns so."
        )
    position = pd.to_numeric(table[column["position"]], errors="coerce")
    known = table[position.notna() & (table[column["chromosome"]].str.strip() != "")]
    if known.empty:
        raise InputError(f"{path} has no row with a place; expected at least one known locus.")
    place = position[known.index].astype(np.int64)
    blank = pd.Series("", index=known.index)
    frame = pd.DataFrame(
        {
            "chromosome": [
                normalise_chromosome(name, allow_unknown=True)
                for name in known[column["chromosome"]]
            ],
            "start": place,
            "end": place,
            "name": blank if column["name"] is None else known[column["name"]],
            "trait": blank if column["trait"] is None else known[column["trait"]],
        }
    )
    return Regions(frame.reset_index(drop=True), path)
