"""`igwas-fast report`: statistics.h5 and loci.json -> report.html."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    STATISTICS_FILE,
    overwrite_option,
    say,
    verbosity_options,
)
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast report statistics.h5 --loci loci.json --genotypes genotypes.h5 -o report.html
"""


@click.command(epilog=_EXAMPLE)
@click.argument("statistics", type=STATISTICS_FILE)
@click.option("--loci", type=EXISTING_FILE, required=True,
              help="JSON that `igwas-fast loci --json` made of STATISTICS.")  # fmt: skip
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Page to write.")
@click.option("--figures", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for every figure as PNG, SVG and PDF.")  # fmt: skip
@click.option("--embeddings-audit", type=EXISTING_FILE,
              help="Report card of the embedding, JSON.")  # fmt: skip
@click.option("--phenotypes", type=EXISTING_FILE,
              help="phenotypes.h5 of the scan: from photographs to people.")  # fmt: skip
@click.option("--genotypes", type=EXISTING_FILE,
              help="genotypes.h5 or a .bed: colours regional plots by r2.")  # fmt: skip
@click.option("--keep", type=EXISTING_FILE,
              help="Samples whose genotypes are used for r2.")  # fmt: skip
@click.option("--genes", type=EXISTING_FILE, help="Genes to draw: BED with names, GFF3 or GTF.")
@click.option("--regional", type=int, default=40, show_default=True,
              help="Most regional plots; loci with independent signals first.")  # fmt: skip
@click.option("--title", help="Heading of the page.  [default: the name of STATISTICS]")
@overwrite_option
@verbosity_options
def report(
    statistics: Path,
    loci: Path,
    output: Path,
    figures: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Make one self-contained page of STATISTICS and its loci: it opens without a network."""
    from igwas.report.options import ReportOptions
    from igwas.report.run import run_report

    with track("report", "variants") as progress:
        summary = run_report(
            statistics,
            loci,
            output,
            figures=figures,
            options=ReportOptions(**options),
            overwrite=overwrite,
            progress=progress,
        )
    say(summary.describe())
