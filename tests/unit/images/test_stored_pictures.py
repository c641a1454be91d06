"""Pictures read past HDF5 are those that HDF5 reads; other layouts are left to it."""

from concurrent.futures import ThreadPoolExecutor

import h5py
import hdf5plugin
import numpy as np
import pytest

from igwas import _core
from igwas.errors import CorruptFile
from igwas.images.stored_pictures import StoredPictures

PICTURES = np.random.default_rng(1).integers(0, 40, (9, 12, 12, 3), dtype=np.uint8)


def write(path, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("rgb", data=PICTURES, **options)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "i.h5", chunks=(1, 12, 12, 3), **hdf5plugin.Zstd())


def stored(path):
    with h5py.File(path) as file:
        return StoredPictures.of(path, file["rgb"])


def test_any_rows_in_any_order_from_many_threads(path):
    pictures = stored(path)
    rows = [np.random.default_rng(seed).integers(0, 9, 5) for seed in range(50)]
    with ThreadPoolExecutor(4) as pool:
        for chosen, found in zip(rows, pool.map(pictures.read, rows), strict=True):
            assert np.array_equal(found, PICTURES[chosen])
    assert pictures.read(np.array([], np.int64)).shape == (0, 12, 12, 3)
    pictures.close()


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (2, 12, 12, 3), **hdf5plugin.Zstd()}, {"chunks": (1, 12, 12, 3)},
     {"chunks": (1, 12, 12, 3), "compression": "gzip"},
     {"chunks": (1, 12, 12, 3), "shuffle": True, **hdf5plugin.Zstd()},
     {"chunks": (1, 12, 12, 3), "dtype": "uint16", **hdf5plugin.Zstd()}],
)  # fmt: skip
def test_other_layouts_are_left_to_hdf5(tmp_path, options):
    assert stored(write(tmp_path / "i.h5", **options)) is None


def test_a_picture_that_was_never_written_is_corrupt(tmp_path):
    with h5py.File(tmp_path / "i.h5", "w") as file:
        file.create_dataset("rgb", (3, 4, 4, 3), "u1", chunks=(1, 4, 4, 3), **hdf5plugin.Zstd())
        file["rgb"][0] = 1
    with pytest.raises(CorruptFile, match="photograph 2 of 3 was never written"):
        stored(tmp_path / "i.h5")


def test_pictures_of_another_file_are_left_to_hdf5(path, tmp_path):
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["rgb"] = h5py.ExternalLink(str(path), "/rgb")
    assert stored(tmp_path / "link.h5") is None


def test_a_flipped_bit_is_found_by_the_checksum(path):
    with h5py.File(path) as file:
        first = StoredPictures.of(path, file["rgb"])
        content = path.read_bytes()
        at, size = int(first._offset[3]), int(first._size[3])
        checksums = np.zeros(9, np.uint32)
        checksums[3] = _core.crc32c(content[at : at + size])
        pictures = StoredPictures.of(path, file["rgb"], checksums)
    assert np.array_equal(pictures.read(np.array([3])), PICTURES[[3]])
    middle = at + size // 2
    flipped = bytes([content[middle] ^ 1])
    path.write_bytes(content[:middle] + flipped + content[middle + 1 :])
    with pytest.raises(
        CorruptFile, match=r"photograph 4 of 9 is damaged \(its bytes have another checksum"
    ):
        pictures.read(np.array([3]))
    first.close()
    pictures.close()


def test_damaged_and_missing_bytes_are_corrupt(path):
    pictures = stored(path)
    content = path.read_bytes()
    at = int(pictures._offset[8])
    path.write_bytes(content[:at] + b"xxxx" + content[at + 4 :])
    with pytest.raises(CorruptFile, match="damaged"):
        pictures.read(np.array([8]))
    with path.open("r+b") as file:
        file.truncate(at + 10)
    with pytest.raises(CorruptFile, match="ends after 10 of"):
        pictures.read(np.array([8]))
    pictures.close()
