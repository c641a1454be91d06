"""`igwas-fast project`: statistics.h5 + weights -> the GWAS of combinations of the phenotypes."""

from pathlib import Path

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    STATISTICS_FILE,
    CommaList,
    overwrite_option,
    say,
    verbosity_options,
)
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast project statistics.h5 --principal-components 10 -o components.h5
"""


@click.command(epilog=_EXAMPLE)
@click.argument("statistics", type=STATISTICS_FILE)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Statistics file to write.")
@click.option("--weights", type=EXISTING_FILE,
              help="Table: column phenotype, then a column of weights a combination.")  # fmt: skip
@click.option("--principal-components", type=int, metavar="N",
              help="The N combinations of largest variance.")  # fmt: skip
@click.option("--lead-variant", "lead_variants", multiple=True, metavar="ID",
              help="The combination that this variant moves most; repeatable.")  # fmt: skip
@click.option("--phenotypes", type=CommaList(),
              help="These phenotypes as they are: the omnibus test of just them.")  # fmt: skip
@click.option("--mask", type=click.IntRange(min=0),
              help="For components and lead variants: which group of phenotypes that share "
              "missing samples.  [default: the one of loci: means of eyes, else the "
              "largest]")  # fmt: skip
@click.option("--model", default=None, metavar="CHROMOSOME",
              help="For components: the chromosome whose covariance counts.  "
              "[default: the first model's]")  # fmt: skip
@click.option("--hit-log10p", type=float,
              help="-log10 p from which a test enters the table of hits.  "
              "[default: the scan's]")  # fmt: skip
@overwrite_option
@verbosity_options
def project(
    statistics: Path,
    output: Path,
    weights: Path | None,
    principal_components: int | None,
    lead_variants: tuple[str, ...],
    phenotypes: tuple[str, ...] | None,
    mask: int | None,
    model: str | None,
    hit_log10p: float | None,
    overwrite: bool,
) -> None:
    """Test combinations of the phenotypes of STATISTICS as a new scan would, without genotypes.

    Give one of --weights, --principal-components, --lead-variant and --phenotypes. The result is
    again a statistics.h5. Only phenotypes measured in the same people can be combined.
    """
    from igwas.association.project import project as run_projection
    from igwas.association.weights import weights_chooser

    choose = weights_chooser(
        weights=weights,
        components=principal_components,
        lead_variants=lead_variants,
        phenotypes=phenotypes,
        mask=mask,
        model=model,
    )
    with track("project", "variants") as progress:
        summary = run_projection(
            statistics,
            output,
            choose,
            hit_log10p=hit_log10p,
            inputs={"weights": weights} if weights is not None else {},
            overwrite=overwrite,
            progress=progress,
        )
    say(summary.describe())
