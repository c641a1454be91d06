"""The variants around each locus, and their linkage with its lead."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igwas.association.sample_list import is_listed, read_sample_list
from igwas.errors import InputError
from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
from igwas.loci.annotation import Regions, read_genes
from igwas.loci.ld import Linkage
from igwas.loci.places import match_variants, read_places
from igwas.phenotypes.sample_ids import NamedIds
from igwas.plots.regional import Gene
from igwas.plots.thinning import thin
from igwas.report.gathered import Gathered
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


def regional_views(gathered: Gathered) -> list[RegionalView]:
    """Gather the plots of the strongest loci, in the order of the table.

    Raises
    ------
    InputError
        If the genotypes lack a lead variant, or are of other variants altogether.
    """
    options = gathered.options
    with ExitStack() as stack:
        genotypes = None
        if options.genotypes is not None:
            genotypes = stack.enter_context(open_genotypes(options.genotypes))
        genes = read_genes(options.genes) if options.genes is not None else None
        views = [_view(gathered, locus, tests, genes) for locus, tests in chosen_loci(gathered)]
        if genotypes is None or not views:
            return views
        return _with_linkage(gathered, views, genotypes, _linkage(genotypes, gathered))


def chosen_loci(gathered: Gathered) -> list[tuple[int, list[str]]]:
    """Rows of the loci to draw, each lead variant once, with the tests that found it."""
    table = gathered.loci.table
    tests_of: dict[tuple[str, int, str], list[str]] = {}
    first_of: dict[tuple[str, int, str], int] = {}
    keys = zip(table["chromosome"], table["position"], table["lead_variant"], strict=True)
    for row, key in enumerate(keys):
        tests_of.setdefault(key, []).append(str(table["test"].iloc[row]))
        first_of.setdefault(key, row)
    strength = {key: float(table["log10p"].iloc[row]) for key, row in first_of.items()}
    strongest = sorted(first_of, key=lambda key: -strength[key])[: gathered.options.regional]
    return sorted((first_of[key], tests_of[key]) for key in strongest)


def _view(gathered: Gathered, locus: int, tests: list[str], genes: Regions | None) -> RegionalView:
    record = gathered.loci.table.iloc[locus]
    chromosome, position = str(record["chromosome"]), int(record["position"])
    start, end = int(record["start"]) - REACH_BP, int(record["end"]) + REACH_BP
    if chromosome not in gathered.sweep.chromosome_names:
        raise _absent(gathered, record["lead_variant"], chromosome, position)
    rows = gathered.sweep.rows_near(chromosome, start, end)
    lead = _lead_row(gathered, rows, position, record)
    values = _values(gathered, tests[0], rows)
    members = set(gathered.loci.members[locus]["position"].tolist())
    places = gathered.sweep.position[rows]
    kept = thin(places, values, keep_above=_KEEP_ABOVE, columns=_PIXELS[0], rows=_PIXELS[1])
    # Members of the locus are few and are what the locus rests on.
    is_member = np.isin(places, np.fromiter(members, np.int64, len(members)))
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


def _lead_row(gathered: Gathered, rows: Index, position: int, record: object) -> int:
    name = str(record["lead_variant"])  # type: ignore[index]
    here = rows[gathered.sweep.position[rows] == position]
    ids = gathered.statistics.variants_at(here)["id"].tolist() if len(here) else []
    if name not in ids:
        raise _absent(gathered, name, str(record["chromosome"]), position)  # type: ignore[index]
    return int(here[ids.index(name)])


def _absent(gathered: Gathered, name: object, chromosome: str, position: int) -> InputError:
    return InputError(
        f"{gathered.loci.path} has the lead variant {name} at {chromosome}:{position}, which "
        f'{gathered.statistics.path} lacks; expected its loci. Run "igwas-fast loci" again.'
    )


def _member_r2(gathered: Gathered, locus: int, rows: Index) -> Floats:
    """r^2 as loci.json has it; known for members alone."""
    members = gathered.loci.members[locus]
    known = dict(zip(members["id"], members["r2"], strict=True))
    ids = gathered.statistics.variants_at(rows)["id"]
    return np.array([known.get(name, np.nan) for name in ids], dtype=np.float64)


def _genes_near(genes: Regions, chromosome: str, start: int, end: int) -> list[Gene]:
    near = genes.near(chromosome, start, end, 0)
    return [
        Gene(str(name), int(first), int(last))
        for name, first, last in zip(near["name"], near["start"], near["end"], strict=True)
    ]


def _linkage(genotypes: GenotypeFile, gathered: Gathered) -> Linkage:
    options: ReportOptions = gathered.options
    samples = None
    if options.keep is not None:
        ids = genotypes.samples
        own = NamedIds(ids.sample_id, ids.family_id, str(genotypes.path))
        samples = np.flatnonzero(is_listed(own, read_sample_list(options.keep)))
    method = str(gathered.loci.raw["options"].get("ld", "haplotype"))
    return Linkage(genotypes, samples, method=method)


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
        if theirs[view.lead] < 0:
            place = places.loc[int(view.rows[view.lead])]
            raise InputError(
                f"{genotypes.path} lacks the lead variant {place['id']} at "
                f"{place['chromosome']}:{place['position']}; expected the genotypes that were "
                "scanned. Give them, or leave --genotypes out."
            )
        r2 = np.full(len(theirs), np.nan)
        r2[theirs >= 0] = linkage.r2(int(theirs[view.lead]), theirs[theirs >= 0])
        found.append(RegionalView(**{**vars(view), "r2": r2}))
    return found
