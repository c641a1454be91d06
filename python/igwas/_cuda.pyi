"""The typed face of the GPU backend; a test keeps it equal to the module."""

from collections.abc import Sequence
from typing import TypedDict

class GpuFacts(TypedDict):
    name: str
    compute_capability: tuple[int, int]
    memory_bytes: int

def cuda_status() -> tuple[bool, str]: ...
def list_gpus() -> list[GpuFacts]: ...
def open_device(gpus: Sequence[int]) -> object: ...
