"""`igwas-fast genotypes`: .bed .pgen .bgen .vcf -> genotypes.h5."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)
from igwas.context import Context
from igwas.genotypes import convert as conversion

_SEX_NAMES = ("unknown", "male", "female")


@contextmanager
def _progress_bar() -> Iterator[conversion.Progress | None]:
    """Show a bar on stderr where that is a terminal, and nothing otherwise."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("variants", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _describe(summary: conversion.ConvertSummary) -> Iterator[str]:
    """Lines of the account printed at the end."""
    samples = summary.samples
    sexes = ", ".join(
        f"{int((samples.sex == code).sum()):,} {name}" for code, name in enumerate(_SEX_NAMES)
    )
    yield f"{summary.path}: {summary.encoding}"
    yield f"samples    {len(samples):,} ({sexes})"
    yield f"variants   {summary.n_variants:,}"
    for name, count in summary.chromosome_counts.items():
        yield f"  {name:<8} {count:,}"
    yield f"missing    {summary.missing_rate:.4%} of genotypes"
    for what, count in summary.counts.items():
        yield f"note       {count:,} {what}"


_EXAMPLE = """\b
Example:
  igwas-fast genotypes cohort.bed -o genotypes.h5
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="genotypes.h5 to write.")
@click.option(
    "--field",
    type=click.Choice(["auto", "GT", "DS"]),
    default="auto",
    show_default=True,
    help="vcf, pgen: hard calls, dosages, or dosages where there are any.",
)
@click.option(
    "--dosage-bits",
    type=click.Choice(["8", "16"]),
    default="8",
    show_default=True,
    help="Bits of a stored dosage.",
)
@click.option(
    "--half-calls",
    type=click.Choice(["missing", "error", "reference", "haploid"]),
    default="missing",
    show_default=True,
    help="vcf: what ./1 is.",
)
@click.option(
    "--bgen-alleles",
    type=click.Choice(["ref-first", "ref-last"]),
    default=None,
    help="bgen: where the reference stands; the other is the effect allele.  [default: ref-first]",
)
@click.option("--sample-file", type=EXISTING_FILE, help="bgen: Oxford .sample with the ids.")
@click.option(
    "--generate-sample-ids", is_flag=True, help="bgen without ids: call them sample_1, sample_2..."
)
@click.option("--sex-file", type=EXISTING_FILE, help="IID SEX (1 male, 2 female), or FID IID SEX.")
@click.option(
    "--allow-unknown-chromosomes", is_flag=True, help="Keep contigs and chromosome 0 as named."
)
@click.option(
    "--compression-level",
    type=click.IntRange(1, 19),
    default=1,
    show_default=True,
    help="zstd level.",
)
@click.option("--raw", is_flag=True, help="Store uncompressed.")
@click.option(
    "--rows-per-chunk",
    type=click.IntRange(min=1),
    default=None,
    help="Variants in a chunk.  [default: about 1 MiB]",
)
@overwrite_option
@threads_option
@verbosity_options
def genotypes(source: Path, output: Path, threads: int, dosage_bits: str, **options: Any) -> None:
    """Convert SOURCE (.bed .pgen .bgen .vcf .vcf.gz .bcf) to genotypes.h5.

    Dosages count the effect allele: column 5 of a .bim, ALT of pgen and vcf, and for bgen the
    allele that is not the reference.
    """
    chosen = conversion.ConvertOptions(dosage_bits=8 if dosage_bits == "8" else 16, **options)
    with _progress_bar() as progress:
        summary = conversion.convert(
            source, output, options=chosen, context=Context(threads=threads), progress=progress
        )
    say(_describe(summary))
