"""The GPU backend's module on a simulated GPU: built with the C++ tests, loaded by a fixture."""

import ctypes
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

import igwas
from igwas.association import device

BUILT = Path(__file__).resolve().parents[1] / "build" / "core" / "cuda_sim"
STREAMS = {"eager": 0, "lazy": 1, "random": 2}
THREADS = {"ascending": 0, "descending": 1, "shuffled": 2}
DRIVER = 13_000


class SimulatedGpu:
    """What the simulated runtime does and has seen."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self._library = ctypes.CDLL(str(module.__file__))
        self._library.cuda_sim_launches.restype = ctypes.c_uint
        self._library.cuda_sim_violations.restype = ctypes.c_uint
        self._library.cuda_sim_live_buffers.restype = ctypes.c_uint
        self._library.cuda_sim_allocations.restype = ctypes.c_uint
        self._library.cuda_sim_bytes_back.restype = ctypes.c_ulonglong
        self._library.cuda_sim_bytes_there.restype = ctypes.c_ulonglong

    @classmethod
    def install(cls, monkeypatch: pytest.MonkeyPatch) -> "SimulatedGpu":
        """Put it in place of the real module until the test ends; skip if it is not built."""
        found = sorted(BUILT.glob("_cuda.*.so"))
        if not found:
            pytest.skip("the simulated GPU is not built; build it with: make test-cpp")
        # By another name than the real one: pybind11 keeps one module for each name.
        spec = importlib.util.spec_from_file_location("tests._cuda", found[0])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setitem(sys.modules, "igwas._cuda", module)
        monkeypatch.setattr(igwas, "_cuda", module, raising=False)
        # It has passed no test yet.
        monkeypatch.setattr(device, "_passed", set())
        gpu = cls(module)
        gpu.reset()
        return gpu

    def reset(
        self,
        *,
        n_devices: int = 1,
        driver_version: int = DRIVER,
        streams: str = "lazy",
        threads: str = "ascending",
        seed: int = 1,
        failing_allocation: int = 0,
        corrupts_results: bool = False,
        memory_bytes: int = 8 << 30,
    ) -> None:
        """Start again with a machine like this."""
        self._library.cuda_sim_reset(
            n_devices, driver_version, STREAMS[streams], THREADS[threads], ctypes.c_uint(seed),
            ctypes.c_uint(failing_allocation), int(corrupts_results),
            ctypes.c_ulonglong(memory_bytes),
        )  # fmt: skip

    @property
    def library(self) -> ctypes.CDLL:
        """The runtime's own functions, for tests that play another user of the GPU."""
        return self._library

    @property
    def n_buffers(self) -> int:
        """Allocated and not freed, on devices and pinned."""
        return int(self._library.cuda_sim_live_buffers())

    @property
    def n_allocations(self) -> int:
        """Asked for since the last reset."""
        return int(self._library.cuda_sim_allocations())

    @property
    def n_bytes_back(self) -> int:
        """Copied to the host since the last reset."""
        return int(self._library.cuda_sim_bytes_back())

    @property
    def n_bytes_there(self) -> int:
        """Copied to devices since then."""
        return int(self._library.cuda_sim_bytes_there())

    @property
    def n_launches(self) -> int:
        """Kernels started since the last reset."""
        return int(self._library.cuda_sim_launches())

    @property
    def n_violations(self) -> int:
        """Rules of the CUDA runtime that were broken since then."""
        return int(self._library.cuda_sim_violations())
