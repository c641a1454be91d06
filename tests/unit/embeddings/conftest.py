"""A small cohort of photographs and an encoder for them."""

import pytest
from tests.encoder_files import write_encoder, write_images


@pytest.fixture
def images(tmp_path):
    """Both eyes of 20 people, 32 pixels."""
    return write_images(tmp_path / "images.h5", n_people=20)


@pytest.fixture
def model(tmp_path):
    return write_encoder(tmp_path / "encoder.onnx")
