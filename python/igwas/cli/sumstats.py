"""`igwas-fast sumstats`."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from igwas.cli.options import (
    OUTPUT_FILE,
    STATISTICS_FILE,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)
from igwas.context import Context
from igwas.sumstats.export import ExportSummary, export_sumstats
from igwas.sumstats.options import FORMATS, ExportOptions
from igwas.wording import counted

_EXAMPLE = """\b
Example:
  igwas-fast sumstats statistics.h5 --phenotype omnibus -o omnibus.tsv.gz
  igwas-fast sumstats statistics.h5 --phenotype dim_000 --format regenie -o dim_000.regenie
"""


@click.command(epilog=_EXAMPLE)
@click.argument("statistics", type=STATISTICS_FILE)
@click.option(
    "--phenotype",
    required=True,
    metavar="NAME",
    help="A phenotype's name; omnibus for the test of all together; all for every phenotype "
    "(Parquet, or with --min-log10p or --top).",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default=None,
    help="Columns to write.  [default: parquet if -o ends in .parquet, else gwas-ssf]",
)
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FILE,
    required=True,
    help="The table; .gz is written as blocked gzip with a tabix index.",
)
@click.option(
    "--min-log10p",
    type=click.FloatRange(min=0),
    default=None,
    help="Only tests with at least this -log10 p.  [default: all]",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=None,
    help="Only so many tests, the strongest, in genome order.  [default: all]",
)
@click.option(
    "--include-untested",
    is_flag=True,
    help="Also variants that could not be tested, with missing values.",
)
@click.option(
    "--p-value", is_flag=True, help="GWAS-SSF with p_value instead of neg_log_10_p_value."
)
@click.option(
    "--mask",
    type=click.IntRange(min=0),
    default=None,
    help="Omnibus: which group of phenotypes that share missing samples.  "
    "[default: the one of loci: means of eyes, else the largest]",
)
@click.option(
    "--genome-assembly",
    default=None,
    metavar="NAME",
    help="For the metadata of GWAS-SSF, such as GRCh38.",
)
@threads_option
@overwrite_option
@verbosity_options
def sumstats(
    statistics: Path,
    phenotype: str,
    format_name: str | None,
    output: Path,
    min_log10p: float | None,
    top: int | None,
    include_untested: bool,
    p_value: bool,
    mask: int | None,
    genome_assembly: str | None,
    threads: int,
    overwrite: bool,
) -> None:
    """Write summary statistics as GWAS-SSF, regenie or plink2 text, or Parquet.

    Every format names the effect allele: effect_allele, ALLELE1 or A1. Text has a provenance file
    beside it; GWAS-SSF has the standard's metadata file, in which you fill in what only you know.
    """
    options = ExportOptions(
        phenotype=phenotype,
        format=format_name,
        min_log10p=min_log10p,
        top=top,
        include_untested=include_untested,
        p_value=p_value,
        mask=mask,
        genome_assembly=genome_assembly,
        overwrite=overwrite,
    )
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("variants", total=None)
        summary = export_sumstats(
            statistics,
            output,
            options=options,
            context=Context(threads=threads),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    say(_describe(summary))


def _describe(summary: ExportSummary) -> list[str]:
    left_out = f", {summary.n_untested:,} untested left out" if summary.n_untested else ""
    beside = [str(path) for path in (summary.sidecar_path, summary.index_path) if path]
    also = f"; beside it {', '.join(beside)}" if beside else ""
    which = [f"omnibus of {summary.omnibus}"] if summary.omnibus else []
    rows = counted(summary.n_rows, "row", "rows")
    return [
        *which,
        f"{summary.path}: {rows}, {summary.format}{left_out}{also}",
    ]
