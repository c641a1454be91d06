"""What nvcc makes of the kernels on every architecture of the build: the page of docs says it."""

import importlib.util
import shutil
import sys

import pytest
from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / ".ci" / "gpu_resources.py"
PAGE = REPOSITORY / "docs" / "cuda-resources.md"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("gpu_resources", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_resources"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc")
def test_no_register_is_spilt_and_no_warning_is_given_and_the_page_says_so(script):
    text, is_good = script.page()
    assert is_good, text
    if f"nvcc {script.version()};" in PAGE.read_text():
        assert text == PAGE.read_text(), "write it again with: make gpu-resources"


def test_a_spill_is_seen(script):
    said = "".join(
        f"Compiling entry function '_Z{pattern.replace('.*', 'I')}v' for 'sm_90'\n"
        f"    8 bytes stack frame, {spilt} bytes spill stores, 0 bytes spill loads\n"
        "ptxas info    : Used 30 registers, used 1 barriers, 40 bytes smem\n"
        for spilt, pattern in enumerate(script.KERNELS)
    )
    found = script.resources(said)
    assert found["list_rows"] == (30, 40, 8)
    assert found["test_rows"] == (30, 40, 8 + list(script.KERNELS).index("test_rows"))


def test_a_kernel_that_is_not_on_the_list_is_an_error(script):
    with pytest.raises(SystemExit, match="kernels found"):
        script.resources("")
