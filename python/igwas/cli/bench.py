"""`igwas-fast bench`."""

from pathlib import Path
from typing import Any

import click

from igwas.benchmark.spectrum import SPECTRA
from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    CommaList,
    overwrite_option,
    say,
    verbosity_options,
)

_EXAMPLE = """\b
Example:
  igwas-fast bench --quick
  igwas-fast bench --samples 65629 --variants 20000 -o result.json --report benchmarks.md
  igwas-fast bench --parts "" --curve samples,threads -o curves.json
  igwas-fast bench --from result.json --from curves.json --report benchmarks.md
"""


@click.command(epilog=_EXAMPLE)
@click.option("-o", "--output", type=OUTPUT_FILE, default="benchmark.json", show_default=True,
              help="Result to write.")  # fmt: skip
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default="benchmark-work",
              show_default=True, help="Folder that keeps simulated cohorts.")  # fmt: skip
@click.option("--quick", is_flag=True, help="A small cohort: under a minute on two cores.")
@click.option("--samples", "n_samples", type=int, help="Simulated samples.  [default: 65629]")
@click.option("--variants", "n_variants", type=int, help="Simulated variants.  [default: 20000]")
@click.option("--phenotypes", "n_phenotypes", type=int, help="Phenotypes.  [default: 128]")
@click.option("--covariates", "n_covariates", type=int,
              help="Covariates, the intercept counted.  [default: 14]")  # fmt: skip
@click.option("--spectrum", type=click.Choice(list(SPECTRA)),
              help="Minor allele frequencies.  [default: imputed]")  # fmt: skip
@click.option("--missing-rate", nargs=2, type=float, metavar="LOW HIGH",
              help="Share of missing calls of a variant.  [default: 0.001 0.01]")  # fmt: skip
@click.option("--seed", type=int, help="Seed of the cohort.  [default: 1]")
@click.option("--engines", type=CommaList(), help="Programs to run.  [default: all that are found]")
@click.option(
    "--parts",
    type=CommaList(),
    help="Of limits, commands, kernel, dosages, startup, subset.  [default: all]",
)
@click.option("--curve", "curves", type=CommaList(), default=(),
              help="Of samples, variants, phenotypes, threads, missing, frequency.")  # fmt: skip
@click.option("--curve-variants", type=int, help="Variants a point of a curve.  [default: 4000]")
@click.option("--file-samples", type=int,
              help="People in the wide file of the part subset.  [default: 500000]")  # fmt: skip
@click.option("--repeats", type=int, help="Rounds; programs take turns.  [default: 3]")
@click.option("--engine-seconds", type=float,
              help="About how long one run of a slow program may take.  [default: 30]")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=0), default=0, show_default=True,
              help="Threads of every program; 0 is all cores.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted benchmark.")
@click.option("--from", "sources", type=EXISTING_FILE, multiple=True,
              help="Measure nothing: report this result; repeatable.")  # fmt: skip
@click.option("--report", type=OUTPUT_FILE, help="Markdown page to write or replace.")
@overwrite_option
@verbosity_options
def bench(
    output: Path,
    work: Path,
    quick: bool,
    threads: int,
    resume: bool,
    sources: tuple[Path, ...],
    report: Path | None,
    overwrite: bool,
    **chosen: Any,
) -> None:
    """Measure igwas-fast beside other programs, after checking everybody's answers.

    Simulates a cohort with the frequencies of imputed data, compares every program's statistics
    with float64 least squares, then runs them in turns. Programs that are not installed are listed
    as missing. Takes an hour for all parts and curves.
    """
    from igwas.benchmark.options import choose_options
    from igwas.benchmark.report import read_result, render, write_report
    from igwas.benchmark.suite import run_benchmark

    if sources:
        records = [read_result(source) for source in sources]
    else:
        options = choose_options(is_quick=quick, threads=threads, **chosen)
        records = [run_benchmark(options, output, work, is_resumed=resume, overwrite=overwrite)]
        say([str(output)])
    if report:
        write_report(records, report)
        say([str(report)])
    else:
        say([render(records)])
