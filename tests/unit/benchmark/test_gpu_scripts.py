"""What `make test-gpu` and `make bench-gpu` run, on the simulated GPU: the scripts work."""

import json
import re
import sys

import pytest
from tests.gpu_array_library import GpuLibrary

from igwas.association import device
from igwas.benchmark import gpu_checks, gpu_rates


@pytest.fixture
def gpu(simulated_gpu, monkeypatch):
    monkeypatch.setattr(device, "LONG_TEST", device.SHORT_TEST)
    simulated_gpu.reset(streams="random")
    return simulated_gpu


def test_every_check_passes_and_is_written(gpu, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(gpu_checks, "array_libraries", lambda: iter([]))
    output = tmp_path / "out" / "tests.json"
    arguments = ["-o", output, "--work", tmp_path / "work", "--quick", "--program", "/bin/true"]
    assert gpu_checks.main([str(word) for word in arguments]) == 0
    result = json.loads(output.read_text())
    assert result["passed"]
    assert result["gpus"][0]["compute_capability"] == [9, 0]
    assert {"processor", "commit"} <= result["machine"].keys()
    names = [one["name"] for one in result["checks"]]
    assert names[:2] == ["C++ cases", "sums and tests on GPU 0"]
    assert len([name for name in names if name.startswith("scan")]) == 6
    assert all(one["outcome"] == "passed" for one in result["checks"])
    printed = capsys.readouterr().out
    assert "scan of hard calls, drop, full" in printed
    # What is not here fails no run, and is said on the screen and in the file.
    absent = "arrays of cupy: it is not installed"
    assert absent in result["left_out"]
    assert re.search(f"^left out +{absent}$", printed, re.MULTILINE)
    assert gpu.n_violations == 0


def test_a_check_that_fails_and_one_too_late_fail_the_run(gpu, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_checks, "_checks", lambda *_: iter([
        ("good", lambda: "fine"), ("bad", lambda: 1 / 0), ("late", lambda: "never"),
    ]))  # fmt: skip
    ticks = iter([0.0, 1.0, 2.0, 3.0, 4.0, 100.0])
    outcomes = gpu_checks.run_checks(
        tmp_path, gpu_checks.QUICK, minutes=1.0, clock=lambda: next(ticks)
    )
    assert [one.outcome for one in outcomes] == ["passed", "failed", "left out"]
    assert outcomes[1].detail.startswith("ZeroDivisionError")
    arguments = ["-o", str(tmp_path / "t.json"), "--work", str(tmp_path)]
    assert gpu_checks.main(arguments) == 1
    assert not json.loads((tmp_path / "t.json").read_text())["passed"]


def test_a_program_that_fails_says_so(tmp_path):
    program = tmp_path / "test_gpu"
    program.write_text("#!/bin/sh\necho device_cases.hpp:9: wrong\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(AssertionError, match=r"ended with status 1: device_cases\.hpp:9: wrong"):
        gpu_checks._run_program(program)


@pytest.mark.parametrize("script", [gpu_checks, gpu_rates])
def test_without_a_gpu_the_scripts_say_why(simulated_gpu, script, tmp_path, capsys):
    simulated_gpu.reset(n_devices=0)
    output = tmp_path / "x.json"
    assert script.main(["-o", str(output)]) == 77
    assert capsys.readouterr().out == "not run on a GPU: there is no GPU\n"
    assert not output.exists()


def test_every_rate_is_measured_and_written(gpu, tmp_path, capsys, monkeypatch):
    libraries = [("cupy", GpuLibrary(gpu).put)]
    monkeypatch.setattr(gpu_rates, "array_libraries", lambda: iter(libraries))
    monkeypatch.setattr(gpu_rates, "libraries_left_out", lambda: ["arrays of torch: no"])
    output = tmp_path / "benchmark.json"
    arguments = ["-o", output, "--work", tmp_path / "work", "--quick", "--rounds", "1"]
    assert gpu_rates.main([str(word) for word in arguments]) == 0
    result = json.loads(output.read_text())
    assert result["left_out"] == ["arrays of torch: no"]
    named = {one["what"]: one for one in result["measurements"]}
    assert list(named) == [
        "products, standard", "products, full", "scan, missing calls: mean, standard",
        "scan, missing calls: drop, standard", "arrays of cupy, whole copies in int8",
        "arrays of cupy, fractions in float32", "arrays of cupy, fractions in float32, 2 % missing",
    ]  # fmt: skip
    for one in named.values():
        assert min(one["variants_per_second"].values()) > 0
    assert named["products, standard"]["share_of_data_sheet"] is None  # a CPU that plays a GPU
    printed = capsys.readouterr().out
    assert "variants/s on the GPU" in printed
    assert "left out: arrays of torch: no\n" in printed
    assert not list((tmp_path / "work").glob("cohort-*/tmp*"))
    assert gpu.n_violations == 0


@pytest.mark.usefixtures("gpu")
def test_what_comes_too_late_is_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_rates, "libraries_left_out", list)
    monkeypatch.setattr(gpu_rates, "array_libraries", lambda: iter([]))
    result = gpu_rates.measure(tmp_path, gpu_rates.QUICK, rounds=1, minutes=-1.0)
    assert result["measurements"] == []
    assert len(result["left_out"]) == 4


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("NVIDIA H100 80GB HBM3", 1979.0),
        ("NVIDIA H100 PCIe", 1513.0),
        ("NVIDIA H100 NVL", 1671.0),
        ("NVIDIA L40S", 733.0),
        ("NVIDIA L40", 362.0),
        ("NVIDIA L4", 242.0),
        ("Tesla T4", 130.0),
        ("NVIDIA T400", None),
        ("NVIDIA T400 4GB", None),
        ("NVIDIA H200 NVL", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA GeForce RTX 3060 Ti", None),
        ("", None),
    ],
)
def test_a_data_sheet_is_that_of_the_very_card(name, rate):
    assert gpu_rates.data_sheet(name) == rate
