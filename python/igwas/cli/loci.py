"""`igwas-fast loci`: statistics.h5 -> loci.tsv."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    STATISTICS_FILE,
    CommaList,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast loci statistics.h5 --genotypes genotypes.h5 -o loci.tsv --json loci.json
"""


@click.command(epilog=_EXAMPLE)
@click.argument("statistics", type=STATISTICS_FILE)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Table of loci to write.")
@click.option("--json", "json_output", type=OUTPUT_FILE,
              help="Also everything that a report needs.")  # fmt: skip
@click.option("--genotypes", type=EXISTING_FILE,
              help="For linkage disequilibrium: genotypes.h5 or a .bed.  "
              "[default: loci by distance]")  # fmt: skip
@click.option("--keep", type=EXISTING_FILE,
              help="Samples whose genotypes are used for it.")  # fmt: skip
@click.option("--phenotypes", type=EXISTING_FILE,
              help="Phenotypes of the scan: turns conditional analysis on.")  # fmt: skip
@click.option("--covariates", type=EXISTING_FILE,
              help="Covariates of the scan.  [default: where the scan found them]")  # fmt: skip
@click.option("--tested", type=CommaList(), help="Phenotypes to test; eyes are compared in "
              "their dimensions.  "
              "[default: means of eyes, else all but differences of eyes]")  # fmt: skip
@click.option("--per-phenotype", is_flag=True, help="Also the loci of each phenotype.")
@click.option("--p", type=float, default=5e-8, show_default=True,
              help="Genome-wide level of one test; divided by the effective number of phenotypes "
              "for the smallest p.")  # fmt: skip
@click.option("--secondary-p", type=float, default=1e-4, show_default=True,
              help="Level of the members of a clump.")  # fmt: skip
@click.option("--rule", type=click.Choice(["common", "paper"]), default="common",
              show_default=True, help="common: clumps of r2 > 0.1 within 1 Mb. paper: r2 > 0.8, "
              "merged within 200 kb, then 400 kb.")  # fmt: skip
@click.option("--r2", "min_r2", type=float, help="Instead of the rule's.")
@click.option("--window-kb", type=float, help="Instead of the rule's.")
@click.option("--ld", type=click.Choice(["haplotype", "genotype"]), default="haplotype",
              show_default=True, help="r2 of likeliest haplotypes (plink --clump), or of calls "
              "(plink --r2).")  # fmt: skip
@click.option("--condition-kb", type=float, default=500.0, show_default=True,
              help="Loci this close are conditioned on together; tests reach as far.")  # fmt: skip
@click.option("--max-signals", type=int, default=20, show_default=True,
              help="Most signals of a region.")  # fmt: skip
@click.option("--genes", type=EXISTING_FILE, help="Genes: BED with names, GFF3 or GTF.")
@click.option("--gene-kb", type=float, default=2.0, show_default=True,
              help="How far from a locus genes are listed.")  # fmt: skip
@click.option("--known", type=EXISTING_FILE, help="Known loci: a GWAS Catalog download.")
@click.option("--known-kb", type=float, default=500.0, show_default=True,
              help="How far from a locus they are listed.")  # fmt: skip
@threads_option
@overwrite_option
@verbosity_options
def loci(
    statistics: Path,
    output: Path,
    json_output: Path | None,
    threads: int,
    overwrite: bool,
    **options: Any,
) -> None:
    """Find the loci of STATISTICS: by the omnibus test, by the smallest p, by both eyes.

    Also lambda GC of every phenotype, and, with left and right phenotypes, how the eyes agree and
    what that is worth.
    """
    from igwas.context import Context
    from igwas.loci.options import LociOptions
    from igwas.loci.run import run_loci

    with track("loci", "variants") as progress:
        summary = run_loci(
            statistics,
            output,
            json_output=json_output,
            options=LociOptions(**options),
            overwrite=overwrite,
            context=Context(threads=threads),
            progress=progress,
        )
    say(summary.describe())
