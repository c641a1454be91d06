"""`igwas-fast embed`: photographs or images.h5 + encoder.onnx -> embeddings.h5."""

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
  igwas-fast embed images.h5 --model encoder.onnx -o embeddings.h5
"""


@click.command(epilog=_EXAMPLE)
@click.argument("images", type=click.Path(exists=True, readable=False, path_type=Path))
@click.option("--model", type=EXISTING_FILE, required=True, help="encoder.onnx of export.")
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Embeddings file to write.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "tensorrt", "openvino"]),
              default="auto", show_default=True,
              help="Where the encoder runs; one named here runs, or it stops.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1, 65_536), default=None,
              help="Photographs at a time.  [default: measured]")  # fmt: skip
@click.option("--test-time", type=CommaList(), default=(), metavar="flip,rotate",
              help="Further views of a photograph to average over.  [default: none]")  # fmt: skip
@click.option("--min-grade", type=click.Choice(["keep", "usable", "reject"]), default="usable",
              show_default=True, help="Leave out photographs of a lower grade.")  # fmt: skip
@click.option("--fp16", is_flag=True,
              help="Half precision, if it measures as the same vectors; or it stops.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@threads_option
@max_memory_option
@overwrite_option
@verbosity_options
def embed(
    images: Path,
    model: Path,
    output: Path,
    device: str,
    threads: int,
    max_memory_bytes: int | None,
    **options: Any,
) -> None:
    """Describe every photograph of IMAGES by the encoder's vector.

    IMAGES is images.h5, or a folder or manifest of photographs as `igwas-fast images` takes them.
    """
    from igwas.context import Context
    from igwas.embeddings.embed import embed_images
    from igwas.embeddings.embed_options import EmbedOptions

    embed_options = EmbedOptions(**options)
    context = Context(threads=threads, device=device, max_memory_bytes=max_memory_bytes)
    with track("embed", "photographs") as progress:
        summary = embed_images(
            images, model, output, options=embed_options, context=context, progress=progress
        )
    say(summary.describe())
