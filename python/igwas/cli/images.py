"""`igwas-fast images`: photographs -> images.h5."""

from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    OUTPUT_FILE,
    CommaList,
    overwrite_option,
    threads_option,
    verbosity_options,
)
from igwas.cli.progress import track

_EXAMPLE = """\b
Example:
  igwas-fast images photographs/ -o images.h5
  igwas-fast images manifest.csv -o images.h5 --size 512 --views green,vessels
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="images.h5 to write.")
@click.option("--size", "size_px", type=int, default=400, show_default=True,
              help="Side of a crop, pixels.")  # fmt: skip
@click.option("--views", type=CommaList(), default=(),
              help="Further pictures to store: green, vessels.  [default: none]")  # fmt: skip
@click.option("--vessel-network", type=EXISTING_FILE,
              help="Segmentation network (.onnx) that draws the vessels.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@threads_option
@overwrite_option
@verbosity_options
def images(source: Path, output: Path, threads: int, **options: Any) -> None:
    """Find the disc in each photograph, crop, resize and judge it; right eyes are mirrored.

    SOURCE is a folder, whose files are named <participant>_left.jpeg, <participant>_right.jpeg
    (or _L, _R, _OS, _OD, or as UK Biobank does), or a manifest: a .csv or .tsv with the columns
    path and participant_id, and perhaps eye, visit, image_id and any others. A file that gives no
    image is listed with its reason, on the screen and in the output.
    """
    from igwas.context import Context
    from igwas.images.options import ImagesOptions
    from igwas.images.process import process_photographs

    with track("images", "photographs") as progress:
        summary = process_photographs(
            source, output, options=ImagesOptions(**options), context=Context(threads=threads),
            progress=progress,
        )  # fmt: skip
    for line in summary.describe():
        click.echo(line)
