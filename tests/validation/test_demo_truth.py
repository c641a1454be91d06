"""The measurement of what the demo finds: its tables, and, slow, the whole of it when small."""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from igwas.demo.truth import Comparison
from igwas.simulate.eye_parameters import parameter_names

SCRIPT = Path(__file__).resolve().parents[2] / "validation" / "demo_truth.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("demo_truth", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_truth"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["demo_truth"]


def scan(script, seed: int, phenotypes: str, n_found: int, n_false: int = 0):
    """A scan of nine sure loci and a faint one, of which the first `n_found` are found."""
    names = parameter_names()
    n = len(names)
    planted = pd.DataFrame(
        {
            "variant_id": [f"{k}:5:A:C" for k in range(n + 1)],
            "phenotype": [*names, names[0]],
            "variance_explained": [0.16] * n + [0.003],
            "power": [1.0] * n + [0.01],
            "omnibus": [k < n_found for k in range(n + 1)],
            "minimum p": [False] * (n + 1),
            "both eyes": [False] * (n + 1),
            "log10p": [20.0 if k < n_found else float("nan") for k in range(n + 1)],
        }
    )
    false = pd.DataFrame({"test": ["omnibus"], "lead_variant": ["9:1:A:C"], "log10p": [8.0]})
    comparison = Comparison(planted, false.iloc[:n_false], {})
    control = {"n_loci": 0, "lambda_median": 1.0 + seed / 100}
    return script.Scan(seed, phenotypes, comparison, control, 8000, 1150)


def test_the_tables_count_what_was_found_missed_and_false(script):
    scans = [
        scan(script, 1, script.TRAINED, 9),
        scan(script, 1, script.UNTRAINED, 4, n_false=1),
        scan(script, 2, script.TRAINED, 8),
        scan(script, 2, script.UNTRAINED, 5),
    ]
    rows = script.summary_table(scans)
    assert "| 1 | trained encoder | 9 of 9 | 9 of 9 | 0 of 9 | 0 of 9 | 0 of 1 | 0 | 0 |" in rows[2]
    trained, untrained = rows[-2:]
    assert trained.startswith("| all 2 | trained encoder | 17 of 18 |")
    assert trained.endswith("| 0 | 0 | 1.010 to 1.020 |")
    assert untrained.startswith("| all 2 | untrained encoder | 9 of 18 |")
    assert "| 1 | 0 |" in untrained
    lines = script.misses(scans)
    assert lines == [
        "- false, seed 1, untrained encoder: 9:1:A:C by omnibus, -log10 p 8.0",
        f"- missed, seed 2: 8:5:A:C, which explains 16.0 % of {parameter_names()[8]}",
    ]


def test_each_parameter_has_its_row(script):
    kinds = (script.TRAINED, script.UNTRAINED, script.PARAMETERS)
    scans = [scan(script, 1, kind, 9 - k) for k, kind in enumerate(kinds)]
    rows = script.parameter_table(scans)
    assert len(rows) == 2 + len(parameter_names())
    last = rows[-1].split(" | ")
    assert last[1:] == ["1 of 1, -log10 p 20", "0 of 1", "0 of 1 |"]


def test_expected_false_loci_are_bounded_by_the_number_of_tests(script):
    assert scan(script, 1, script.TRAINED, 9).expected_false == pytest.approx(4e-4)


@pytest.mark.slow
def test_a_small_measurement_writes_its_page_and_goes_on(tmp_path):
    page = tmp_path / "page.md"
    words = [
        *(sys.executable, str(SCRIPT), "--work", str(tmp_path / "work"), "-o", str(page)),
        *("--people", "80", "--variants", "1000", "--steps", "4", "--seeds", "3"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 3 | true parameters |" in page.read_text()
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "$ igwas-fast" not in again.stdout


def test_the_page_has_its_tables_and_says_where_it_is_from(script):
    scans = [scan(script, 1, kind, 9) for kind in (script.TRAINED, script.UNTRAINED)]
    scans.append(scan(script, 1, script.PARAMETERS, 9))
    arguments = argparse.Namespace(people=1000, variants=20_000, steps=200)
    page = script.write_page(scans, arguments, 600.0)
    assert "| 1 | true parameters | 9 of 9 |" in page
    assert "10 minutes of processor time" in page
    assert "{" not in page
