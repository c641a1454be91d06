from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests import command
from tests.reference.statistics_fixture import write_statistics

from igwas.association import project as module
from igwas.association.project import ProjectionSummary
from igwas.association.statistics_file import open_statistics
from igwas.cli.project import project


@pytest.fixture
def calls(monkeypatch):
    made = []

    def record(statistics, output, choose, **options):
        made.append((statistics, output, choose, options))
        return ProjectionSummary(output, 10, ("a", "b"), 3, ["a note"])

    monkeypatch.setattr(module, "project", record)
    return made


@pytest.fixture
def statistics_path(tmp_path):
    return write_statistics(tmp_path / "statistics.h5").path


run = partial(command.status, "project")


def test_options_are_passed_on(calls, statistics_path, tmp_path):
    table = tmp_path / "w.tsv"
    table.write_text("phenotype\tw\ndimension_000\t1\n")
    arguments = [
        str(statistics_path), "-o", "out.h5", "--weights", str(table), "--hit-log10p", "6.5",
        "--overwrite",
    ]  # fmt: skip
    result = CliRunner().invoke(project, arguments)
    assert result.exit_code == 0, result.output
    (found, output, choose, options) = calls[0]
    assert (found, output) == (statistics_path, Path("out.h5"))
    assert options == {
        "hit_log10p": 6.5, "inputs": {"weights": table}, "overwrite": True, "progress": None,
    }  # fmt: skip
    with open_statistics(statistics_path) as file:
        assert choose(file).names == ("w",)
    assert "a note" in result.output
    assert "10 variants x 2 combinations (a, b), 3 hits" in result.output


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--principal-components", 2, "--mask", 1), ("pc_001", "pc_002")),
        (("--principal-components", 1, "--model", "X"), ("pc_001",)),
        (("--lead-variant", "rs11", "--lead-variant", "rs21"), ("lead_rs11", "lead_rs21")),
        (("--phenotypes", "dimension_000,dimension_002"), ("dimension_000", "dimension_002")),
    ],
)
def test_every_kind_of_combination_runs_end_to_end(statistics_path, tmp_path, arguments, names):
    output = tmp_path / "projected.h5"
    assert run(statistics_path, "-o", output, *arguments) == 0
    with open_statistics(output) as file:
        assert tuple(file.phenotype_names) == names
        assert np.isfinite(file.log10p[:]).any()


def test_p_at_the_lead_variant_is_said_to_be_no_test(statistics_path, tmp_path, capsys):
    output, again = tmp_path / "lead.h5", tmp_path / "again.h5"
    leads = ("--lead-variant", "rs11", "--lead-variant", "rs21")
    assert run(statistics_path, "-o", output, *leads) == 0
    printed = capsys.readouterr().out
    caution = (
        "a combination was chosen by the data of its lead variant (rs11, rs21): its p there, and "
        "at variants linked with it, is no test; p elsewhere is"
    )
    assert f"{caution}\n" in printed
    assert "directions of variants in 3 phenotypes (dimension_000, dimension_002, ...)" in printed
    assert run(output, "-o", again, "--phenotypes", "lead_rs11") == 0
    for path in (output, again):
        with open_statistics(path) as file:
            assert file.attributes["caution"] == caution
    plain = tmp_path / "components.h5"
    assert run(statistics_path, "-o", plain, "--principal-components", 1) == 0
    assert "no test" not in capsys.readouterr().out
    with open_statistics(plain) as file:
        assert "caution" not in file.attributes


def test_the_result_is_a_statistics_file_for_other_commands(statistics_path, tmp_path, capsys):
    output = tmp_path / "projected.h5"
    assert run(statistics_path, "-o", output, "--principal-components", 2) == 0
    for arguments in (
        ["inspect", output, "--check"],
        ["sumstats", output, "--phenotype", "pc_001", "-o", tmp_path / "pc.tsv"],
        ["project", output, "--phenotypes", "pc_002", "-o", tmp_path / "again.h5"],
    ):
        assert command.status(*arguments) == 0, capsys.readouterr().err
    assert "pc_001" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "0 kinds of combinations"),
        (("--principal-components", 1, "--phenotypes", "a"), 2, "2 kinds of combinations"),
        (("--principal-components", 9), 2, "expected 1 to 3"),
        (("--principal-components", 1, "--mask", 7), 2, "expected 0 to 1"),
        (("--principal-components", 1, "--model", "23"), 2, "expected a chromosome"),
        (("--lead-variant", "rs999999"), 2, "rs999999"),
        (("--lead-variant", "rs11", "--model", "1"), 2, "--model is given without"),
        (("--phenotypes", "dimension_000", "--mask", 0), 2, "--mask is given without"),
        (("--phenotypes", "dimension_000,dimension_001"), 0, ""),
        (("--phenotypes", "dimension_99"), 2, "dimension_99"),
    ],
)
def test_bad_options_are_one_clear_line(
    statistics_path, tmp_path, capsys, arguments, status, message
):
    assert run(statistics_path, "-o", tmp_path / "p.h5", *arguments) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == (1 if status else 0)


def test_an_unfinished_scan_says_how_much_is_done(tmp_path, capsys):
    truth = write_statistics(tmp_path / "s.h5", done=0.25)
    assert run(truth.path, "-o", tmp_path / "p.h5", "--principal-components", 1) == 1
    assert "1 of 4 blocks" in capsys.readouterr().err
