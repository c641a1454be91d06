"""Known loci, from a table that the user gives."""

import csv
import lzma
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from igwas.errors import InputError
from igwas.genotypes.chromosomes import normalise_chromosome
from igwas.loci.annotation import LARGEST_POSITION, Regions, is_gzip

# Names that a column may have, the first that is there is taken.
_NAMES: dict[str, tuple[str, ...]] = {
    "chromosome": ("CHR_ID", "chromosome", "chr", "CHR", "#chrom"),
    "position": ("CHR_POS", "position", "pos", "BP", "pos_hg19_centre", "BP hg37 (lead)"),
    "name": ("SNPS", "rsid", "id", "variant_id", "lead_rsid_label", "lead_SNP rsID"),
    "trait": ("DISEASE/TRAIT", "trait", "MAPPED_TRAIT"),
}


def read_known_loci(path: Path | str) -> Regions:
    """Read known loci: a GWAS Catalog download, or any table with chromosome and position.

    Parameters
    ----------
    path : Path or str
        Tab-separated, plain or compressed, with the catalog's CHR_ID, CHR_POS, SNPS and
        DISEASE/TRAIT, or columns chromosome, position, rsid, trait. A quotation mark is a
        character like any other, but for a pair around a whole cell. Rows without one place are
        left out, and counted in the notes: the catalog writes several of an interaction into one
        cell.

    Raises
    ------
    InputError
        If the file is damaged, the columns are not there or there twice, or no row has a place.
    """
    path = Path(path)
    cells = _read_cells(path)
    header = [_unquoted(str(name)) for name in cells.iloc[0]]
    columns = {what: _find_column(path, header, names) for what, names in _NAMES.items()}
    if columns["chromosome"] is None or columns["position"] is None:
        if len(header) == 1 and len(header[0].replace(",", " ").split()) > 1:
            raise InputError(
                f"{path} has no tab in its header, {header[0][:60]!r}; expected columns separated "
                "by tabs, not by commas or spaces. Write it again with tabs."
            )
        raise InputError(
            f"{path} has columns {', '.join(header[:8])}; expected CHR_ID and CHR_POS of "
            "the GWAS Catalog, or chromosome and position. Name the columns so."
        )
    rows = cells.iloc[1:]
    table = pd.DataFrame(
        {what: "" if at is None else rows[at].map(_unquoted) for what, at in columns.items()},
        index=rows.index,
        dtype=object,
    )
    place = _places(table)
    notes = _note_left_out(path, table[place.isna()], len(table))
    known = table[place.notna()]
    if known.empty:
        raise InputError(f"{path} has no row with a place; expected at least one known locus.")
    start = place[known.index].astype(np.int64)
    chromosome = [normalise_chromosome(name, allow_unknown=True) for name in known["chromosome"]]
    frame = known.assign(chromosome=chromosome, start=start, end=start)
    frame = frame[["chromosome", "start", "end", "name", "trait"]]
    return Regions(frame.reset_index(drop=True), path, notes)


def _read_cells(path: Path) -> pd.DataFrame:
    """The header as a row like the others: as a header, pandas renames what is there twice."""
    try:
        cells = pd.read_csv(
            path,
            sep="\t",
            header=None,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            encoding="utf-8-sig",
            compression="gzip" if is_gzip(path) else "infer",
            low_memory=False,
        )
    except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        words = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"{path} cannot be read as a tab-separated table ({words}); "
            "expected a GWAS Catalog download. Check the file, or download it again."
        ) from error
    # A row that ends early lacks cells.
    return cells.fillna("")


def _unquoted(cell: str) -> str:
    text = cell.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _find_column(path: Path, header: list[str], names: tuple[str, ...]) -> int | None:
    for name in names:
        if header.count(name) > 1:
            raise InputError(
                f"{path} has {header.count(name)} columns {name}; expected one. "
                "Remove or rename the others."
            )
        if name in header:
            return header.index(name)
    return None


def _places(table: pd.DataFrame) -> "pd.Series[float]":
    """Position of each row; NaN where it has none, or several."""
    position = pd.to_numeric(table["position"], errors="coerce").astype(np.float64)
    chromosome = table["chromosome"]
    is_one = (chromosome != "") & ~chromosome.str.contains(";", regex=False)
    is_whole = position.between(1, LARGEST_POSITION) & (position % 1 == 0)
    return position.where(is_one & is_whole)


def _note_left_out(path: Path, left_out: pd.DataFrame, n_rows: int) -> tuple[str, ...]:
    if left_out.empty:
        return ()
    # What is filled in and yet no place says more than an empty cell.
    filled = left_out[left_out["position"] != ""]
    first = (left_out if filled.empty else filled).iloc[0]
    return (
        f"{path}: {len(left_out):,} of {n_rows:,} rows have no single place and are left out "
        f"(first: chromosome {first['chromosome'][:40]!r}, position {first['position'][:40]!r})",
    )
