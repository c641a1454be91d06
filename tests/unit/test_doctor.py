import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from igwas import doctor
from igwas.doctor import Diagnosis, diagnose
from igwas.self_test import Check


def test_this_installation_is_healthy():
    diagnosis = diagnose()
    assert diagnosis.is_healthy, diagnosis.describe()
    assert json.dumps(diagnosis.as_dict())
    assert diagnosis.facts["versions"]["python"].startswith("3.")


def test_one_failed_check_makes_it_unhealthy_and_is_named():
    diagnosis = Diagnosis({}, [Check("good", True, ""), Check("bad", False, "ValueError: no")])
    assert not diagnosis.is_healthy
    assert any("FAILED" in line and "bad: ValueError: no" in line for line in diagnosis.describe())


@pytest.mark.parametrize(
    ("text", "model", "flags"),
    [
        ("model name\t: Some CPU\nflags\t\t: fpu avx2 fma\n", "Some CPU", {"fpu", "avx2", "fma"}),
        ("Features\t: fp asimd\n", "", {"fp", "asimd"}),
    ],
)
def test_processor_flags_are_read_on_x86_and_arm(tmp_path, text, model, flags):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert doctor._cpu(path) == (model, flags)


def test_a_system_without_cpuinfo_is_no_error():
    assert doctor._cpu(Path("/no/such/file")) == ("", set())


def test_optional_packages_are_those_of_the_extras():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = {
        (re.match(r"[\w-]+", text)[0], extra)
        for extra, listed in project["optional-dependencies"].items()
        if extra != "dev"
        for text in listed
    }
    named = {
        (distribution, extra)
        for distributions, words in doctor._OPTIONAL.values()
        for distribution in distributions
        for extra in words.split(" or ")
    }
    assert extras <= named
    assert {extra for _, extra in named} == {extra for _, extra in extras}


@pytest.mark.parametrize(
    ("installed", "name", "words"),
    [
        ({}, "torch", "not installed (extra: encoder)"),
        ({}, "jinja2", "not installed (extra: report)"),
        ({}, "cupy", "not installed (extra: gpu)"),
        ({"jinja2": "3.1.6"}, "jinja2", "3.1.6"),
        ({"cupy-cuda13x": "14.0"}, "cupy", "14.0 (cupy-cuda13x)"),
        ({"onnxruntime-gpu": "1.31"}, "onnxruntime", "1.31 (onnxruntime-gpu)"),
        # Both are one module: which of them is used is anybody's guess, so both are shown.
        (
            {"onnxruntime": "1.32", "onnxruntime-gpu": "1.31"},
            "onnxruntime", "1.31 (onnxruntime-gpu), 1.32",
        ),
    ],
)  # fmt: skip
def test_optional_packages_have_their_version_or_the_extra_that_brings_them(
    monkeypatch, installed, name, words
):
    def version(distribution):
        if distribution not in installed:
            raise importlib.metadata.PackageNotFoundError(distribution)
        return installed[distribution]

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert doctor._optional_versions()[name].split(";")[0] == words
    assert bool(doctor.diagnose().warnings) == (len(installed) > 1)


def test_two_packages_of_one_module_are_a_warning_that_says_how_to_mend_it(monkeypatch):
    both = ["onnxruntime", "onnxruntime-gpu"]
    monkeypatch.setattr(doctor, "installed_runtimes", lambda: both)
    diagnosis = diagnose()
    assert diagnosis.is_healthy
    (words,) = diagnosis.as_dict()["warnings"]
    assert f"warning: {words}" in diagnosis.describe()
    assert "onnxruntime and onnxruntime-gpu are both installed" in words
    assert 'pip uninstall onnxruntime onnxruntime-gpu, then pip install ".[encoder]"' in words


def test_providers_are_those_of_the_onnxruntime_that_is_imported(monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    listed = ", ".join(onnxruntime.get_available_providers())
    assert doctor._optional_versions()["onnxruntime"].endswith(f"; providers {listed}")
    # What two packages that overwrote each other leave behind.
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: 1 / 0)
    assert "it does not load (division by zero)" in doctor._optional_versions()["onnxruntime"]


VERSION = "__version__ = '2.13.0+{}'\ncuda: Optional[str] = {}\ngit_version = 'cf3'\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (VERSION.format("cpu", "None"), "build 2.13.0+cpu is for CPUs only: it sees no CUDA"),
        (
            VERSION.format("cu130", "'13.0'"),
            "build 2.13.0+cu130 for CUDA 13.0: it sees no GPU (there is no NVIDIA driver)",
        ),
        (None, "build unknown"),
    ],
)
def test_torch_says_which_build_it_is(tmp_path, monkeypatch, text, words):
    if text is not None:
        (tmp_path / "version.py").write_text(text)
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(doctor, "missing_gpu", lambda: "there is no NVIDIA driver")
    assert doctor._torch_devices() == words


@pytest.mark.parametrize("n_gpus", [0, 1, 2])
def test_a_torch_for_cuda_is_asked_what_it_sees(tmp_path, monkeypatch, n_gpus):
    (tmp_path / "version.py").write_text(VERSION.format("cu130", "'13.0'"))
    (tmp_path / "__init__.py").write_text("")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    cuda = SimpleNamespace(is_available=lambda: n_gpus > 0, device_count=lambda: n_gpus)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(doctor, "missing_gpu", lambda: "")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    words = doctor._torch_devices()
    assert words.endswith(f"it sees {n_gpus} GPU{'' if n_gpus == 1 else 's'}")


@pytest.mark.parametrize(
    ("spec", "words"),
    [(object(), "built"), (None, "not built (nvcc was not found, or IGWAS_CUDA is OFF)")],
)
def test_the_build_of_the_cuda_backend_is_told(monkeypatch, spec, words):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert doctor._cuda_build() == words


def test_versions_are_told_without_importing_what_is_large():
    code = (
        "import sys; from igwas.doctor import diagnose; diagnose();"
        "print({'torch', 'matplotlib', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
