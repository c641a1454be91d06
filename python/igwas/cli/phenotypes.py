"""`igwas-fast phenotypes`: embeddings.h5 -> phenotypes.h5."""

from pathlib import Path
from typing import Any

import click

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
  igwas-fast phenotypes embeddings.h5 -o phenotypes.h5 --images images.h5 \\
      --regress-out "quality,brightness,camera outline"
"""


@click.command(epilog=_EXAMPLE)
@click.argument("embeddings", type=EXISTING_FILE)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Phenotypes to write.")
@click.option("--eyes", type=CommaList(), default="left,right,mean,difference", show_default=True,
              help="Phenotypes to make; difference is left minus right.")  # fmt: skip
@click.option("--choice", type=click.Choice(["mean", "best"]), default="mean", show_default=True,
              help="Of an eye's images: their mean, or the one of best quality.")  # fmt: skip
@click.option("--visit", default="all", show_default=True,
              help="all, first, last, or the name of a visit.")  # fmt: skip
@click.option("--min-quality", type=float, default=0.0, show_default=True,
              help="Leave out images of lower quality.")  # fmt: skip
@click.option("--use-unknown-eyes", is_flag=True,
              help="Images of unknown eyes count in the mean.")  # fmt: skip
@click.option("--images", type=EXISTING_FILE,
              help="images.h5: measures and metadata of the images.")  # fmt: skip
@click.option("--image-table", type=EXISTING_FILE,
              help="Table with image_id and further columns.")  # fmt: skip
@click.option("--regress-out", type=CommaList(), default=(),
              help="Image columns to regress out, or groups as audit names them.")  # fmt: skip
@click.option("--categorical-columns", type=CommaList(), default=(),
              help="Image columns to regress out that are categories, though numbers.")  # fmt: skip
@click.option("--measures", type=CommaList(), default=(),
              help="Image columns that become phenotypes too, such as colours.")  # fmt: skip
@click.option("--components", type=int, metavar="N",
              help="N components in place of the dimensions.")  # fmt: skip
@click.option("--components-by", type=click.Choice(["variance", "left-right"]), default="variance",
              show_default=True,
              help="First those of most variance, or those most alike in both eyes.")  # fmt: skip
@click.option("--whiten", is_flag=True, help="Components of variance 1.")
@click.option("--basis", type=EXISTING_FILE, help="Apply a basis that was saved.")
@click.option("--save-basis", type=OUTPUT_FILE, help="Save the basis that is fitted.")
@click.option("--outliers", type=click.Choice(["none", "clip", "remove"]), default="none",
              show_default=True, help="Clip far values, or leave out far images.")  # fmt: skip
@click.option("--outlier-limit", type=float,
              help="In robust standard deviations.  [default: 6 to clip, 3 to remove]")  # fmt: skip
@click.option("--transform", type=click.Choice(["none", "rank-inverse-normal"]), default="none",
              show_default=True, help="Of each phenotype.")  # fmt: skip
@overwrite_option
@verbosity_options
def phenotypes(embeddings: Path, output: Path, **options: Any) -> None:
    """Turn EMBEDDINGS of photographs into phenotypes of people: eyes and visits joined.

    Phenotypes are called left_dim_000, right_dim_000, mean_dim_000, difference_dim_000. The
    file also says which images were left out, and why.
    """
    from igwas.phenotypes.from_embeddings import make_phenotypes
    from igwas.phenotypes.options import PhenotypeOptions

    summary = make_phenotypes(embeddings, output, options=PhenotypeOptions(**options))
    say(summary.describe())
