"""`igwas-fast demo`."""

from pathlib import Path

import click

from igwas.cli.options import overwrite_option, threads_option, verbosity_options
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast demo
  igwas-fast demo -o larger --samples 10000 --variants 100000
"""


@click.command(epilog=_EXAMPLE)
@click.option(
    "-o", "--output", default="demo-output", show_default=True,
    type=click.Path(file_okay=False, path_type=Path), help="Folder for everything the demo makes.",
)  # fmt: skip
@click.option("--samples", "n_samples", default=2000, show_default=True, help="Genotyped samples.")
@click.option("--variants", "n_variants", default=20000, show_default=True, help="Variants.")
@click.option("--phenotypes", "n_phenotypes", default=128, show_default=True, help="Phenotypes.")
@click.option("--seed", default=1, show_default=True, help="Seed of the simulated cohort.")
@threads_option
@overwrite_option
@verbosity_options
def demo(output: Path, threads: int, overwrite: bool, **options: int) -> None:
    """Run the main job on a simulated cohort with known answers.

    Simulates genotypes and phenotypes with planted effects, converts the genotypes, scans them, and
    says which planted loci were found, which missed, and whether any locus is false.
    """
    from igwas.context import Context
    from igwas.demo import run_demo
    from igwas.simulate import CohortOptions

    result = run_demo(
        output,
        CohortOptions(**options),  # type: ignore[arg-type]
        context=Context(threads=threads),
        overwrite=overwrite,
        track=track,
    )
    for line in result.describe():
        click.echo(line)
