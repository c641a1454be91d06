"""Drivers that are not here: a small library with the two calls that are asked."""

import shutil
import subprocess

import pytest

from igwas.embeddings.nvidia_driver import missing_gpu


@pytest.fixture
def driver(tmp_path):
    """Compile a driver whose calls give these statuses, and this many GPUs."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")

    def build(init=0, count=0, n_gpus=0):
        source = tmp_path / "driver.c"
        source.write_text(
            f"int cuInit(unsigned flags) {{ return {init}; }}\n"
            f"int cuDeviceGetCount(int *n) {{ *n = {n_gpus}; return {count}; }}\n"
        )
        library = tmp_path / f"libcuda{init}-{count}-{n_gpus}.so.1"
        subprocess.run(["gcc", "-shared", "-fPIC", source, "-o", library], check=True)
        return str(library)

    return build


def test_a_gpu_is_there(driver):
    assert missing_gpu(driver(n_gpus=2)) == ""


def test_what_is_missing_is_said(driver):
    assert missing_gpu("libnone.so.1") == "there is no NVIDIA driver"
    assert missing_gpu(driver()) == "the NVIDIA driver finds no GPU"
    assert missing_gpu(driver(init=100)).endswith("no GPU it can use (its error 100)")
    assert missing_gpu(driver(count=3, n_gpus=1)).endswith("(its error 3)")
