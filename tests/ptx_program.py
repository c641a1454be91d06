"""The PTX that nvcc makes of the kernels, and its interpreter."""

import importlib.util
import shutil
import subprocess
import sys

import pytest
from tests.conftest import REPOSITORY

_SCRIPT = REPOSITORY / "cpp" / "tests" / "cuda_sim" / "ptx.py"
_SOURCE = REPOSITORY / "cpp" / "cuda" / "launch.cu"
# As the build: no multiplication is fused with an addition.
_NVCC = ["nvcc", "-std=c++20", "--fmad=false", f"-I{REPOSITORY / 'cpp' / 'include'}"]

needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc")


def load_interpreter():
    """The module `ptx`, which lies with the C++ tests."""
    spec = importlib.util.spec_from_file_location("ptx", _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["ptx"] = module
    spec.loader.exec_module(module)
    return module


def compile_program(folder, capability):
    """The PTX of all kernels for a compute capability, such as 75."""
    out = folder / "launch.ptx"
    command = [*_NVCC, f"-arch=compute_{capability}", "-ptx", _SOURCE, "-o", out]
    subprocess.run(command, check=True)
    return out.read_text()
