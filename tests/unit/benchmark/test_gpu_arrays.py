"""What compares arrays on a GPU with the CPU's: with a library and a GPU that are simulated."""

import dataclasses
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
    monkeypatch.setattr(device_arrays, "check_once", lambda gpu: None)
    library = GpuLibrary(simulated_gpu)
    monkeypatch.setattr("tests.gpu_array_library.GpuArray.T", property(transposed), raising=False)
    text = gpu_arrays.compare_arrays(library.put, 90, 30, 4)
    assert text == (
        "10 scans of 30 variants x 4 phenotypes of 90 samples equal the CPU's, those of fractions "
        "but for their rounding"
    )
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
def test_a_number_that_differs_is_named(name, factor):
    copies = np.random.default_rng(1).integers(0, 3, (3, 40)).astype(np.int8)
    expected = associate(copies, np.random.default_rng(2).normal(size=(40, 2)))
    found = dataclasses.replace(expected, **{name: getattr(expected, name) * factor})
    gpu_arrays.require_same_tests(expected, expected, "x")
    with pytest.raises(IgwasError, match=f"^x: {name} differs from the CPU's"):
        gpu_arrays.require_same_tests(found, expected, "x")


def test_logarithms_may_differ_in_their_last_digits():
    copies = np.random.default_rng(1).integers(0, 3, (3, 40)).astype(np.int8)
    expected = associate(copies, np.random.default_rng(2).normal(size=(40, 2)))
    found = dataclasses.replace(expected, log10p=expected.log10p * (1 + 1e-14))
    gpu_arrays.require_same_tests(found, expected, "x")


def test_libraries_are_those_that_see_a_gpu(monkeypatch):
    def library(is_available):
        return types.SimpleNamespace(
            cuda=types.SimpleNamespace(is_available=lambda: is_available), asarray=list,
            __version__="2.13.0+cpu",
        )  # fmt: skip

    monkeypatch.setitem(sys.modules, "cupy", library(True))
    monkeypatch.setitem(sys.modules, "torch", library(False))
    assert [name for name, _ in gpu_arrays.array_libraries()] == ["cupy"]
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert not list(gpu_arrays.array_libraries())
    assert gpu_arrays.libraries_left_out() == [
        "arrays of cupy: it is not installed", "arrays of torch: torch 2.13.0+cpu sees no GPU"
    ]  # fmt: skip
    monkeypatch.setitem(sys.modules, "torch", library(True))
    assert gpu_arrays.libraries_left_out() == ["arrays of cupy: it is not installed"]
