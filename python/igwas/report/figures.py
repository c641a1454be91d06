"""The figures of a report, each with its words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from igwas.plots.genomic_control import lambda_plot
from igwas.plots.heat_map import heat_map
from igwas.plots.manhattan import KEEP_ABOVE, Lead, manhattan, miami
from igwas.plots.quantiles import qq
from igwas.plots.regional import regional
from igwas.report.gathered import LEFT, MINIMUM_P, RIGHT, Gathered, single
from igwas.report.loci_document import LEAD
from igwas.report.regional_views import REACH_BP, RegionalView
from igwas.wording import counted

MOST_LOCI_OF_HEAT_MAP = 80


@dataclass(frozen=True)
class NamedFigure:
    """A figure and what is said of it.

    Parameters
    ----------
    name : str
        Of its files and of its place in the page; made here, never a user's.
    title, caption : str
    alternative : str
        For those who do not see it.
    section : str
        `genome`, `calibration`, `eyes`, `phenotypes` or `regions`.
    figure : matplotlib Figure
    """

    name: str
    title: str
    caption: str
    alternative: str
    section: str
    figure: Any


def make_figures(gathered: Gathered, views: list[RegionalView]) -> Iterator[NamedFigure]:
    """Make the figures one by one; each can be let go of before the next is made."""
    yield from _genome(gathered)
    yield from _calibration(gathered)
    if gathered.eyes.pairs:
        yield _miami(gathered)
    if len(gathered.loci.table):
        yield _heat_map(gathered)
    for number, view in enumerate(views, 1):
        yield _regional(gathered, view, number)


def _genome(gathered: Gathered) -> Iterator[NamedFigure]:
    for test in [*gathered.omnibus, MINIMUM_P]:
        is_omnibus = test in gathered.omnibus
        level = gathered.loci.level_of(test)
        own = gathered.loci.table[gathered.loci.table["test"] == test]
        words = (
            "all phenotypes together (omnibus test)" if is_omnibus
            else f"the smallest p of {len(gathered.tested):,} phenotypes"
        )  # fmt: skip
        found = gathered.sweep
        figure = manhattan(
            found.axis(), found.chromosome, found.position, found.series[test],
            level=level, leads=_leads(gathered, own),
        )  # fmt: skip
        also = "" if is_omnibus else (
            " The smallest of many p-values is not uniform under the null: the cloud stands high "
            "everywhere, and the level makes up for it."
        )  # fmt: skip
        yield NamedFigure(
            f"manhattan_{test}",
            f"Manhattan plot: {words}",
            f"-log10 p of {words} by position. Dashed: p = {10**-level:.2g}. Rings: leads of "
            f"{counted(len(own), 'locus', 'loci')}. Points above {min(KEEP_ABOVE, level):.1f} are "
            f"all drawn, below it one a pixel.{also}",
            f"Manhattan plot of {words}; {counted(len(own), 'locus', 'loci')} found.",
            "genome",
            figure,
        )


def _leads(gathered: Gathered, own: Any) -> list[Lead]:
    axis, names = gathered.sweep.axis(), gathered.sweep.chromosome_names
    leads = []
    for record in own.to_dict("records"):
        if record["chromosome"] in names:
            number = np.array([names.index(record["chromosome"])])
            x = axis.place(number, np.array([record["position"]]))[0]
            gene = record["nearest_gene"]
            name = gene if isinstance(gene, str) and gene else str(record["lead_variant"])
            leads.append(Lead(float(x), float(record["log10p"]), name))
    return leads


def _calibration(gathered: Gathered) -> Iterator[NamedFigure]:
    loci, series = gathered.loci, gathered.sweep.series
    names = gathered.statistics.phenotype_names
    omnibus = dict(list(gathered.omnibus.items())[:4])
    yield NamedFigure(
        "qq_omnibus", "QQ plot: omnibus test",
        "Observed against expected -log10 p. Grey: pointwise 95 % interval of independent null "
        "tests; linkage disequilibrium makes the true one wider.",
        "Quantile-quantile plot of the omnibus test.", "calibration",
        qq({name: series[name] for name in omnibus},
           {name: float(loci.omnibus_lambdas[mask]) for name, mask in omnibus.items()}),
    )  # fmt: skip
    chosen = [names[column] for column in gathered.qq_columns]
    if chosen:
        yield NamedFigure(
            "qq_phenotypes", "QQ plot: single phenotypes",
            "The phenotypes with the smallest, the middle and the largest λ. The minimum p has no "
            "QQ plot: it is not uniform under the null.",
            "Quantile-quantile plot of single phenotypes.", "calibration",
            qq({name: series[single(name)] for name in chosen},
               {names[c]: float(loci.lambdas[c]) for c in gathered.qq_columns}),
        )  # fmt: skip
    is_control = [eye == "difference" for eye, _ in gathered.statistics.labels]
    worst = float(gathered.lambda_limits.large.min())
    yield NamedFigure(
        "lambda", "Genomic control of every phenotype",
        f"λ: median χ² over 0.4549. Dashed: {worst:.3f}, from where this page warns: 1.1 and three "
        "standard errors.",
        "Genomic control of every phenotype.", "calibration",
        lambda_plot(loci.lambdas, is_control, worst=worst),
    )  # fmt: skip


def _miami(gathered: Gathered) -> NamedFigure:
    found = gathered.sweep
    p = float(gathered.loci.raw["options"].get("p") or 5e-8)
    n = len(gathered.eyes.pairs)
    figure = miami(
        found.axis(), found.chromosome, found.position, found.series[LEFT], found.series[RIGHT],
        level=-np.log10(p), names=("left eyes", "right eyes"),
    )  # fmt: skip
    return NamedFigure(
        "miami_eyes",
        "Miami plot: left and right eyes",
        f"-log10 of the smallest p of {n:,} dimensions, left eyes upwards, right eyes downwards, "
        f"on the same scale. Dashed: p = {p:.2g}. The eyes share a genotype and most of the noise: "
        "that they look alike is no replication.",
        "Miami plot of left against right eyes.",
        "eyes",
        figure,
    )


def _heat_map(gathered: Gathered) -> NamedFigure:
    table = gathered.loci.table.drop_duplicates(LEAD)
    strongest = table["log10p"].sort_values(ascending=False, kind="stable").index
    shown = table.loc[sorted(strongest[:MOST_LOCI_OF_HEAT_MAP])]
    labels = [_locus_label(record) for record in shown.to_dict("records")]
    columns = gathered.tested
    names = gathered.statistics.phenotype_names
    cut = (
        "" if len(shown) == len(table) else f" The {len(shown)} strongest of {len(table):,} leads."
    )
    return NamedFigure(
        "heat_map",
        "Phenotypes × loci",
        "z = beta / se of each tested phenotype at each lead variant, per copy of the effect "
        f"allele; orange is positive, purple negative.{cut}",
        f"Heat map of z of {len(columns)} phenotypes at {len(shown)} lead variants.",
        "phenotypes",
        heat_map(gathered.loci.z[np.ix_(shown.index.to_numpy(dtype=np.int64), columns)], labels,
                 [names[column] for column in columns]),
    )  # fmt: skip


def _locus_label(record: dict[Any, Any]) -> str:
    """Chromosome, gene and variant; the chromosome once."""
    name, chromosome = str(record["lead_variant"]), str(record["chromosome"])
    gene = record["nearest_gene"]
    parts = [gene] if isinstance(gene, str) and gene else []
    if not name.removeprefix("chr").startswith(f"{chromosome}:"):
        parts = [chromosome, *parts]
    return "  ".join([*parts, name])


def _regional(gathered: Gathered, view: RegionalView, number: int) -> NamedFigure:
    record = gathered.loci.table.iloc[view.locus]
    colours = (
        "Colours: r² with the lead, from the genotypes."
        if gathered.options.genotypes is not None
        else "Colours: r² with the lead as loci.json has it, of members alone; give --genotypes "
        "for all variants."
    )
    figure = regional(
        view.position, view.log10p, view.r2, lead=view.lead,
        level=gathered.loci.level_of(view.tests[0]), chromosome=str(record["chromosome"]),
        lead_name=str(record["lead_variant"]),
        interval=(int(record["start"]), int(record["end"])), genes=view.genes,
    )  # fmt: skip
    place = f"{record['chromosome']}:{int(record['position']):,}"
    return NamedFigure(
        f"locus_{number:03d}",
        f"{record['lead_variant']} at {place}",
        f"Test drawn: {view.tests[0]}. Found by: {', '.join(view.tests)}. "
        f"{view.n_variants:,} variants tested "
        f"within {REACH_BP // 1000} kb of the locus (shaded), {len(view.rows):,} drawn. {colours}",
        f"Regional plot of the locus at {place}.",
        "regions",
        figure,
    )
