"""One variant of a statistics file, found by its name."""

import numpy as np

from igwas.association.lazy_array import slabs
from igwas.association.statistics_file import StatisticsFile
from igwas.errors import OptionError

_SLAB_ROWS = 262_144
_SHOWN = 3


def find_variant(statistics: StatisticsFile, name: str) -> int:
    """Row of the variant called `name`: its id, or chromosome:position[:other:effect].

    Raises
    ------
    OptionError
        If there is none, or more than one.
    """
    rows: list[int] = []
    key = name.encode()
    for start, stop in slabs(statistics.n_variants, _SLAB_ROWS):
        rows += (np.flatnonzero(statistics.variant_text("id", start, stop) == key) + start).tolist()
    if not rows:
        rows = _at_place(statistics, name)
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise OptionError(
            f"variant {name!r} is not in {statistics.path}; expected an id of the file, or "
            "chromosome:position:other_allele:effect_allele. Check the name."
        )
    shown = statistics.variants_at(rows[:_SHOWN])
    found = ", ".join(
        f"{row.chromosome}:{row.position}:{row.other_allele}:{row.effect_allele}"
        for row in shown.itertuples()
    )
    raise OptionError(
        f"{len(rows)} variants of {statistics.path} are called {name!r} ({found}); expected one. "
        "Name it as chromosome:position:other_allele:effect_allele."
    )


def _at_place(statistics: StatisticsFile, name: str) -> list[int]:
    """Rows at chromosome:position, of these alleles if they are given."""
    parts = name.split(":")
    if len(parts) not in (2, 4) or not parts[1].isdigit():
        return []
    rows: list[int] = []
    for start, stop in slabs(statistics.n_variants, _SLAB_ROWS):
        inside = np.flatnonzero(statistics.positions(start, stop) == int(parts[1])) + start
        rows += inside.tolist()
    if not rows:
        return []
    found = statistics.variants_at(rows)
    keep = found["chromosome"] == parts[0]
    if len(parts) == 4:
        keep &= (found["other_allele"] == parts[2]) & (found["effect_allele"] == parts[3])
    return found.index[keep].tolist()
