import errno
import os

import h5py
import numpy as np
import pytest

from igwas.steady_file import create_hdf5


@pytest.fixture
def full_after(monkeypatch):
    """Let the disk hold so many bytes, then refuse every write."""

    def limit(n_bytes):
        pwrite = os.pwrite
        written = 0

        def limited(descriptor, data, offset):
            nonlocal written
            room = n_bytes - written
            if room <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            n = pwrite(descriptor, memoryview(data)[:room], offset)
            written += n
            return n

        monkeypatch.setattr(os, "pwrite", limited)

    return limit


def fill(path, names):
    with create_hdf5(path) as (file, _):
        file.attrs["format"] = "test"
        file.create_dataset("/group/values", data=np.arange(1_000))
        file.create_dataset("/names", data=names, dtype=h5py.string_dtype())


def test_a_file_is_what_h5py_would_have_written(tmp_path):
    names = [f"variant {i}" * (i % 7) for i in range(5_000)]
    fill(tmp_path / "file.h5", names)
    with h5py.File(tmp_path / "file.h5") as file:
        assert file.attrs["format"] == "test"
        assert file["/names"].asstr()[:].tolist() == names
        np.testing.assert_array_equal(file["/group/values"], np.arange(1_000))


@pytest.mark.parametrize("n_bytes", [0, 50, 2_048, 9_000, 100_000])
def test_a_full_disk_is_an_error_with_its_number_wherever_it_fills_up(
    tmp_path, full_after, n_bytes
):
    full_after(n_bytes)
    with pytest.raises(OSError, match="No space left") as refused:
        fill(tmp_path / "file.h5", [f"variant {i}" for i in range(20_000)])
    assert refused.value.errno == errno.ENOSPC


def test_the_writer_can_ask_whether_to_go_on(tmp_path, full_after):
    full_after(3_000)
    went_on = []

    def write():
        with create_hdf5(tmp_path / "file.h5") as (file, raise_if_refused):
            file.create_dataset("/values", data=np.zeros(10_000))
            raise_if_refused()
            went_on.append(True)

    with pytest.raises(OSError, match="No space left"):
        write()
    assert not went_on
