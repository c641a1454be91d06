"""`igwas-fast train`: images.h5 -> the folder of a run, with its checkpoints and log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    EXISTING_FILE,
    CommaList,
    F,
    NumberPair,
    overwrite_option,
    threads_option,
    verbosity_options,
)
from igwas.cli.progress import track
from igwas.encoder.options import (
    DEFAULT_STEPS,
    OBJECTIVES,
    POSITIVES,
    PRECISIONS,
    REPRESENTATIONS,
    TrainOptions,
)

_DEFAULTS = TrainOptions()
_EXAMPLE = """\b
Example:
  igwas-fast train images.h5 -o run --seed 1
"""


def _option(name: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option with the default that TrainOptions has for it."""
    default = getattr(_DEFAULTS, name.removeprefix("--").replace("-", "_"))
    return click.option(name, default=default, show_default=default is not None, **settings)


@click.command(epilog=_EXAMPLE)
@click.argument("images", type=EXISTING_FILE)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="Folder of the run: checkpoints and logs.")  # fmt: skip
@_option("--objective", type=click.Choice(OBJECTIVES), help="What is learnt from; docs/encoder.md.")
@_option("--positives", type=click.Choice(POSITIVES),
         help="What is the same: views of an image, photographs of an eye, both eyes.")  # fmt: skip
@click.option("--exclude-same-visit", is_flag=True,
              help="Pair photographs of different, known visits only.")  # fmt: skip
@_option("--backbone", metavar="NAME",
         help="resnet10, resnet18, resnet34, resnet50, or timm:NAME.")  # fmt: skip
@_option("--width", type=int,
         help="First stage's channels.  [default: 32 for resnet10, otherwise 64]")  # fmt: skip
@click.option("--pretrained", is_flag=True, help="Start from the published weights of timm.")
@_option("--projection-dimensions", type=int, help="Width of the head that the objective sees.")
@_option("--representation", type=click.Choice(REPRESENTATIONS),
         help="What describes an eye; auto is features, for cosface the projection.")  # fmt: skip
@click.option("--image-size", "image_size_px", type=int, default=_DEFAULTS.image_size_px,
              show_default=True, help="Side of what the network sees, in pixels.")  # fmt: skip
@_option("--mask-radius", type=float,
         help="Black outside this share of the half-side; 0 is no mask.")  # fmt: skip
@click.option("--standardise", is_flag=True,
              help="Take each image's colour and contrast away: structure only.")  # fmt: skip
@click.option("--rotation", "rotation_degrees", type=float, default=_DEFAULTS.rotation_degrees,
              show_default=True, help="Largest random rotation, in degrees.")  # fmt: skip
@click.option("--window", type=NumberPair(),
              default=(_DEFAULTS.window_low, _DEFAULTS.window_high),
              show_default="0.75,1", help="Smallest and largest random window.")  # fmt: skip
@_option("--shift", type=float, help="Random shift of a whole-image window, in half-sides.")
@_option("--colour-jitter", type=float, help="Strength of random colour changes; 0 is none.")
@_option("--pair-jitter", type=float, help="The same, but alike for both images of a pair.")
@click.option("--pair-flips", is_flag=True,
              help="Mirror the images of a pair at random, but alike.")  # fmt: skip
@_option("--batch-people", type=int, help="People in a batch, over all processes.")
@_option("--accumulate", type=int, help="Batches a step; each has its own negatives.")
@_option("--steps", type=int, help=f"Optimiser steps.  [default: {DEFAULT_STEPS}]")
@_option("--epochs", type=int, help="Passes over the people, instead of --steps.")
@_option("--learning-rate", type=float, help="Highest rate of AdamW.")
@_option("--weight-decay", type=float, help="Of AdamW; none for biases and norms.")
@_option("--warmup-steps", type=int, help="Steps until the highest rate; then a cosine.")
@_option("--temperature", type=float, help="Of nt-xent.")
@_option("--margin", type=float, help="Of cosface.")
@_option("--scale", type=float, help="Of cosface.")
@_option("--precision", type=click.Choice(PRECISIONS),
         help="auto is bfloat16 or float16 on a GPU, float32 on a CPU.")  # fmt: skip
@click.option("--grades", type=CommaList(), default=_DEFAULTS.grades, show_default="keep,usable",
              help="Grades of the images to use.")  # fmt: skip
@_option("--validate-every", type=int, help="Steps between two rows of the log.")
@_option("--checkpoint-every", type=int, help="Validations between two writings of last.pt.")
@click.option("--split", "split_shares", type=NumberPair(), default=_DEFAULTS.split_shares,
              show_default="0.6011,0.1986",
              help="Shares of people for training and validation.")  # fmt: skip
@_option("--split-seed", type=int, help="Of the random split.")
@click.option("--split-file", type=EXISTING_FILE,
              help="Table of participant_id and part instead.")  # fmt: skip
@_option("--fold", type=int, help="0 to 4: rotates the split, so that others are tested.")
@_option("--seed", type=int, help="Of weights, batches and views.")
@click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="auto",
              show_default=True, help="Where to train.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@threads_option
@overwrite_option
@verbosity_options
def train(
    images: Path,
    output: Path,
    window: tuple[float, float],
    device: str,
    threads: int,
    resume: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Train an encoder on the photographs of IMAGES, without labels.

    People are split into training, validation and test; test people are never looked at. On
    several GPUs: torchrun --nproc-per-node N -m igwas train IMAGES -o RUN.
    """
    from igwas.context import Context
    from igwas.encoder.extras import require

    require("torch")
    from igwas.encoder.train import train_encoder

    chosen = TrainOptions(window_low=window[0], window_high=window[1], **options)
    with track("train", "steps") as progress:
        summary = train_encoder(
            images, output, options=chosen, resume=resume, overwrite=overwrite,
            context=Context(threads=threads, device=device), progress=progress,
        )  # fmt: skip
    for line in summary.describe():
        click.echo(line)
