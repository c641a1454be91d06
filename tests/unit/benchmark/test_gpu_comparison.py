"""Arrays of two devices: what differs is named."""

import h5py
import numpy as np
import pytest

from igwas.benchmark.gpu_comparison import read_arrays, require_same
from igwas.errors import IgwasError


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file["/group/" + name] = values
    return read_arrays(path)


def test_files_of_the_same_numbers_and_texts_are_the_same(tmp_path):
    arrays = {"beta": np.array([1.0, np.nan, np.inf]), "id": np.array([b"a", b"b"], object),
              "n": np.arange(3)}  # fmt: skip
    found = write(tmp_path / "a.h5", **arrays)
    assert set(found) == {"group/beta", "group/id", "group/n"}
    require_same(found, write(tmp_path / "b.h5", **arrays), "a scan")


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("beta", [1.0, 2.0, 4.0], "a scan: group/beta differs from the CPU's in 1 of 3 numbers"),
        ("beta", [1.0, 2.0, np.nan], "beta differs .* in 1 of 3"),
        ("beta", [1.0, 2.0], "beta differs .* in 3 of 3"),
        ("id", np.array([b"a", b"c"], object), "id differs .* in 1 of 2"),
        ("n", [0, 0, 0], "n differs .* in 2 of 3"),
    ],
)
def test_what_differs_is_named_and_counted(tmp_path, name, other, words):
    arrays = {"beta": np.array([1.0, 2.0, 3.0]), "id": np.array([b"a", b"b"], object),
              "n": np.arange(3)}  # fmt: skip
    expected = write(tmp_path / "a.h5", **arrays)
    with pytest.raises(IgwasError, match=words):
        require_same(write(tmp_path / "b.h5", **arrays | {name: other}), expected, "a scan")


def test_an_array_of_one_device_only_is_named():
    with pytest.raises(IgwasError, match="a scan: arrays t are of one device only"):
        require_same({"t": np.ones(1)}, {}, "a scan")


def test_a_tolerance_is_of_its_array_alone():
    near, far = np.array([1.0, 1 + 1e-13]), np.array([1.0, 1 + 1e-11])
    one = np.ones(2)
    require_same({"p": near, "b": one}, {"p": one, "b": one}, "x", tolerances={"p": 1e-12})
    with pytest.raises(IgwasError, match="p differs"):
        require_same({"p": far}, {"p": one}, "x", tolerances={"p": 1e-12})
    with pytest.raises(IgwasError, match="b differs"):
        require_same({"b": near}, {"b": one}, "x", tolerances={"p": 1e-12})
