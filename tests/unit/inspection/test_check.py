import h5py
import numpy as np
import pytest

from igwas.context import Context
from igwas.errors import CorruptFile
from igwas.inspection import check
from igwas.inspection.check import check_arrays, check_chunks


class FakeGenotypes:
    """Twelve chunks of which some are damaged."""

    def __init__(self, damaged):
        self.damaged = damaged
        self.read = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def read_chunk(self, chunk):
        self.read.append(chunk)
        if chunk in self.damaged:
            raise CorruptFile(f"chunk {chunk} has checksum 1; expected 2. Convert it again.")


class Chunks(list):
    crc32c = np.zeros(12)


@pytest.mark.parametrize("threads", [1, 4, 7])
@pytest.mark.parametrize("damaged", [(), (0,), (3, 11), tuple(range(12))])
def test_every_chunk_is_read_and_every_fault_counted(monkeypatch, tmp_path, threads, damaged):
    fake = FakeGenotypes(damaged)
    fake.chunks = Chunks(range(12))
    monkeypatch.setattr(check, "open_genotypes", lambda path: fake)
    result = check_chunks(tmp_path / "g.h5", Context(threads=threads))
    assert sorted(fake.read) == list(range(12))
    assert (result.n_checked, result.n_damaged) == (12, len(damaged))
    assert len(result.damaged) == min(10, len(damaged))


def test_arrays_are_read_to_the_end(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b"] = np.zeros((10, 3))
        file["scalar"] = 1.0
        file.create_dataset("text", data=["x"], dtype=h5py.string_dtype())
        result = check_arrays(file, tmp_path / "a.h5")
    assert (result.n_checked, result.n_damaged) == (3, 0)


def test_a_damaged_compressed_array_is_found(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("a", data=np.arange(10_000), compression="gzip", chunks=(1000,))
        offset = data.id.get_chunk_info(4).byte_offset
    with path.open("r+b") as stream:
        stream.seek(offset + 10)
        stream.write(b"\xff" * 50)
    with h5py.File(path) as file:
        result = check_arrays(file, path)
    assert result.n_damaged == 1
    assert "/a cannot be read" in result.damaged[0]
