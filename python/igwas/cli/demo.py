"""`igwas-fast demo`."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import is_quiet, overwrite_option, say, threads_option, verbosity_options

_EXAMPLE = """\b
Example:
  igwas-fast demo
  igwas-fast demo --without-photographs -o quick
"""


@click.command(epilog=_EXAMPLE)
@click.option(
    "-o", "--output", default="demo-output", show_default=True,
    type=click.Path(path_type=Path), help="Folder for everything the demo makes.",
)  # fmt: skip
@click.option("--people", type=int, default=None,
              help="Genotyped people.  [default: 1500; 2000 without photographs]")  # fmt: skip
@click.option("--variants", default=20_000, show_default=True, help="Variants.")
@click.option("--seed", default=1, show_default=True, help="Of the cohort and the encoder.")
@click.option("--steps", type=int, default=None, help="Steps of training.  [default: 100]")
@click.option("--without-photographs", is_flag=True,
              help="Draw phenotypes directly: a check of seconds.")  # fmt: skip
@click.option("--phenotypes", type=int, default=None,
              help="Phenotypes drawn with --without-photographs.  [default: 128]")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted demo.")
@threads_option
@overwrite_option
@verbosity_options
def demo(
    output: Path,
    without_photographs: bool,
    threads: int,
    resume: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Run the whole pipeline on a simulated cohort with known answers.

    Simulates people, genotypes and photographs of eyes that planted variants move; then images,
    train, export, embed, audit, phenotypes, genotypes, assoc, loci and report, each command as you
    would give it. Says which planted loci were found, which missed, and whether any is false.
    """
    from igwas.context import Context
    from igwas.demo import DemoOptions, run_demo

    result = run_demo(
        output,
        options=DemoOptions(photographs=not without_photographs, **options),
        context=Context(threads=threads),
        resume=resume,
        overwrite=overwrite,
        say=None if is_quiet() else click.echo,
    )
    say(result.describe())
