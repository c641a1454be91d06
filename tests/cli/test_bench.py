import json
from functools import partial
from unittest import mock

import pytest
from tests import command

from igwas.benchmark import engines
from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.options import BenchmarkOptions, CohortShape

FUNCTION = "igwas.benchmark.suite.run_benchmark"
TINY = ("--samples", "300", "--variants", "60", "--phenotypes", "3", "--covariates", "3",
        "--repeats", "1", "--threads", "1")  # fmt: skip


run = partial(command.status, "bench")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A whole quick run of three engines: its folder, where r.json, r.md and work/ are."""
    folder = tmp_path_factory.mktemp("bench")
    status = run(
        "--quick", *TINY, "--file-samples", 700, "--engines", "igwas,igwas-drop,numpy",
        "--work", folder / "work", "-o", folder / "r.json", "--report", folder / "r.md",
    )  # fmt: skip
    assert status == 0
    return folder


def test_options_reach_the_function_unchanged(tmp_path):
    output, work = tmp_path / "r.json", tmp_path / "work"
    with (
        mock.patch(FUNCTION, return_value={}) as function,
        mock.patch("igwas.benchmark.report.render", return_value="page"),
    ):
        status = run(
            "-o", output, "--work", work, "--samples", 900, "--variants", 800, "--phenotypes", 7,
            "--covariates", 6, "--spectrum", "rare", "--missing-rate", 0, 0.5, "--seed", 5,
            "--engines", "igwas,plink2", "--parts", "limits,subset", "--curve", "samples,missing",
            "--curve-variants", 400, "--file-samples", 1000, "--repeats", 9,
            "--engine-seconds", 2.5, "--threads", 1, "--resume", "--overwrite",
        )  # fmt: skip
    assert status == 0
    options = BenchmarkOptions(
        shape=CohortShape(
            n_samples=900, n_variants=800, n_phenotypes=7, n_covariates=6, spectrum="rare",
            missing_rate=(0.0, 0.5), seed=5,
        ),
        engines=("igwas", "plink2"), parts=("limits", "subset"), curves=("samples", "missing"),
        repeats=9, threads=1, engine_seconds=2.5, curve_variants=400, file_samples=1000,
    )  # fmt: skip
    function.assert_called_once_with(options, output, work, is_resumed=True, overwrite=True)


def test_a_quick_run_needs_no_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with (
        mock.patch(FUNCTION, return_value={}) as function,
        mock.patch("igwas.benchmark.report.render", return_value="page"),
    ):
        assert run("--quick") == 0
    options = function.call_args.args[0]
    assert options.is_quick
    assert options.shape.n_samples == 2_000
    assert capsys.readouterr().out.splitlines() == ["benchmark.json", "page"]


def test_every_part_is_measured_and_reported(measured):
    record = json.loads((measured / "r.json").read_text())
    assert {"limits", "commands", "kernel", "dosages", "startup", "subset"} <= set(record)
    assert [answer["engine"] for answer in record["answers"]] == ["igwas", "igwas-drop", "numpy"]
    assert all(answer["is_right"] for answer in record["answers"])
    page = (measured / "r.md").read_text()
    for heading in ("Answers", "Whole commands", "hard calls", "dosages", "Start-up",
                    "A part of the people"):  # fmt: skip
        assert heading in page


def test_a_report_is_written_again_from_results_without_measuring(measured, tmp_path, capsys):
    with mock.patch(FUNCTION) as function:
        status = run("--from", measured / "r.json", "--report", tmp_path / "again.md")
    function.assert_not_called()
    assert status == 0
    assert (tmp_path / "again.md").read_text() == (measured / "r.md").read_text()
    run("--from", measured / "r.json", "--from", measured / "r.json")
    assert capsys.readouterr().out.count("### Start-up") == 2


def test_an_existing_result_is_one_clear_line_and_status_1(measured, capsys):
    status = run("--quick", *TINY, "--work", measured / "work", "-o", measured / "r.json")
    assert status == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "exists; expected a new file" in error


def test_an_interrupted_run_is_resumed_without_measuring_again(measured, tmp_path):
    arguments = ("--quick", *TINY, "--engines", "igwas", "--parts", "startup",
                 "--work", measured / "work", "-o", tmp_path / "r.json")  # fmt: skip
    usage = mock.Mock()
    usage.as_dict.return_value = {"wall_seconds": 1.0, "cpu_seconds": 1.0, "peak_bytes": 1}
    # The answers, the first start-up, and an interruption in the second.
    real = engines.Assoc.read
    with (
        mock.patch("igwas.benchmark.rounds.child.run", side_effect=[usage, KeyboardInterrupt]),
        mock.patch("igwas.benchmark.suite.check_answers", return_value=[]),
    ):
        assert run(*arguments) == 130
    assert list(tmp_path.iterdir()) == []
    assert engines.Assoc.read is real
    with (
        mock.patch("igwas.benchmark.rounds.child.run", return_value=usage) as again,
        mock.patch("igwas.benchmark.suite.check_answers") as checked,
    ):
        assert run(*arguments, "--resume") == 0
    checked.assert_not_called()
    assert again.call_count == 1
    assert len(json.loads((tmp_path / "r.json").read_text())["startup"]) == 2


def test_an_answer_that_is_wrong_stops_with_status_1_and_writes_nothing(
    measured, tmp_path, capsys, monkeypatch
):
    right = engines.Assoc.read

    def wrong(self, job, variants):
        found = right(self, job, variants)
        found.t[3, 1] += 0.01
        return found

    monkeypatch.setattr(engines.Assoc, "read", wrong)
    status = run("--quick", *TINY, "--engines", "igwas", "--parts", "commands", "-q",
                 "--work", measured / "work", "-o", tmp_path / "r.json",
                 "--report", tmp_path / "r.md")  # fmt: skip
    assert status == 1
    error = capsys.readouterr().err
    assert error.startswith("error: igwas-fast assoc disagrees with its float64 twin")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_product_stops_with_status_1(measured, tmp_path, capsys):
    with mock.patch(FUNCTION, side_effect=WrongAnswer("the product is off; expected less.")):
        assert run("--quick", "--work", measured / "work", "-o", tmp_path / "r.json") == 1
    assert capsys.readouterr().err == "error: the product is off; expected less.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engines", "gemma"), "expected igwas, igwas-full"),
        (("--parts", "speed"), "expected limits, commands, kernel, dosages, startup, subset"),
        (("--parts", ""), "nothing to measure"),
        (("--curve", "depth"), "expected samples, variants"),
        (("--spectrum", "flat"), "'imputed', 'rare'"),
        (("--samples", "5"), "--samples is 5; expected 200 or more"),
        (("--file-samples", "5"), "--file-samples is 5; expected at least 2000"),
        (("--missing-rate", "0.9", "1"), "--missing-rate is 0.9 1"),
        (("--threads", "9999"), "the cores of this process"),
        (("--repeats", "0"), "--repeats is 0"),
        (("--from", "absent.json"), "does not exist"),
    ],
)
def test_bad_options_are_status_2(arguments, message, tmp_path, capsys):
    assert run("--quick", "-o", tmp_path / "r.json", *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "igwas benchmark", ', "\x00"])
def test_a_file_that_is_no_result_is_status_1(content, tmp_path, capsys):
    source = tmp_path / "r.json"
    source.write_text(content)
    assert run("--from", source) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_result_of_a_newer_version_is_refused(tmp_path, capsys):
    source = tmp_path / "r.json"
    source.write_text('{"format": "igwas benchmark", "schema_version": 99}')
    assert run("--from", source) == 1
    assert "schema version 99; expected at most" in capsys.readouterr().err
