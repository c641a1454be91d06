"""`igwas-fast export`: checkpoints -> encoder.onnx."""

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
from igwas.cli.progress import track
from igwas.encoder.export_options import VIEWS, ExportOptions

_DEFAULTS = ExportOptions()
_EXAMPLE = """\b
Example:
  igwas-fast export run -o encoder.onnx
"""


@click.command(epilog=_EXAMPLE)
@click.argument("sources", nargs=-1, required=True, metavar="RUN_DIR|CHECKPOINT...",
                type=click.Path(exists=True, path_type=Path))  # fmt: skip
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="ONNX file to write.")
@click.option("--images", type=EXISTING_FILE,
              help="images.h5 of the training.  [default: where it was then]")  # fmt: skip
@click.option("--checkpoint", "which", type=click.Choice(["best", "last"]),
              default=_DEFAULTS.which, show_default=True, help="Of a run's folder.")  # fmt: skip
@click.option("--views", "n_views", type=click.Choice([str(n) for n in VIEWS]),
              default=str(_DEFAULTS.n_views), show_default=True,
              help="Mild test-time views that are averaged.")  # fmt: skip
@click.option("--dimensions", type=click.IntRange(min=0), default=_DEFAULTS.dimensions,
              show_default=True,
              help="Principal axes kept, fitted on training images; 0 is none.")  # fmt: skip
@click.option("--whiten", is_flag=True, help="Scale the axes to about unit variance.")
@click.option("--verify-images", "n_verified", type=click.IntRange(min=1),
              default=_DEFAULTS.n_verified, show_default=True,
              help="Images on which ONNX Runtime must agree with torch.")  # fmt: skip
@threads_option
@overwrite_option
@verbosity_options
def export(
    sources: tuple[Path, ...],
    output: Path,
    images: Path | None,
    n_views: str,
    threads: int,
    overwrite: bool,
    **options: Any,
) -> None:
    """Write one .onnx from a run, a checkpoint, or several (an ensemble).

    The file takes images as images.h5 stores them and gives embeddings: resizing, normalisation,
    views and principal axes are inside. It is written only if ONNX Runtime agrees with torch.
    """
    from igwas.context import Context
    from igwas.encoder.extras import require

    require("torch")
    from igwas.encoder.export_onnx import export_encoder

    with track("principal axes", "images") as progress:
        summary = export_encoder(
            sources, output, images=images, options=ExportOptions(n_views=int(n_views), **options),
            overwrite=overwrite, context=Context(threads=threads), progress=progress,
        )  # fmt: skip
    say(summary.describe())
