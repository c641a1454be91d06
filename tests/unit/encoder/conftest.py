"""Small images and a small recipe: a run of a second or two."""

import pytest
from tests.images_files import draw_eyes, write_images

from igwas.encoder.options import TrainOptions

SMALL = {
    "width": 4,
    "image_size_px": 32,
    "batch_people": 4,
    "steps": 6,
    "warmup_steps": 2,
    "validate_every": 3,
    "projection_dimensions": 16,
}


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """images.h5 of 12 synthetic people: 7 for training, 2 for validation, 3 for test."""
    path = tmp_path_factory.mktemp("images") / "images.h5"
    return write_images(path, *draw_eyes(12))


@pytest.fixture(scope="session")
def small():
    """TrainOptions of a small recipe, with changes."""

    def make(**changes):
        return TrainOptions(**{**SMALL, **changes})

    return make
