"""The variants around each locus, and their linkage with its lead."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.sample_list import is_listed, read_sample_list
from igwas.errors import InputError
from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
from igwas.loci.annotation import Regions, read_genes
from igwas.loci.ld import Linkage
from igwas.loci.places import match_variants, read_places, variant_names
from igwas.phenotypes.sample_ids import NamedIds
from igwas.plots.regional import Gene
from igwas.plots.thinning import thin
from igwas.report.gathered import Gathered
from igwas.report.loci_document import LEAD, LociDocument
from igwas.report.options import ReportOptions

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

REACH_BP = 250_000

# Variants of a plot that are all drawn; of weaker ones, one a pixel.
_KEEP_ABOVE = 4.0
_PIXELS = (400, 60)


@dataclass(frozen=True)
class RegionalView:
    """What one regional plot draws.

    Parameters
    ----------
    locus : int
        Row of the table of loci.
    tests : list of str
        Tests with a locus of this lead variant; the first is drawn.
    rows : int64 (variants,)
        Rows of the statistics.
    position : int64 (variants,)
    log10p : float64 (variants,)
    r2 : float64 (variants,)
        With the lead; NaN is not known.
    lead : int
        Which of the variants is the lead.
    genes : list of Gene or None
    n_variants : int
        Variants of the interval before thinning.
    """

    locus: int
    tests: list[str]
    rows: Index
    position: Index
    log10p: Floats
    r2: Floats
    lead: int
    genes: list[Gene] | None
    n_variants: int


@dataclass(frozen=True)
class Surroundings:
    """What is known around loci, opened before the long pass: what is wrong is told at once.

    Parameters
    ----------
    genotypes : GenotypeFile or None
        Open.
    samples : int64 (samples,) or None
        Rows of the samples whose genotypes are used; None is all.
    genes : Regions or None
    """

    genotypes: GenotypeFile | None = None
    samples: Index | None = None
    genes: Regions | None = None


@contextmanager
def open_surroundings(options: ReportOptions, loci: LociDocument) -> Iterator[Surroundings]:
    """Open genotypes and genes, and check that the genotypes have the lead variants.

    Raises
    ------
    InputError
        If a file is not what it should be, or the genotypes lack a lead variant.
    """
    genes = read_genes(options.genes) if options.genes is not None else None
    if options.genotypes is None:
        yield Surroundings(genes=genes)
        return
    with open_genotypes(options.genotypes) as genotypes:
        samples = None
        if options.keep is not None:
            ids = genotypes.samples
            own = NamedIds(ids.sample_id, ids.family_id, str(genotypes.path))
            samples = np.flatnonzero(is_listed(own, read_sample_list(options.keep)))
        leads = loci.table.assign(id=loci.table["lead_variant"])
        rows = match_variants(genotypes, leads) if len(leads) else np.zeros(0, np.int64)
        absent = np.flatnonzero(rows < 0)
        if len(absent):
            place = leads.iloc[int(absent[0])]
            raise InputError(
                f"{genotypes.path} lacks the lead variant {place['id']} at "
                f"{place['chromosome']}:{place['position']}; expected the genotypes that were "
                "scanned. Give them, or leave --genotypes out."
            )
        yield Surroundings(genotypes, samples, genes)


def regional_views(gathered: Gathered, surroundings: Surroundings) -> list[RegionalView]:
    """Gather the plots of the loci that are drawn, in the order of `chosen_loci`.

    Parameters
    ----------
    gathered : Gathered
    surroundings : Surroundings
    """
    views = [
        _view(gathered, locus, tests, surroundings.genes) for locus, tests in chosen_loci(gathered)
    ]
    if surroundings.genotypes is None or not views:
        return views
    method = str(gathered.loci.raw["options"].get("ld", "haplotype"))
    linkage = Linkage(surroundings.genotypes, surroundings.samples, method=method)
    return _with_linkage(gathered, views, surroundings.genotypes, linkage)


def chosen_loci(gathered: Gathered) -> list[tuple[int, list[str]]]:
    """Rows of the loci to draw, each lead variant once, with the tests that found it.

    Loci with independent signals come first, then the strongest: at a strong signal, loci without
    one of their own would crowd out weaker ones that stand by themselves.
    """
    table = gathered.loci.table
    tests_of: dict[tuple[Any, ...], list[str]] = {}
    first_of: dict[tuple[Any, ...], int] = {}
    with_signals = set()
    for row, key in enumerate(table[LEAD].itertuples(index=False, name=None)):
        tests_of.setdefault(key, []).append(str(table["test"].iloc[row]))
        first_of.setdefault(key, row)
        if table["n_signals"].iloc[row] > 0:
            with_signals.add(key)
    strength = {key: float(table["log10p"].iloc[row]) for key, row in first_of.items()}
    order = sorted(first_of, key=lambda key: (key not in with_signals, -strength[key]))
    return [(first_of[key], tests_of[key]) for key in order[: gathered.options.regional]]


def _view(gathered: Gathered, locus: int, tests: list[str], genes: Regions | None) -> RegionalView:
    record = gathered.loci.table.iloc[locus]
    chromosome, position = str(record["chromosome"]), int(record["position"])
    start, end = int(record["start"]) - REACH_BP, int(record["end"]) + REACH_BP
    if chromosome not in gathered.sweep.chromosome_names:
        raise _absent(gathered, record["lead_variant"], chromosome, position)
    rows = gathered.sweep.rows_near(chromosome, start, end)
    lead = _lead_row(gathered, rows, position, record)
    values = _values(gathered, tests[0], rows)
    members = gathered.loci.members[locus]["variant"].to_numpy(dtype=np.int64)
    places = gathered.sweep.position[rows]
    kept = thin(places, values, keep_above=_KEEP_ABOVE, columns=_PIXELS[0], rows=_PIXELS[1])
    # Members of the locus are few and are what the locus rests on.
    is_member = np.isin(rows, members)
    kept = np.union1d(kept, np.flatnonzero((is_member & np.isfinite(values)) | (rows == lead)))
    drawn = rows[kept]
    return RegionalView(
        locus=locus,
        tests=tests,
        rows=drawn,
        position=places[kept],
        log10p=values[kept],
        r2=_member_r2(gathered, locus, drawn),
        lead=int(np.flatnonzero(drawn == lead)[0]),
        genes=None if genes is None else _genes_near(genes, chromosome, start, end),
        n_variants=int(np.isfinite(values).sum()),
    )


def _values(gathered: Gathered, test: str, rows: Index) -> Floats:
    series = gathered.sweep.series
    if test in series:
        return series[test][rows].astype(np.float64)
    column = gathered.statistics.phenotype_index(test)
    values = gathered.statistics.log10p[rows, column]
    return np.asarray(values, dtype=np.float64)


def _lead_row(gathered: Gathered, rows: Index, position: int, record: pd.Series) -> int:
    here = rows[gathered.sweep.position[rows] == position]
    if len(here):
        found = gathered.statistics.variants_at(here)
        own = found.assign(lead_variant=variant_names(found))[LEAD]
        is_lead = (own == [record[name] for name in LEAD]).all(axis=1).to_numpy()
        if is_lead.any():
            return int(here[is_lead][0])
    raise _absent(gathered, record["lead_variant"], str(record["chromosome"]), position)


def _absent(gathered: Gathered, name: object, chromosome: str, position: int) -> InputError:
    return InputError(
        f"{gathered.loci.path} has the lead variant {name} at {chromosome}:{position}, which "
        f'{gathered.statistics.path} lacks; expected its loci. Run "igwas-fast loci" again.'
    )


def _member_r2(gathered: Gathered, locus: int, rows: Index) -> Floats:
    """r^2 as loci.json has it; known for members alone."""
    members = gathered.loci.members[locus]
    known = dict(zip(members["variant"].tolist(), members["r2"], strict=True))
    return np.array([known.get(row, np.nan) for row in rows.tolist()], dtype=np.float64)


def _genes_near(genes: Regions, chromosome: str, start: int, end: int) -> list[Gene]:
    near = genes.near(chromosome, start, end, 0)
    return [
        Gene(str(name), int(first), int(last))
        for name, first, last in zip(near["name"], near["start"], near["end"], strict=True)
    ]


def _with_linkage(
    gathered: Gathered, views: Sequence[RegionalView], genotypes: GenotypeFile, linkage: Linkage
) -> list[RegionalView]:
    """The same views with r^2 of every variant that the genotypes have."""
    rows = np.unique(np.concatenate([view.rows for view in views]))
    places = read_places(gathered.statistics, rows)
    matched = dict(zip(rows.tolist(), match_variants(genotypes, places).tolist(), strict=True))
    found = []
    for view in views:
        theirs = np.array([matched[row] for row in view.rows.tolist()], dtype=np.int64)
        r2 = np.full(len(theirs), np.nan)
        r2[theirs >= 0] = linkage.r2(int(theirs[view.lead]), theirs[theirs >= 0])
        found.append(RegionalView(**{**vars(view), "r2": r2}))
    return found
