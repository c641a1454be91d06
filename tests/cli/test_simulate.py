from unittest import mock

import pytest

from igwas.cli.main import main
from igwas.simulate import CohortFiles, CohortOptions


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["simulate", *arguments])
    return stop.value.code


def test_options_reach_the_function_unchanged(tmp_path):
    folder = tmp_path / "cohort"
    with mock.patch("igwas.simulate.simulate_cohort") as function:
        function.return_value = CohortFiles.within(folder)
        status = run(
            *("-o", str(folder), "--samples", "9", "--variants", "8", "--phenotypes", "7"),
            *("--seed", "6", "--planted", "2", "--planted-phenotypes", "3"),
            *("--variance-explained", "0.1", "0.2", "--heritability", "0.1"),
            *("--missing-rate", "0", "0.5", "--related", "0", "--chromosomes", "1,X"),
            "--overwrite",
        )
    assert status == 0
    expected = CohortOptions(
        n_samples=9, n_variants=8, n_phenotypes=7, seed=6, n_planted=2, planted_phenotypes=3,
        variance_explained=(0.1, 0.2), heritability=0.1, missing_rate=(0.0, 0.5),
        related_fraction=0.0, chromosomes=("1", "X"),
    )  # fmt: skip
    function.assert_called_once_with(folder, expected, overwrite=True, progress=mock.ANY)


def test_the_files_are_named_on_stdout(tmp_path, capsys):
    assert run("-o", str(tmp_path / "c"), "--samples", "20", "--variants", "30") == 0
    assert str(tmp_path / "c" / "genotypes.bed") in capsys.readouterr().out.split()


def test_an_existing_cohort_is_one_clear_line_and_status_1(tmp_path, capsys):
    arguments = ("-o", str(tmp_path / "c"), "--samples", "20", "--variants", "30")
    run(*arguments)
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "exists; expected a new folder" in error


def test_an_impossible_cohort_is_status_2(tmp_path, capsys):
    assert run("-o", str(tmp_path / "c"), "--samples", "0") == 2
    assert "n_samples is 0" in capsys.readouterr().err
