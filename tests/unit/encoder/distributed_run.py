"""Trains the small recipe; started by torchrun from test_distributed.py."""

import json
import sys
from pathlib import Path

from igwas.context import Context
from igwas.encoder.options import TrainOptions
from igwas.encoder.train import train_encoder


def main():
    images, folder, options = sys.argv[1:]
    train_encoder(
        Path(images),
        Path(folder),
        options=TrainOptions(**json.loads(options)),
        resume=True,
        context=Context(threads=1, device="cpu"),
    )


if __name__ == "__main__":
    main()
