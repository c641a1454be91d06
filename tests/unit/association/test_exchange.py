"""Arrays of other libraries in and out of `igwas.associate`."""

import sys
import types

import numpy as np
import pytest

import igwas
from igwas.association.exchange import library_of
from igwas.errors import DeviceUnavailable, InputError

CPU, CUDA, PINNED, METAL = (1, 0), (2, 1), (3, 0), (8, 1)
RNG = np.random.default_rng(11)
DOSAGE = RNG.integers(0, 3, (6, 90)).astype(np.int8)
DOSAGE[2, 5:9] = -1
VALUES = RNG.normal(size=(90, 2))
COVARIATES = RNG.normal(size=(90, 2))


class StandIn:
    """An array of a library that is not here: NumPy's memory behind DLPack's methods alone."""

    def __init__(self, array, device=CPU, library=None):
        self.array, self.device, self.n_taken = array, device, 0
        if library is not None:
            self.__array_namespace__ = lambda: library

    def __dlpack__(self, **options):
        self.n_taken += 1
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device


def assert_equal(found, expected):
    for name in ("beta", "se", "t", "log10p", "n", "reason", "omnibus_log10p", "masks"):
        np.testing.assert_array_equal(np.asarray(getattr(found, name)), getattr(expected, name))


@pytest.fixture(scope="module")
def expected():
    return igwas.associate(DOSAGE, VALUES, COVARIATES)


def test_tensors_in_are_tensors_out(expected):
    torch = pytest.importorskip("torch")
    tensors = [torch.from_numpy(array.copy()) for array in (DOSAGE, VALUES, COVARIATES)]
    found = igwas.associate(*tensors)
    assert all(isinstance(getattr(found, name), torch.Tensor) for name in ("beta", "n", "masks"))
    assert found.beta.dtype == torch.float64
    assert_equal(found, expected)
    np.testing.assert_array_equal(found.chisq.numpy(), expected.chisq)
    assert found.to_frame().equals(expected.to_frame())
    assert isinstance(found.as_numpy().beta, np.ndarray)


def test_numpy_genotypes_beside_tensors_are_numpy_out(expected):
    torch = pytest.importorskip("torch")
    found = igwas.associate(DOSAGE, torch.from_numpy(VALUES), torch.from_numpy(COVARIATES))
    assert isinstance(found.beta, np.ndarray)
    assert_equal(found, expected)


def test_a_transposed_tensor_is_read_as_it_is_meant(expected):
    torch = pytest.importorskip("torch")
    found = igwas.associate(torch.from_numpy(DOSAGE.T.copy()).T, VALUES, COVARIATES)
    assert_equal(found, expected)


def test_a_tensor_that_needs_a_gradient_is_an_input_error():
    torch = pytest.importorskip("torch")
    dosage = torch.from_numpy(DOSAGE.astype(np.float32)).requires_grad_()
    with pytest.raises(InputError, match="genotypes cannot be taken over from torch"):
        igwas.associate(dosage, VALUES)


def test_a_type_that_numpy_lacks_is_an_input_error():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="phenotypes cannot be taken over from torch"):
        igwas.associate(DOSAGE, torch.from_numpy(VALUES).to(torch.bfloat16))


@pytest.mark.parametrize("device", [CPU, PINNED])
def test_an_array_of_any_library_is_taken_over_where_it_lies(expected, device):
    given = StandIn(DOSAGE, device)
    found = igwas.associate(given, StandIn(VALUES), StandIn(COVARIATES))
    assert given.n_taken == 1
    assert isinstance(found.beta, np.ndarray)  # it names no library
    assert_equal(found, expected)


def test_results_are_of_the_library_that_the_array_names(expected):
    library = types.SimpleNamespace(from_dlpack=StandIn)
    found = igwas.associate(StandIn(DOSAGE, library=library), VALUES, COVARIATES)
    assert isinstance(found.beta, StandIn)
    assert_equal(found.as_numpy(), expected)
    np.testing.assert_array_equal(found.to_frame()["se"], expected.to_frame()["se"])


def test_an_array_on_another_device_is_not_copied_in_silence():
    given = StandIn(DOSAGE, METAL)
    with pytest.raises(DeviceUnavailable, match=r"genotypes lie on device Metal 1; expected"):
        igwas.associate(given, VALUES)
    with pytest.raises(DeviceUnavailable, match="phenotypes lie on device Metal 1"):
        igwas.associate(DOSAGE, StandIn(VALUES, METAL))
    assert given.n_taken == 0


def test_an_array_on_a_gpu_that_this_build_cannot_use_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "igwas._cuda", None)
    monkeypatch.delattr(igwas, "_cuda", raising=False)
    library = types.SimpleNamespace(from_dlpack=StandIn)
    given = StandIn(DOSAGE, CUDA, library=library)
    with pytest.raises(DeviceUnavailable, match="this build has no GPU backend"):
        igwas.associate(given, VALUES)
    with pytest.raises(DeviceUnavailable, match="this build has no GPU backend"):
        igwas.associate(DOSAGE, StandIn(VALUES, CUDA))
    assert given.n_taken == 0


def test_lists_and_numpy_arrays_are_of_no_other_library():
    assert library_of([[0, 1]]) is None
    assert library_of(DOSAGE) is None


def test_an_array_without_memory_is_one_line():
    """PyTorch's device "meta" has shapes alone; its DLPack raises a ValueError."""
    torch = pytest.importorskip("torch")
    empty = torch.empty(DOSAGE.shape, device="meta")
    values = torch.empty(VALUES.shape, device="meta")
    for genotypes, phenotypes in ((empty, VALUES), (DOSAGE, values)):
        with pytest.raises(InputError, match=r"an array of torch is where .* expected one in mem"):
            igwas.associate(genotypes, phenotypes)
