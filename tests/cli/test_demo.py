from unittest import mock

import pandas as pd
import pytest

from igwas.cli.main import main
from igwas.context import Context
from igwas.simulate import CohortOptions


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["demo", *arguments])
    return stop.value.code


def test_options_reach_the_function_unchanged(tmp_path, capsys):
    with mock.patch("igwas.demo.run_demo") as function:
        function.return_value.describe.return_value = ["one", "two"]
        status = run(
            *("-o", str(tmp_path / "d"), "--samples", "9", "--variants", "8"),
            *("--phenotypes", "7", "--seed", "6", "--threads", "2", "--overwrite"),
        )
    assert status == 0
    function.assert_called_once_with(
        tmp_path / "d",
        CohortOptions(n_samples=9, n_variants=8, n_phenotypes=7, seed=6),
        context=Context(threads=2),
        overwrite=True,
        track=mock.ANY,
    )
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_small_demo_finds_planted_loci_and_no_false_ones(tmp_path, capsys):
    folder = tmp_path / "demo"
    arguments = ("-o", str(folder), "--samples", "1500", "--variants", "4000")
    assert run(*arguments, "--phenotypes", "16") == 0
    printed = capsys.readouterr().out
    assert "planted loci found" in printed
    loci = pd.read_csv(folder / "loci.tsv", sep="\t")
    assert len(loci) >= 3
    assert loci["planted_variant"].notna().all()
    for name in ("genotypes.h5", "statistics.h5", "cohort/truth.tsv"):
        assert (folder / name).exists()


def test_an_earlier_demo_is_kept_unless_told(tmp_path, capsys):
    folder = tmp_path / "demo"
    arguments = ("-o", str(folder), "--samples", "300", "--variants", "600", "--phenotypes", "4")
    assert run(*arguments) == 0
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert "genotypes.h5 exists; expected a new folder" in error
    assert run(*arguments, "--overwrite") == 0
