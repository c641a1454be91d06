"""Arrays of other libraries (CuPy, PyTorch, JAX and whatever speaks DLPack) in and out, not copied.

https://dmlc.github.io/dlpack/latest/python_spec.html
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from igwas.errors import DeviceUnavailable, InputError

# DLPack's numbers of devices whose memory the CPU reads: its own, and what is pinned for a GPU.
_READABLE = {1, 3}
_CUDA = 2
_NAMES = {
    _CUDA: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 13: "CUDA managed memory",
}  # fmt: skip


def is_foreign(values: Any) -> bool:
    """Whether an array is another library's and can be exchanged."""
    return not isinstance(values, np.ndarray) and hasattr(values, "__dlpack__")


def gpu_of(values: Any) -> int | None:
    """The number of the GPU in whose memory an array of another library lies, if on one."""
    if not is_foreign(values):
        return None
    device, number = _device_of(values)
    return number if device == _CUDA else None


def _device_of(values: Any) -> tuple[int, int]:
    """DLPack's number of the kind of device, and which of them."""
    try:
        device, number = (int(part) for part in values.__dlpack_device__())
    # PyTorch says ValueError of a tensor without memory (device "meta"); others their own.
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"an array of {library_name(values)} is where it cannot be handed over ({error}); "
            "expected one in memory or on an NVIDIA GPU. Give an array in memory (x.cpu())."
        ) from error
    return device, number


def as_numpy(values: Any, what: str) -> Any:
    """An array of another library as NumPy sees its memory; everything else unchanged.

    Parameters
    ----------
    values : array_like
    what : str
        What it holds, for messages.

    Raises
    ------
    DeviceUnavailable
        If it lies in the memory of a device.
    InputError
        If it cannot be exchanged: it needs a gradient, or has a type NumPy does not know.
    """
    if not is_foreign(values):
        return values
    device, number = _device_of(values)
    if device not in _READABLE:
        raise DeviceUnavailable(
            f"{what} lie on device {_NAMES.get(device, device)} {number}; expected an array that "
            "the CPU can read. Give an array in memory (cupy.asnumpy(x), x.cpu())."
        )
    try:
        return np.from_dlpack(values)
    # Libraries refuse in their own ways: PyTorch with RuntimeError, NumPy with BufferError.
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{what} cannot be taken over from {library_name(values)} ({error}); expected an array "
            "of floats or integers without a gradient. Convert it first."
        ) from error


def library_name(values: Any) -> str:
    """The package that an array is from."""
    return type(values).__module__.split(".")[0]


def library_of(values: Any) -> ModuleType | None:
    """The library to give results back in; None is NumPy.

    An array that names no library with `from_dlpack` gets NumPy arrays too.
    """
    if not is_foreign(values):
        return None
    named = getattr(values, "__array_namespace__", None)
    library = named() if named is not None else sys.modules.get(library_name(values))
    return library if hasattr(library, "from_dlpack") else None


def to_library(array: Any, library: ModuleType | None) -> Any:
    """An array of `library` that shares the memory of a NumPy array."""
    return array if library is None else library.from_dlpack(array)
