import copy
import itertools
import json
from pathlib import Path

import pytest

from igwas.benchmark.report import read_result, render, write_report
from igwas.benchmark.report_products import dosage_section, kernel_section, subset_section
from igwas.benchmark.report_tables import (
    answer_rows,
    command_share,
    in_brackets,
    number,
    rate_rows,
    run_rows,
    seconds_for,
)
from igwas.benchmark.rounds import spread
from igwas.errors import InputError, SchemaError

# 600 samples x 200 variants, all parts, two curves, regenie absent.
RECORDED = Path(__file__).with_name("recorded_result.json")


@pytest.fixture
def record():
    return read_result(RECORDED)


def set_cost(record, engine, seconds, fixed):
    """Give an engine a marginal cost, as if its repeats had not overlapped."""
    for clock in ("wall_seconds", "cpu_seconds"):
        record["commands"]["rates"][engine][clock] = {
            "seconds_per_variant": seconds, "fixed_seconds": fixed,
            "variants_per_second_marginal": 1 / seconds, "variants_per_second_whole": 1.0,
        }  # fmt: skip


def test_the_page_has_a_section_a_part(record):
    headings = [line for line in render([record]).splitlines() if line.startswith("#")]
    assert headings == [
        "# Benchmarks",
        "## 600 samples x 200 variants x 4 phenotypes, 2 threads",
        "### Answers, checked before anything was timed",
        "### Whole commands, file to file",
        "### Product alone: hard calls",
        "### Product alone: dosages",
        "### Limits of the machine, measured in the same run",
        "### Start-up: a scan of one block of 16 variants",
        "### A part of the people of a file",
        "### Curve: missing, igwas",
        "### Curve: missing, igwas-drop",
        "### Curve: variants, igwas",
        "### Not measured",
    ]


def test_every_figure_names_machine_commit_and_command(record):
    page = render([record])
    for fact in ("processor", "commit", "core_simd"):
        assert record["machine"][fact] in page
    assert f"`{record['command']}`" in page
    assert record["created"] in page
    assert "no regenie on PATH" in page


@pytest.mark.parametrize("part", ["commands", "kernel", "dosages", "limits", "startup", "subset"])
def test_a_part_that_was_not_measured_has_no_section(part, record):
    whole = render([record]).count("\n### ")
    del record[part]
    assert render([record]).count("\n### ") == whole - 1


def test_tables_are_rectangular(record):
    lines = render([record]).splitlines()
    for above, below in itertools.pairwise(lines):
        if above.startswith("|") and below.startswith("|"):
            assert above.count("|") == below.count("|"), below


def test_one_row_a_comparison_with_its_largest_error(record):
    rows = answer_rows(record)
    assert len(rows) == len(record["answers"])
    assert rows[0][0] == "igwas-fast assoc"
    assert float(rows[0][5]) == pytest.approx(record["answers"][0]["largest_error"], rel=0.05)


def test_a_program_that_drops_is_compared_with_our_dropping(record):
    set_cost(record, "igwas", 0.001, 1.0)
    set_cost(record, "igwas-drop", 0.002, 1.0)
    set_cost(record, "numpy", 0.05, 1.0)
    set_cost(record, "plink2", 0.5, 1.0)
    advantage = {row[0]: row[4] for row in rate_rows(record)}
    assert advantage["NumPy script: decode, sgemm, t, p"] == "50x"
    assert advantage["plink2 --glm"] == "250x"
    assert advantage["igwas-fast assoc"] == "-"


def test_a_cost_that_is_not_known_is_a_dash_and_never_a_ratio(record):
    rates = record["commands"]["rates"]
    for clock in rates["numpy"].values():
        clock.update(seconds_per_variant=None, variants_per_second_marginal=None)
    row = next(row for row in rate_rows(record) if row[0].startswith("NumPy"))
    assert (row[1], row[4]) == ("-", "-")


def test_time_for_all_variants_is_measured_or_marked_as_extrapolated(record):
    own = [run for run in record["commands"]["runs"] if run["engine"] == "plink2"]
    wall = {"seconds_per_variant": 0.5, "fixed_seconds": 2.0}
    assert seconds_for(own, wall, 200) == (own[-1]["wall_seconds"]["median"], True)
    assert seconds_for(own, wall, 1000) == (502.0, False)
    assert seconds_for(own, {**wall, "seconds_per_variant": None}, 1000) == (None, False)
    record["options"]["shape"]["n_variants"] = 1000
    set_cost(record, "plink2", 0.5, 2.0)
    assert next(row for row in rate_rows(record) if row[0].startswith("plink2"))[3] == "~502"


def test_one_row_a_command(record):
    rows = run_rows(record["commands"]["runs"], record["tools"])
    assert len(rows) == len(record["commands"]["runs"])
    assert rows[0][-1].startswith("`python -m igwas assoc")


def test_the_share_of_the_product_that_the_command_reaches(record):
    set_cost(record, "igwas", 0.001, 1.0)
    record["kernel"]["spectra"][0]["rates"]["igwas"] = [1250.0, 1250.0, 9.0]
    assert command_share(record) == pytest.approx(0.8)
    assert "reaches 80 % of the product's rate" in kernel_section(record)
    del record["commands"]
    assert command_share(record) is None
    assert "reaches" not in kernel_section(record)


def test_ratios_of_products_are_of_rounds_and_not_of_medians(record):
    case = record["dosages"]["cases"][0]
    case["rates"] = {"igwas": [1.0, 20.0, 6.0], "decode_sgemm": [1.0, 5.0, 2.0],
                     "decode": [1.0] * 3, "sgemm": [2.0] * 3}  # fmt: skip
    row = next(line for line in dosage_section(record).splitlines() if case["case"] in line)
    assert "| 6 (1-20) | 2 (1-5) | 2 (2-2) | 3 (1-4) | 3 (0.5-10) |" in row


def test_the_subset_names_both_files_and_the_ratio(record):
    record["subset"]["ratios"] = {"wall_seconds": 0.62, "cpu_seconds": None}
    text = subset_section(record)
    assert "600 of 1,500" in text
    assert "all of 600" in text
    assert "0.62 times by the wall clock." in text
    record["subset"]["ratios"]["wall_seconds"] = None
    assert "not known, repeats overlap" in subset_section(record)


def test_numbers_have_three_digits():
    assert [number(x) for x in (0.0, 0.001234, 99.96, 100.4, 1234567, None)] == [
        "0", "0.00123", "100", "100", "1,230,000", "-",
    ]  # fmt: skip
    assert in_brackets(spread([2e6, 1e6, 4e6]), 1e6) == "2 (1-4)"


def test_several_results_are_sections_of_one_page(record, tmp_path):
    path = tmp_path / "page.md"
    path.write_text("old")
    write_report([record, copy.deepcopy(record)], path)
    assert path.read_text().count("\n## ") == 2
    assert [item.name for item in tmp_path.iterdir()] == ["page.md"]


@pytest.mark.parametrize("content", ["", "[]", '{"format": "igwas statistics"}'])
def test_what_is_no_result_is_refused(content, tmp_path):
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(InputError, match="expected"):
        read_result(path)


def test_a_newer_result_is_refused(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"format": "igwas benchmark", "schema_version": 2}))
    with pytest.raises(SchemaError, match="has schema version 2; expected at most 1"):
        read_result(path)
