"""What compares arrays on a GPU with the CPU's: with a library and a GPU that are simulated."""

import sys
import types

import numpy as np
import pytest
from tests.gpu_array_library import GpuLibrary

from igwas.association import device_arrays
from igwas.association.associate import associate
from igwas.benchmark import gpu_arrays
from igwas.errors import IgwasError


def test_equal_scans_pass_and_are_counted(simulated_gpu, monkeypatch):
    monkeypatch.setattr(device_arrays, "check_gpu", lambda gpu, size: "")
    library = GpuLibrary(simulated_gpu)
    monkeypatch.setattr("tests.gpu_array_library.GpuArray.T", property(transposed), raising=False)
    text = gpu_arrays.compare_arrays(library.put, 90, 30, 4)
    assert text == "6 scans of 30 variants x 4 phenotypes of 90 samples equal the CPU's"
    assert simulated_gpu.n_violations == 0


def transposed(array):
    """The same memory with its axes the other way round; it lives as long as the original."""
    view = type(array)(
        array.library, array.memory, array.start, array.device, array.dtype,
        array.shape[::-1], array.strides[::-1],
    )  # fmt: skip
    # One of the two frees the memory.
    view.memory, array.memory = array.memory, 0
    return view


@pytest.mark.parametrize(("name", "factor"), [("beta", 1 + 1e-15), ("log10p", 1 + 1e-11)])
def test_a_number_that_differs_is_named(monkeypatch, name, factor):
    """Nothing of a GPU: the second of two equal scans is changed."""
    n_calls = 0

    def changed(*arguments):
        nonlocal n_calls
        n_calls += 1
        found = associate(*arguments)
        if n_calls == 2:
            getattr(found, name).flat[:] *= factor
        return found

    monkeypatch.setattr(gpu_arrays, "associate", changed)
    with pytest.raises(IgwasError, match=f"^arrays of int8: {name} differs from the CPU's"):
        gpu_arrays.compare_arrays(np.asarray, 40, 3, 2)


def test_logarithms_may_differ_in_their_last_digits(monkeypatch):
    n_calls = 0

    def changed(*arguments):
        nonlocal n_calls
        n_calls += 1
        found = associate(*arguments)
        found.log10p.flat[:] *= 1 + (n_calls > 1) * 1e-14
        return found

    monkeypatch.setattr(gpu_arrays, "associate", changed)
    assert gpu_arrays.compare_arrays(np.asarray, 40, 3, 2).startswith("6 scans")


def test_libraries_are_those_that_see_a_gpu(monkeypatch):
    def library(is_available):
        return types.SimpleNamespace(
            cuda=types.SimpleNamespace(is_available=lambda: is_available), asarray=list
        )

    monkeypatch.setitem(sys.modules, "cupy", library(True))
    monkeypatch.setitem(sys.modules, "torch", library(False))
    assert [name for name, _ in gpu_arrays.array_libraries()] == ["cupy"]
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert not list(gpu_arrays.array_libraries())
