"""Where variants are, in the statistics and in the genotypes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.statistics_file import VARIANT_TEXT, StatisticsFile
from igwas.errors import InputError
from igwas.genotypes.genotype_file import GenotypeFile

Index = NDArray[np.int64]

_SLAB = 65_536
_POSITION_BITS = 40
_NO_ID = ("", ".")


def read_places(statistics: StatisticsFile, rows: Index) -> pd.DataFrame:
    """Names and alleles of some variants, read slab by slab.

    Parameters
    ----------
    statistics : StatisticsFile
    rows : int64 (variants,)
        Ascending, each once.

    Returns
    -------
    DataFrame
        chromosome, position, id, effect_allele, other_allele; index `variant` is the row.
    """
    parts = []
    for start, stop, inside in _slabs_with(rows, statistics.n_variants):
        text = {
            name: [v.decode() for v in statistics.variant_text(name, start, stop)[inside]]
            for name in VARIANT_TEXT
        }
        frame = pd.DataFrame(text, index=pd.Index(inside + start, name="variant"))
        frame.insert(1, "position", statistics.positions(start, stop)[inside])
        parts.append(frame)
    if parts:
        return pd.concat(parts)
    columns = ["chromosome", "position", "id", "effect_allele", "other_allele"]
    return pd.DataFrame(columns=columns, index=pd.Index([], dtype=np.int64, name="variant"))


def variant_names(places: pd.DataFrame) -> list[str]:
    """What each variant is called: its id; where it has none, chromosome:position:other:effect.

    Parameters
    ----------
    places : DataFrame
        As `read_places` gives them.

    Examples
    --------
    >>> columns = ["chromosome", "position", "id", "effect_allele", "other_allele"]
    >>> variant_names(pd.DataFrame([["1", 5, "rs1", "A", "G"], ["1", 6, ".", "T", "C"]],
    ...                            columns=columns))
    ['rs1', '1:6:C:T']
    """
    rows = zip(
        places["id"], places["chromosome"], places["position"], places["other_allele"],
        places["effect_allele"], strict=True,
    )  # fmt: skip
    return [
        name if name not in _NO_ID else f"{chromosome}:{position}:{other}:{effect}"
        for name, chromosome, position, other, effect in rows
    ]


def _slabs_with(rows: Index, n: int) -> Iterator[tuple[int, int, Index]]:
    """Stretches that hold wanted rows, and where in them."""
    for slab in np.unique(rows // _SLAB).tolist():
        start, stop = slab * _SLAB, min(n, (slab + 1) * _SLAB)
        first, last = np.searchsorted(rows, [start, stop])
        yield start, stop, rows[first:last] - start


def rows_near_leads(statistics: StatisticsFile, rows: Index, leads: Index, window_bp: int) -> Index:
    """Those of some variants that may be near a lead variant, by position alone.

    Names are slow to read, positions are not: a variant far from every lead on any chromosome is
    near none on its own.

    Parameters
    ----------
    statistics : StatisticsFile
    rows : int64 (variants,)
        Ascending, each once; the leads are among them.
    leads : int64 (leads,)
    window_bp : int

    Returns
    -------
    int64
        Ascending.
    """
    if not len(leads):
        return np.zeros(0, np.int64)
    parts = [
        statistics.positions(start, stop)[inside]
        for start, stop, inside in _slabs_with(rows, statistics.n_variants)
    ]
    position = np.concatenate(parts)
    near = np.unique(position[np.searchsorted(rows, leads)])
    after = np.minimum(np.searchsorted(near, position), len(near) - 1)
    before = np.maximum(after - 1, 0)
    distance = np.minimum(np.abs(near[after] - position), np.abs(near[before] - position))
    return np.asarray(rows[distance <= window_bp])


def match_variants(genotypes: GenotypeFile, places: pd.DataFrame) -> Index:
    """Row of the genotype file of each variant: same chromosome, position and alleles.

    Which of the two alleles is counted does not matter for r^2, so either order will do.

    Parameters
    ----------
    genotypes : GenotypeFile
    places : DataFrame
        As `read_places` gives them.

    Returns
    -------
    int64 (variants,)
        -1 where the genotypes lack the variant.

    Raises
    ------
    InputError
        If they lack every one of them.
    """
    names, codes = genotypes.chromosomes
    code_of = {name: code for code, name in enumerate(names)}
    own_codes = np.array([code_of.get(name, -1) for name in places["chromosome"]], dtype=np.int64)
    own = own_codes << _POSITION_BITS | places["position"].to_numpy(dtype=np.int64)
    own[own_codes < 0] = -1
    theirs = codes.astype(np.int64) << _POSITION_BITS | genotypes.positions
    order = np.argsort(theirs, kind="stable")
    first = np.searchsorted(theirs, own, side="left", sorter=order)
    last = np.searchsorted(theirs, own, side="right", sorter=order)
    alleles = _alleles(genotypes, np.unique(np.concatenate(
        [order[a:b] for a, b in zip(first, last, strict=True)] or [np.zeros(0, np.int64)]
    )))  # fmt: skip
    wanted = zip(places["effect_allele"], places["other_allele"], strict=True)
    rows = np.full(len(places), -1, dtype=np.int64)
    for at, (pair, begin, end) in enumerate(zip(wanted, first, last, strict=True)):
        for row in order[begin:end].tolist():
            if alleles[row] == frozenset(pair):
                rows[at] = row
                break
    if len(places) and (rows < 0).all():
        variant = places.iloc[0]
        raise InputError(
            f"{genotypes.path} has none of the {len(places):,} variants in question (first: "
            f"{variant['id']} at {variant['chromosome']}:{variant['position']}); expected the "
            "genotypes that were scanned, or a panel with the same variants. Check the build."
        )
    return rows


def _alleles(genotypes: GenotypeFile, rows: Index) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for start, stop, inside in _slabs_with(rows, genotypes.n_variants):
        frame = genotypes.variants(start, stop).iloc[inside]
        pairs = zip(frame["effect_allele"], frame["other_allele"], strict=True)
        found |= {
            int(row): frozenset(pair) for row, pair in zip(inside + start, pairs, strict=True)
        }
    return found
