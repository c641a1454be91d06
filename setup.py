"""Builds the C++ extension modules with CMake; everything else is in pyproject.toml."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pybind11
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent


class CMakeBuild(build_ext):
    """Configure, build and install: CMake's install rules say which modules exist."""

    def build_extension(self, ext: Extension) -> None:
        package = Path(self.get_ext_fullpath(ext.name)).resolve().parent
        build = Path(os.environ.get("IGWAS_BUILD_DIR", Path(self.build_temp) / ext.name)).resolve()
        configure = [
            "cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(build),
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DPython_EXECUTABLE={sys.executable}",
            # An isolated build brings its own Ninja, which is gone by the next one.
            f"-DCMAKE_MAKE_PROGRAM={shutil.which('ninja')}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            *os.environ.get("CMAKE_ARGS", "").split(),
        ]  # fmt: skip
        subprocess.run(configure, check=True)
        subprocess.run(["cmake", "--build", str(build)], check=True)
        install = ["cmake", "--install", str(build), "--prefix", str(package.parent)]
        subprocess.run(install, check=True)

    def copy_extensions_to_source(self) -> None:
        """For an editable install: also the GPU backend, which is declared nowhere."""
        super().copy_extensions_to_source()
        source = ROOT / "python" / "igwas"
        # One that an earlier build left would not fit this one's core.
        for left in source.glob("_cuda.*.so"):
            left.unlink()
        for built in (Path(self.build_lib) / "igwas").glob("_cuda.*.so"):
            shutil.copy2(built, source)


setup(ext_modules=[Extension("igwas._core", sources=[])], cmdclass={"build_ext": CMakeBuild})
