"""`igwas-fast simulate`."""

from pathlib import Path

import click

from igwas.cli.options import CommaList, overwrite_option, verbosity_options
from igwas.simulate.options import CHROMOSOMES

_EXAMPLE = """\b
Example:
  igwas-fast simulate -o cohort --samples 2000 --variants 20000 --seed 7
"""


@click.command(epilog=_EXAMPLE)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the cohort to.",
)
@click.option("--samples", "n_samples", default=2000, show_default=True, help="Genotyped samples.")
@click.option("--variants", "n_variants", default=20000, show_default=True, help="Variants.")
@click.option("--phenotypes", "n_phenotypes", default=128, show_default=True, help="Phenotypes.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--planted", "n_planted", default=12, show_default=True, help="Variants that act on phenotypes."
)
@click.option(
    "--planted-phenotypes",
    default=8,
    show_default=True,
    help="Phenotypes that each planted variant acts on.",
)
@click.option(
    "--variance-explained",
    nargs=2,
    type=float,
    default=(0.002, 0.04),
    show_default=True,
    metavar="LOW HIGH",
    help="Share of variance a planted variant explains.",
)
@click.option(
    "--heritability",
    default=0.0,
    show_default=True,
    help="Share of variance of many small effects.",
)
@click.option(
    "--missing-rate",
    nargs=2,
    type=float,
    default=(0.001, 0.01),
    show_default=True,
    metavar="LOW HIGH",
    help="Share of missing calls of a variant.",
)
@click.option(
    "--related",
    "related_fraction",
    default=0.1,
    show_default=True,
    help="Share of samples with a relative in the cohort.",
)
@click.option(
    "--chromosomes",
    type=CommaList(),
    default=",".join(CHROMOSOMES),
    show_default="1-22 and X",
    help="Chromosomes to place variants on.",
)
@overwrite_option
@verbosity_options
def simulate(output: Path, overwrite: bool, **options: object) -> None:
    """Simulate a cohort with known answers: .bed/.bim/.fam, phenotypes.h5, covariates, truth."""
    from igwas.cli.progress import track
    from igwas.simulate import CohortOptions, simulate_cohort

    chosen = CohortOptions(**options)  # type: ignore[arg-type]
    with track("simulating", "variants") as progress:
        files = simulate_cohort(output, chosen, overwrite=overwrite, progress=progress)
    for path in files.all():
        click.echo(path)
