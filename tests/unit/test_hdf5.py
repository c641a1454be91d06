import errno

import h5py
import pytest
from tests.reference.statistics_fixture import write_statistics

from igwas import hdf5
from igwas.errors import CorruptFile, InputError
from igwas.hdf5 import is_hdf5, open_hdf5, read_texts
from igwas.schema import STATISTICS


def test_signature_tells_hdf5_from_other_files(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=5)
    (tmp_path / "t").write_text("\x89HD")
    assert is_hdf5(truth.path)
    assert not is_hdf5(tmp_path / "t")


def test_a_file_of_the_right_kind_is_opened(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=5)
    with open_hdf5(truth.path, STATISTICS) as file:
        assert file["/beta"].shape == (5, 5)


def test_a_locked_file_says_so(tmp_path, monkeypatch):
    truth = write_statistics(tmp_path / "s.h5", n_variants=5)

    def locked(*arguments):
        raise BlockingIOError(errno.EAGAIN, "unable to lock file")

    monkeypatch.setattr(hdf5.h5py, "File", locked)
    with pytest.raises(InputError, match="locked by another process"):
        open_hdf5(truth.path)


def test_a_refused_file_is_closed_again(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match="expected one of"):
        open_hdf5(path)
    with h5py.File(path, "r+") as file:  # would fail if it were still open for reading
        file["y"] = 2


def test_a_file_behind_a_user_block_says_so(tmp_path):
    for size in (512, 2048):
        path = tmp_path / f"{size}.h5"
        with h5py.File(path, "w", userblock_size=size) as file:
            file["x"] = 1
        with pytest.raises(InputError, match=f"behind a user block of {size:,} bytes.*h5unjam"):
            open_hdf5(path)


def write_texts(path, values):
    with h5py.File(path, "w") as file:
        file.create_dataset("/group/names", data=values, dtype=h5py.string_dtype())
    return path


def test_texts_are_read_as_str(tmp_path):
    with h5py.File(write_texts(tmp_path / "t.h5", ["é", ""])) as file:
        assert read_texts(file["/group/names"]).tolist() == ["é", ""]


def test_a_text_that_is_no_utf8_names_file_and_dataset(tmp_path):
    path = write_texts(tmp_path / "t.h5", [b"P\xe9"])
    with (
        h5py.File(path) as file,
        pytest.raises(CorruptFile, match=r"t\.h5: /group/names holds a text that is no UTF-8"),
    ):
        read_texts(file["/group/names"])


def test_a_damaged_heap_names_file_and_dataset(tmp_path):
    path = write_texts(tmp_path / "t.h5", ["name"] * 3)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"GCOL", b"XXXX"))
    with (
        h5py.File(path) as file,
        pytest.raises(CorruptFile, match=r"t\.h5: /group/names cannot be read") as found,
    ):
        read_texts(file["/group/names"])
    assert "\n" not in str(found.value)
