"""`make env` builds again when it must, and only then; its Python only notes what it is asked."""

import os
import shutil
import subprocess
import time

import pytest
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def checkout(tmp_path):
    """A folder with the real Makefile; `built` lists the options of every build."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt", "CMakeLists.txt", "setup.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "cpp").mkdir()
    (tmp_path / "cpp" / "a.cpp").write_text("")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase "$*" in *editable*) echo "[$CMAKE_ARGS]" >> built;; esac\n')
    python.chmod(0o755)
    return tmp_path


def make_env(checkout, *words):
    done = subprocess.run(
        ["make", "env", *words], cwd=checkout, capture_output=True, text=True, check=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
    )  # fmt: skip
    return (checkout / "built").read_text().split(), done.stdout


def test_options_of_the_build_build_again_and_stay(checkout):
    assert make_env(checkout)[0] == ["[]"]
    assert make_env(checkout)[0] == ["[]"]
    off = "CMAKE_ARGS=-DIGWAS_CUDA=OFF"
    assert make_env(checkout, off)[0] == ["[]", "[-DIGWAS_CUDA=OFF]"]
    # The same ones, and none, change nothing.
    assert len(make_env(checkout, off)[0]) == 2
    assert len(make_env(checkout)[0]) == 2
    assert make_env(checkout, "CMAKE_ARGS=-DIGWAS_CUDA=ON")[0][2:] == ["[-DIGWAS_CUDA=ON]"]


def test_a_source_that_changed_builds_again(checkout):
    make_env(checkout)
    changed = checkout / "cpp" / "b.cpp"
    changed.write_text("")
    # The clock of a file system may stand for some milliseconds.
    os.utime(changed, (time.time() + 1, time.time() + 1))
    assert len(make_env(checkout)[0]) == 2


def test_a_build_without_the_gpu_backend_says_so(checkout):
    assert "The GPU backend is left out: no nvcc" in make_env(checkout)[1]
    module = checkout / "python" / "igwas" / "_cuda.cpython-311.so"
    module.parent.mkdir(parents=True)
    module.write_text("")
    assert "left out" not in make_env(checkout, "CMAKE_ARGS=-DX=1")[1]
