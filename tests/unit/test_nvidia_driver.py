"""Drivers that are not here: a small library with the two calls that are asked."""

import shutil
import subprocess

import pytest
from tests.conftest import REPOSITORY

from igwas.nvidia_driver import NO_GPU, main, missing_gpu


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


def test_the_exit_status_says_whether_there_is_a_gpu(monkeypatch, capsys):
    for missing, status, words in (
        ("", 0, ""),
        ("there is no NVIDIA driver", NO_GPU, "not run on a GPU: there is no NVIDIA driver\n"),
    ):
        monkeypatch.setattr("igwas.nvidia_driver.missing_gpu", lambda missing=missing: missing)
        assert main() == status
        assert capsys.readouterr().out == words


@pytest.mark.skipif(missing_gpu() == "", reason="there is a GPU")
@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("chore", ["test-gpu", "bench-gpu"])
def test_the_chores_of_a_gpu_say_so_before_they_build_anything(chore, tmp_path):
    done = subprocess.run(
        ["make", "-f", REPOSITORY / "Makefile", "-C", REPOSITORY, chore, f"VENV={tmp_path}/venv",
         f"BUILD={tmp_path}/build"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    assert lines == [f"not run on a GPU: {missing_gpu()}"]
    assert "gpu-here] Error 77" in done.stderr
    assert list(tmp_path.iterdir()) == []
