import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
    assert doctor._optional_versions()[name] == words


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
        "print({'torch', 'onnxruntime', 'matplotlib', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
