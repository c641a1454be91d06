"""Where CMake looks for nvcc, and that it looks again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY
from tests.ptx_program import needs_nvcc

# Beside this Python, as make env installs it.
CMAKE = Path(sys.executable).with_name("cmake")

pytestmark = needs_nvcc


def path_without_nvcc():
    """The folders of PATH that have none; skip if the compiler is only beside it."""
    folders = [f for f in os.environ["PATH"].split(os.pathsep) if not (Path(f) / "nvcc").exists()]
    path = os.pathsep.join(folders)
    if not all(shutil.which(name, path=path) for name in ("g++", "make")):
        pytest.skip("nvcc lies in the folder of another tool")
    return path


def configure(folder, path, *options):
    """What CMake says."""
    command = [CMAKE, "-S", REPOSITORY, "-B", folder, "-DIGWAS_BUILD_BINDINGS=OFF", *options]
    environment = {"PATH": path, "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_nvcc_is_found_once_it_is_there(tmp_path):
    path = path_without_nvcc()
    nowhere = "-DIGWAS_CUDA_FOLDER=/nowhere"
    # CMake also looks into folders of its own.
    hidden = "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF"
    assert "the GPU backend is left out" in configure(tmp_path, path, nowhere, hidden)
    assert "GPU backend: nvcc" in configure(tmp_path, os.environ["PATH"], nowhere)


def test_nvcc_is_looked_for_where_installers_put_it(tmp_path):
    toolkit = tmp_path / "toolkit" / "bin"
    toolkit.mkdir(parents=True)
    real = Path(shutil.which("nvcc")).resolve()
    (toolkit / "nvcc").write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    (toolkit / "nvcc").chmod(0o755)
    said = configure(
        tmp_path / "build", path_without_nvcc(), f"-DIGWAS_CUDA_FOLDER={toolkit.parent}",
        "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
    )  # fmt: skip
    assert "GPU backend: nvcc" in said
