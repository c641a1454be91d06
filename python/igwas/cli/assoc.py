"""`igwas-fast assoc`: genotypes + phenotypes -> statistics.h5."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    CommaList,
    max_memory_option,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast assoc genotypes.h5 phenotypes.h5 -o statistics.h5 \\
      --covariates covariates.tsv --categorical-columns centre --mac 20
"""


@click.command(epilog=_EXAMPLE)
@click.argument("genotypes", type=EXISTING_FILE)
@click.argument("phenotypes", type=EXISTING_FILE)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Statistics file to write.")
@click.option("--covariates", type=EXISTING_FILE, help="Table of covariates with IID.")
@click.option("--covariate-columns", type=CommaList(), help="Covariates to use.  [default: all]")
@click.option(
    "--categorical-columns", type=CommaList(), default=(), help="Covariates that are categories."
)
@click.option("--phenotype-columns", type=CommaList(), help="Phenotypes to scan.  [default: all]")
@click.option(
    "--missing-value", "missing_values", multiple=True, metavar="TEXT",
    help="Further code for missing in tables, such as -9; repeatable.",
)  # fmt: skip
@click.option("--keep", type=EXISTING_FILE, help="Samples to keep: FID IID or IID a line.")
@click.option("--remove", type=EXISTING_FILE, help="Samples to leave out.")
@click.option("--extract", type=EXISTING_FILE, help="Variant ids to keep, one a line.")
@click.option("--exclude", type=EXISTING_FILE, help="Variant ids to leave out.")
@click.option("--chromosome", "chromosomes", help="Such as 1-22,X.  [default: all]")
@click.option("--mac", type=float, default=20.0, show_default=True,
              help="Smallest minor allele count among calls.")  # fmt: skip
@click.option("--maf", type=float, default=0.0, show_default=True,
              help="Smallest minor allele frequency.")  # fmt: skip
@click.option("--geno", type=float, default=0.1, show_default=True,
              help="Largest share of missing calls.")  # fmt: skip
@click.option("--hwe", type=float, default=0.0, show_default=True,
              help="Smallest exact Hardy-Weinberg p (hard calls only); 0 tests none.")  # fmt: skip
@click.option("--info", type=float, default=0.0, show_default=True,
              help="Smallest imputation information.")  # fmt: skip
@click.option("--missing", type=click.Choice(["mean", "drop"]), default="mean", show_default=True,
              help="Missing calls: the variant's mean, or leave the sample out.")  # fmt: skip
@click.option("--transform", type=click.Choice(["none", "rank-inverse-normal"]), default="none",
              show_default=True, help="Of the phenotypes, before covariates.")  # fmt: skip
@click.option("--precision", type=click.Choice(["standard", "full"]), default="standard",
              show_default=True,
              help="z off by about 1e-6, never by 1e-4; or as float64 and slower.")  # fmt: skip
@click.option("--loco", type=EXISTING_FILE, help="loco.h5 or regenie's _pred.list.")
@click.option("--skip-untestable", is_flag=True,
              help="Leave out phenotypes without variation instead of stopping.")  # fmt: skip
@click.option("--hit-log10p", type=float, default=5.0, show_default=True,
              help="-log10 p from which a test enters the table of hits.")  # fmt: skip
@click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="auto",
              show_default=True, help="Where to sum genotypes; auto is the CPU.")  # fmt: skip
@click.option("--gpus", type=CommaList(), default=(), metavar="0,1,...",
              help="GPUs to use with --device cuda.  [default: all]")  # fmt: skip
@click.option("--shard", default="1/1", show_default=True, metavar="i/n",
              help="Scan the i-th of n equal parts of the variants.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@threads_option
@max_memory_option
@overwrite_option
@verbosity_options
def assoc(
    genotypes: Path,
    phenotypes: Path,
    output: Path,
    device: str,
    gpus: tuple[str, ...],
    shard: str,
    threads: int,
    max_memory_bytes: int | None,
    **options: Any,
) -> None:
    """Test every variant of GENOTYPES against every phenotype of PHENOTYPES.

    GENOTYPES is genotypes.h5 or a PLINK .bed read in place. PHENOTYPES is phenotypes.h5,
    embeddings.h5, or a table (.tsv, .csv, .parquet) with IID and perhaps FID; NA, nan and empty
    are missing. Samples are joined by id.
    """
    from igwas.association.options import ScanOptions, Shard
    from igwas.association.scan import run_scan
    from igwas.context import Context, parse_gpus

    scan_options = ScanOptions(shard=Shard.parse(shard), **options)
    context = Context(
        threads=threads, device=device, gpus=parse_gpus(gpus), max_memory_bytes=max_memory_bytes
    )
    with track("scan", "variants") as progress:
        summary = run_scan(
            genotypes, phenotypes, output, options=scan_options, context=context, progress=progress
        )
    say(summary.describe())
