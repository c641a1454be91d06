"""What the text formats have in common: how a format is described, chromosome codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from igwas.sumstats.options import ExportOptions
from igwas.sumstats.records import Records
from igwas.sumstats.text import Column

Columns: TypeAlias = dict[str, Column]
"""Name of a column -> its text, in the order of the file."""


@dataclass(frozen=True)
class TextFormat:
    """One text format.

    Parameters
    ----------
    name : str
        As in `--format`.
    separator : str
        Between columns.
    columns : callable
        `columns(records, options)` gives the columns of a batch.
    header_lines : int
        Lines that tabix must skip: 1, or 0 where the header begins with `#`.
    """

    name: str
    separator: str
    columns: Callable[[Records, ExportOptions], Columns]
    header_lines: int

    @property
    def can_be_indexed(self) -> bool:
        """Whether tabix reads it: it knows tabs only."""
        return self.separator == "\t"


def recode_chromosomes(chromosome: Column, codes: Mapping[str, str]) -> Column:
    """Replace the names that have a code in another program; the others stay."""
    encoded = pc.dictionary_encode(chromosome)
    renamed = [codes.get(name, name) for name in encoded.dictionary.to_pylist()]
    return pa.array(renamed, pa.string()).take(encoded.indices)
