"""The table of loci as cells: what is shown, what it sorts by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from igwas.loci.tables import COLUMNS
from igwas.plots.style import short

MOST_ROWS = 1500

# Column of loci.tsv -> heading; in the order of the page. Columns that no locus fills are left out.
HEADINGS: dict[str, str] = {
    "test": "test",
    "chromosome": "chr",
    "position": "position",
    "lead_variant": "lead variant",
    "nearest_gene": "nearest gene",
    "log10p": "−log₁₀ p",
    "phenotype": "phenotype",
    "effect_allele": "effect allele",
    "other_allele": "other allele",
    "effect_allele_frequency": "frequency",
    "beta": "beta",
    "se": "se",
    "n": "n",
    "log10p_omnibus": "−log₁₀ p omnibus",
    "log10p_minimum": "−log₁₀ p minimum",
    "n_phenotypes": "phenotypes",
    "start": "start",
    "end": "end",
    "n_variants": "variants",
    "n_signals": "signals",
    "log10p_conditional": "−log₁₀ p conditional",
    "log10p_left": "−log₁₀ p left",
    "log10p_right": "−log₁₀ p right",
    "log10p_mean": "−log₁₀ p mean",
    "log10p_heterogeneity": "−log₁₀ p eyes differ",
    "genes": "genes",
    "known": "known loci",
    "known_traits": "known traits",
}

_WHOLE = ("position", "start", "end", "n", "n_variants", "n_phenotypes", "n_signals")


@dataclass(frozen=True)
class Cell:
    """What a cell shows, what it sorts by, and the whole text if it was cut."""

    text: str
    sort: str
    whole: str = ""
    is_number: bool = False
    link: str = ""


@dataclass(frozen=True)
class Column:
    """Heading and meaning of a column."""

    name: str
    heading: str
    meaning: str
    is_number: bool


@dataclass(frozen=True)
class LocusRows:
    """The table of a page.

    Parameters
    ----------
    columns : list of Column
    rows : list of list of Cell
    n_left_out : int
        Weakest loci beyond those shown.
    """

    columns: list[Column]
    rows: list[list[Cell]]
    n_left_out: int


def locus_rows(table: pd.DataFrame, anchors: Mapping[int, str]) -> LocusRows:
    """Make the cells.

    Parameters
    ----------
    table : DataFrame
        Columns of loci.tsv.
    anchors : mapping of row to str
        Places in the page of the regional plots.
    """
    strongest = table["log10p"].sort_values(ascending=False, kind="stable").index[:MOST_ROWS]
    shown = table.loc[sorted(strongest)]
    names = [name for name in HEADINGS if _is_filled(table[name])]
    columns = [
        Column(name, HEADINGS[name], COLUMNS[name], _is_number(table[name])) for name in names
    ]
    order = {name: rank for rank, name in enumerate(dict.fromkeys(table["chromosome"]))}
    rows = [
        [_cell(column, record[column.name], order, anchors.get(at, "")) for column in columns]
        for at, record in zip(shown.index, shown.to_dict("records"), strict=True)
    ]
    return LocusRows(columns, rows, len(table) - len(shown))


def _is_filled(values: pd.Series) -> bool:
    return any(not _is_absent(value) and value != "" for value in values)


def _is_number(values: pd.Series) -> bool:
    return all(_is_absent(v) or isinstance(v, int | float) for v in values.tolist())


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _cell(column: Column, value: Any, order: Mapping[str, int], anchor: str) -> Cell:
    if _is_absent(value):
        return Cell("", "", is_number=column.is_number)
    link = anchor if column.name == "lead_variant" else ""
    if not column.is_number:
        text = str(value)
        # Chromosomes sort as the genome does, not as letters do.
        sort = f"{order[text]}" if column.name == "chromosome" else text[:80]
        whole = text[:300] if len(text) > 40 else ""
        return Cell(short(text, 40), sort, whole, link=link)
    sort = repr(float(value)).replace("inf", "Infinity")  # as JavaScript reads it
    return Cell(number_text(column.name, value), sort, is_number=True)


def number_text(name: str, value: float) -> str:
    """A number as the page shows it.

    Examples
    --------
    >>> number_text("position", 1234567), number_text("log10p", 12.345), number_text("beta", -0.01)
    ('1,234,567', '12.35', '−0.01')
    >>> number_text("log10p_omnibus", float("inf"))
    'inf'
    """
    if math.isinf(value):  # as loci.tsv and loci.json have it
        return "inf" if value > 0 else "−inf"
    if name in _WHOLE:
        return f"{int(value):,}"
    if name.startswith("log10p"):
        return f"{value:.2f}"
    return f"{value:.3g}".replace("-", "−")
