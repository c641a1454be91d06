"""The typed face of the GPU backend; a test keeps it equal to the module."""

from collections.abc import Sequence
from typing import Any, TypedDict, final

from numpy.typing import NDArray

from igwas._core import ScanModel, ScanOptions

class GpuFacts(TypedDict):
    name: str
    compute_capability: tuple[int, int]
    memory_bytes: int

def cuda_status() -> tuple[bool, str]: ...
def list_gpus() -> list[GpuFacts]: ...
def open_device(gpus: Sequence[int]) -> object: ...

@final
class ForeignArray:
    @property
    def shape(self) -> tuple[int, ...]: ...

@final
class DeviceArray:
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

def take_array(*, values: Any, gpu: int, what: str) -> ForeignArray: ...
def copy_to_host(array: ForeignArray) -> NDArray[Any]: ...
def upload(*, values: NDArray[Any], gpu: int) -> DeviceArray: ...
def scan_array(
    *,
    genotypes: ForeignArray,
    model: ScanModel,
    options: ScanOptions,
    arrays: dict[str, NDArray[Any]],
    threads: int,
) -> dict[str, DeviceArray]: ...
