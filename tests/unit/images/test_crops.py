"""Crops of images.h5: the ones asked for, and none that is not what was written."""

from contextlib import closing

import h5py
import numpy as np
import pytest
from tests.encoder_files import add_checksums, flip_bit, photographs, write_images
from tests.images_files import write_images as write_plain_images

from igwas.encoder.training_images import read_slabs
from igwas.errors import CorruptFile
from igwas.images.crops import Crops
from igwas.images.images_file import read_images

# Noise, so that zstd stores it as it is: a flipped bit is then no error of its own.
NOISE = np.random.default_rng(3).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def path(tmp_path):
    return write_images(tmp_path / "i.h5", NOISE)


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 5, 11], []])
@pytest.mark.parametrize("write", [write_images, write_plain_images])
def test_the_rows_asked_for_are_read_from_any_layout(tmp_path, write, rows):
    people, eyes = ["A", "B", "C", "D", "E", "F"] * 2, ["left"] * 6 + ["right"] * 6
    further = (people, eyes) if write is write_plain_images else ()
    path = write(tmp_path / "other.h5", NOISE, *further)
    with h5py.File(path) as file, closing(Crops(path, file)) as crops:
        assert np.array_equal(crops.read(np.array(rows, np.int64)), NOISE[rows])


def read_for_training(path):
    return np.concatenate([slab for _, slab in read_slabs(path, np.arange(12))])


def read_for_the_audit(path):
    with read_images(path) as images:
        return np.concatenate([slab for _, slab in images.slabs(rows=5)])


@pytest.mark.parametrize("read", [read_for_training, read_for_the_audit])
def test_a_flipped_bit_is_found_where_there_are_checksums(path, read):
    assert np.array_equal(read(add_checksums(path)), NOISE)
    flip_bit(path, 7)
    with pytest.raises(CorruptFile, match=r"i\.h5: photograph 8 of 12 is damaged.*Copy") as found:
        read(path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("read", [read_for_training, read_for_the_audit])
def test_files_without_checksums_are_read_as_before(path, read):
    assert np.array_equal(read(path), NOISE)
    flip_bit(path, 7)
    assert (read(path) != NOISE).sum() == 1


def test_damage_that_hdf5_finds_is_one_line_too(tmp_path):
    rgb = photographs(4)
    path = write_plain_images(tmp_path / "i.h5", rgb, list("AABBCCDD"), ["left", "right"] * 4)
    with h5py.File(path) as file:
        chunk = file["/rgb"].id.get_chunk_info(0)
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    with (
        h5py.File(path) as file,
        closing(Crops(path, file)) as crops,
        pytest.raises(CorruptFile, match=r"i\.h5: photographs 2 to 3 of 8 cannot be read"),
    ):
        crops.read(np.array([1, 2]))
