"""`igwas-fast audit`: embeddings.h5 -> report card."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)

_EXAMPLE = """\b
Example:
  igwas-fast audit embeddings.h5 --images images.h5 --json audit.json --figures audit
"""


@click.command(epilog=_EXAMPLE)
@click.argument("embeddings", type=EXISTING_FILE)
@click.option("--images", type=EXISTING_FILE,
              help="The images.h5 that was embedded: colour, camera, pictures.")  # fmt: skip
@click.option("--metadata", type=EXISTING_FILE,
              help="Table with image_id or participant_id: what may explain.")  # fmt: skip
@click.option("--json", "json_path", type=OUTPUT_FILE, help="Where to write the numbers.")
@click.option("--figures", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder to write figures and neighbour sheets to.")  # fmt: skip
@click.option("--max-people", type=click.IntRange(min=1), default=5000, show_default=True,
              help="People whose eyes are compared; of more a sample is drawn.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Of the sample, the intervals and the folds.")  # fmt: skip
@click.option("--bootstrap", type=click.IntRange(min=1), default=2000, show_default=True,
              help="Draws of each interval.")  # fmt: skip
@click.option("--sheet-queries", type=click.IntRange(min=1), default=8, show_default=True,
              help="Rows of a neighbour sheet.")  # fmt: skip
@threads_option
@overwrite_option
@verbosity_options
def audit(
    embeddings: Path,
    images: Path | None,
    metadata: Path | None,
    json_path: Path | None,
    figures: Path | None,
    threads: int,
    **options: Any,
) -> None:
    """Say whether EMBEDDINGS is fit for a GWAS.

    Other eyes found, agreement of the eyes, dimensions used, variance explained by camera and
    quality, pictures of eyes found alike, and the verdict in words. People the encoder was
    trained on are left out where eyes are compared.
    """
    from igwas.context import Context
    from igwas.embeddings.audit import AuditOptions, run_audit

    report = run_audit(
        embeddings, images=images, metadata=metadata, json_path=json_path, figures=figures,
        options=AuditOptions(**options), context=Context(threads=threads),
    )  # fmt: skip
    say(report.describe())
