import errno
import os

import h5py
import numpy as np
import pytest

from igwas.steady_file import SteadyFile


def test_hdf5_file_written_through_it_is_whole(tmp_path):
    with SteadyFile(tmp_path / "x.h5") as steady:
        with h5py.File(steady, "w") as file:
            file["a"] = np.arange(1000)
            file["s"] = ["x", "yy"]
        steady.sync()
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["a"][:].tolist() == list(range(1000))


def test_first_failure_is_kept_and_hdf5_never_sees_it(tmp_path, monkeypatch):
    real, room = os.pwrite, [5000]

    def limited(descriptor, data, offset):
        if offset + len(data) > room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", limited)
    with SteadyFile(tmp_path / "x.h5") as steady:
        with h5py.File(steady, "w") as file:
            for i in range(200):
                file[f"a{i}"] = np.arange(1000)
            assert file["a199"][5] == 5  # what could not be written can still be read
        with pytest.raises(OSError, match="No space left"):
            steady.raise_failure()
        with pytest.raises(OSError, match="No space left"):
            steady.sync()


def test_it_seeks_reads_and_truncates_like_a_file(tmp_path):
    with SteadyFile(tmp_path / "x") as steady:
        steady.write(b"hello world")
        steady.seek(-5, os.SEEK_END)
        assert steady.read() == b"world"
        assert steady.truncate(5) == 5
        steady.seek(0)
        assert steady.read() == b"hello"
        assert steady.readable()
        assert steady.writable()
        assert steady.seekable()
    assert (tmp_path / "x").read_bytes() == b"hello"


def test_it_cannot_be_created_in_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        SteadyFile(tmp_path / "nowhere" / "x")
