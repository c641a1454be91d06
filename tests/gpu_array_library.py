"""An array library whose arrays lie on the simulated GPU, and that speaks DLPack as CuPy does."""

import ctypes
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.simulated_gpu import SimulatedGpu

CUDA = 2
_NAME, _USED = b"dltensor", b"used_dltensor"
_CODES = {"i": 0, "u": 1, "f": 2}
_LETTERS = {code: letter for letter, code in _CODES.items()}
_KEPT: dict[int, Any] = {}

_api = ctypes.pythonapi
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
_api.PyCapsule_SetName.argtypes = (ctypes.py_object, ctypes.c_char_p)


class _Managed(ctypes.Structure):
    """DLManagedTensor."""


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [
    ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
    ("n_axes", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
    ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
    ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64),
    ("owner", ctypes.c_void_p), ("release", _RELEASE),
]  # fmt: skip


class GpuLibrary(ModuleType):
    """The library: its work is queued on a stream of its own, one for each device."""

    def __init__(self, gpu: SimulatedGpu) -> None:
        super().__init__("gpu_arrays")
        self.gpu = gpu
        self.runtime = gpu.library
        self.runtime.cuda_sim_library_stream.restype = ctypes.c_void_p
        self.runtime.cuda_sim_library_array.restype = ctypes.c_void_p
        self._streams: dict[int, int] = {}
        # Of arrays that were handed over: on which stream, and how many came back.
        self.streams_asked: list[Any] = []
        self.n_released = 0

    def stream(self, device: int) -> ctypes.c_void_p:
        """The library's own stream."""
        if device not in self._streams:
            self._streams[device] = self.runtime.cuda_sim_library_stream(device)
        return ctypes.c_void_p(self._streams[device])

    def put(self, values: NDArray[Any], device: int = 0) -> "GpuArray":
        """A copy there, with the strides of the original; it is still to be written."""
        low, high = np.lib.array_utils.byte_bounds(values)
        memory = self.runtime.cuda_sim_library_array(
            device, ctypes.c_void_p(low), ctypes.c_size_t(high - low), self.stream(device)
        )
        if not memory:
            raise MemoryError("the simulated GPU is full")
        start = values.__array_interface__["data"][0] - low
        return GpuArray(
            self, memory, start, device, values.dtype, values.shape,
            tuple(stride // values.itemsize for stride in values.strides),
        )  # fmt: skip

    def from_dlpack(self, exchanged: Any) -> "GpuArray":
        """An array of this library that shares the memory of another's."""
        kind, device = exchanged.__dlpack_device__()
        if kind != CUDA:
            raise ValueError("not on a GPU")
        capsule = exchanged.__dlpack__(
            stream=self.stream(device).value, max_version=(1, 0), dl_device=None, copy=None
        )
        pointer = _api.PyCapsule_GetPointer(capsule, _NAME)
        _api.PyCapsule_SetName(capsule, _USED)
        managed = ctypes.cast(pointer, ctypes.POINTER(_Managed))
        of = managed.contents
        shape = tuple(of.shape[i] for i in range(of.n_axes))
        strides = tuple(of.strides[i] for i in range(of.n_axes))
        dtype = np.dtype(f"{_LETTERS[of.code]}{of.bits // 8}")
        return GpuArray(self, of.data, of.byte_offset, device, dtype, shape, strides, managed)


class GpuArray:
    """An array of the library."""

    def __init__(
        self, library: GpuLibrary, memory: int, start: int, device: int, dtype: np.dtype[Any],
        shape: tuple[int, ...], strides: tuple[int, ...], taken: Any = None,
    ) -> None:  # fmt: skip
        self.library, self.memory, self.start, self.device = library, memory, start, device
        self.dtype, self.shape, self.strides, self._taken = dtype, shape, strides, taken

    def __array_namespace__(self) -> GpuLibrary:
        return self.library

    def __dlpack_device__(self) -> tuple[int, int]:
        return CUDA, self.device

    def __dlpack__(self, *, stream: int | None = None, **_: Any) -> Any:
        # Of DLPack's CUDA streams, none and 1 are the legacy default one; 0 is not allowed.
        assert stream != 0
        self.library.streams_asked.append(stream)
        self.library.runtime.cuda_sim_library_hand_over(
            self.library.stream(self.device), ctypes.c_size_t(stream or 1)
        )
        n = len(self.shape)
        axes = (ctypes.c_int64 * n)(*self.shape), (ctypes.c_int64 * n)(*self.strides)

        def release(managed: Any) -> None:
            self.library.n_released += 1
            # The structure dies with the function that is running: later.
            _KEPT[ctypes.addressof(managed.contents)] = None

        managed = _Managed(
            self.memory, CUDA, self.device, n, _CODES[self.dtype.kind], 8 * self.dtype.itemsize, 1,
            axes[0], axes[1], self.start, None, _RELEASE(release),
        )  # fmt: skip
        address = ctypes.addressof(managed)
        _KEPT[address] = (managed, axes, self)
        return _api.PyCapsule_New(address, _NAME, None)

    def numpy(self) -> NDArray[Any]:
        """A copy in the host's memory, once the library's work is done."""
        runtime = self.library.runtime
        runtime.cuda_sim_library_wait(self.library.stream(self.device))
        values = np.zeros(self.shape, self.dtype)
        if values.size:
            itemsize = self.dtype.itemsize
            assert self.strides == tuple(stride // itemsize for stride in values.strides)
            assert runtime.cuda_sim_library_read(
                values.ctypes.data_as(ctypes.c_void_p), ctypes.c_void_p(self.memory + self.start),
                ctypes.c_size_t(values.nbytes), self.device,
            ), "the array lies elsewhere"  # fmt: skip
        return values

    def __del__(self) -> None:
        if self._taken is not None:
            self._taken.contents.release(self._taken)
        elif self.memory:
            self.library.runtime.cuda_sim_library_wait(self.library.stream(self.device))
            self.library.runtime.cuda_sim_library_free(ctypes.c_void_p(self.memory))
