"""The scan of genotypes in a GPU's memory: they are read there, and results stay there."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas import _core
from igwas.association.device import check_once, cuda_module, resolve_gpus
from igwas.association.exchange import gpu_of, library_name, library_of
from igwas.association.statistics_arrays import empty_arrays
from igwas.context import Context
from igwas.errors import DeviceUnavailable, InputError, OptionError


class GpuGenotypes:
    """Genotypes (variants, samples) of another library, where they lie.

    Parameters
    ----------
    values : array
        int8, float32 or float64; copies from 0 to 2, or missing (NaN, a negative integer).
    context : Context
        With device `cuda` its GPUs, if it names any, include the array's.

    Raises
    ------
    DeviceUnavailable
        If the GPU cannot be used, gives other sums than the CPU, or the context names others.
    InputError
        If the array cannot be exchanged, or its library takes no results back.
    """

    def __init__(self, values: Any, context: Context) -> None:
        number = gpu_of(values)
        if number is None:
            raise ValueError("the array lies on no GPU")
        self.number: int = number
        self.library = _library_that_takes_results(values)
        _require_gpu(number, context)
        check_once(number)
        self._array = take_array(values, "genotypes")
        self.shape: tuple[int, ...] = self._array.shape

    def scan(
        self,
        model: _core.ScanModel,
        options: _core.ScanOptions,
        *,
        n_masks: int,
        n_phenotypes: int,
        threads: int,
    ) -> dict[str, Any]:
        """Test every variant; arrays of the library, on the GPU.

        Parameters
        ----------
        model : ScanModel
        options : ScanOptions
            Missing calls as the mean, full precision.
        n_masks, n_phenotypes, threads : int

        Returns
        -------
        dict
            The arrays of an `Association`, but for `masks`; degrees of freedom for each test.

        Raises
        ------
        InputError
            If a value is neither 0 to 2 nor missing.
        DeviceUnavailable
            If results or columns do not fit the GPU.
        """
        small = empty_arrays(self.shape[0], n_masks, 0)
        large = cuda_module().scan_array(
            genotypes=self._array, model=model, options=options, arrays=small, threads=threads
        )
        small = {name: array for name, array in small.items() if name not in large}
        return {
            **{name: self.library.from_dlpack(array) for name, array in large.items()},
            **{name: self.upload(array) for name, array in small.items()},
        }

    def upload(self, values: NDArray[Any]) -> Any:
        """An array of the library with a copy of a small one."""
        copied = cuda_module().upload(values=np.ascontiguousarray(values), gpu=self.number)
        return self.library.from_dlpack(copied)


def take_array(values: Any, what: str) -> Any:
    """Another library's array on a GPU, ready to be read.

    Raises
    ------
    DeviceUnavailable
        If this build or machine cannot use the GPU.
    InputError
        If it cannot be exchanged: it needs a gradient, for example.
    """
    resolve_gpus(Context(device="cuda"))
    try:
        return cuda_module().take_array(values=values, gpu=gpu_of(values), what=what)
    # Libraries refuse in their own ways.
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{what} cannot be taken over from {library_name(values)} ({error}); expected an array "
            "of floats or integers without a gradient. Convert it first."
        ) from error


def copy_to_host(values: Any, what: str) -> NDArray[Any]:
    """A NumPy copy of a small array on a GPU.

    Raises
    ------
    DeviceUnavailable, InputError
        As `take_array`.
    """
    copied: NDArray[Any] = cuda_module().copy_to_host(take_array(values, what))
    return copied


def _library_that_takes_results(values: Any) -> ModuleType:
    library = library_of(values)
    if library is None:
        raise InputError(
            f"genotypes on a GPU are of {library_name(values)}, which has no from_dlpack; expected "
            "a library that takes results back (CuPy, PyTorch, JAX). Convert them first."
        )
    return library


def _require_gpu(number: int, context: Context) -> None:
    if context.gpus and number not in context.gpus:
        raise OptionError(
            f"genotypes lie on GPU {number} and the context names {context.gpus}; expected it "
            "among them. Leave gpus out, or copy the genotypes."
        )
    n_gpus = len(resolve_gpus(Context(device="cuda")).gpus)
    if number >= n_gpus:
        raise DeviceUnavailable(
            f"genotypes lie on GPU {number} and {n_gpus} can be seen here; expected one of them. "
            "Copy the genotypes to a GPU that is there."
        )
