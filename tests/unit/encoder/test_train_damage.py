"""Damaged images and a disk that fills up: an error that names the file, nothing half-written."""

import errno
from unittest import mock

import h5py
import numpy as np
import pytest
from tests.encoder_files import add_checksums, flip_bit, write_images

from igwas.context import Context
from igwas.encoder.train import train_encoder
from igwas.errors import CorruptFile, InputError, OutputError
from igwas.images.images_file import read_images

NOISE = np.random.default_rng(5).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def damaged(tmp_path):
    """images.h5 of 12 people, for each test to damage."""
    return write_images(tmp_path / "images.h5", NOISE)


def train(images, small):
    return train_encoder(images, images.parent / "run", options=small(), context=Context(threads=1))


def test_a_flipped_bit_stops_the_run_before_a_step(damaged, small):
    flip_bit(add_checksums(damaged), 7)
    with pytest.raises(CorruptFile, match=r"images\.h5: photograph 8 of 24 is damaged"):
        train(damaged, small)
    assert list((damaged.parent / "run").iterdir()) == []


@pytest.mark.parametrize("column", ["participant_id", "grade", "source_digest"])
def test_a_text_that_is_no_utf8_names_file_and_dataset(damaged, small, column):
    with h5py.File(damaged, "a") as file:
        del file[column]
        file.create_dataset(column, data=[b"P\xe9"] * 24, dtype=h5py.string_dtype())
    for read in (lambda path: train(path, small), read_images):
        with pytest.raises(CorruptFile, match=rf"images\.h5: /{column} holds a text that is no"):
            read(damaged)


def test_a_damaged_heap_names_file_and_dataset(damaged, small):
    # The first collection holds the file's attributes, which are read before.
    first, *others = damaged.read_bytes().split(b"GCOL")
    damaged.write_bytes(first + b"GCOL" + b"XXXX".join(others))
    for read in (lambda path: train(path, small), read_images):
        with pytest.raises(CorruptFile, match=r"images\.h5: /\w+ cannot be read"):
            read(damaged)


def test_an_odd_grade_is_not_left_out_without_a_word(damaged, small):
    with h5py.File(damaged, "a") as file:
        file["/grade"][3] = "Usable"
    with pytest.raises(InputError, match="/grade of photograph 4 is 'Usable'; expected keep"):
        train(damaged, small)


def test_a_disk_that_fills_up_under_the_log_names_the_run(damaged, small):
    board = mock.Mock()
    board.flush.side_effect = OSError(errno.ENOSPC, "No space left on device")
    with (
        mock.patch("igwas.encoder.journal._open_board", return_value=board),
        pytest.raises(OutputError, match=r"run: the disk is full.*--resume"),
    ):
        train(damaged, small)
