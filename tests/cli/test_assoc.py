"""`igwas-fast assoc`: what reaches the scan, and how errors come out."""

from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from tests import command
from tests.reference.cohort_files import write_cohort, write_table

from igwas.association.account import AccountLine
from igwas.association.options import ScanOptions, Shard
from igwas.association.scan import ScanSummary
from igwas.context import Context
from igwas.errors import CorruptFile, InputError, OptionError, OutputError

SUMMARY = ScanSummary(
    output=Path("s.h5"),
    n_samples=59,
    n_variants=8,
    n_phenotypes=2,
    n_masks=1,
    reasons={"tested": 7, "mac": 1},
    n_hits=3,
    account=[AccountLine("in the genotype file", 60, 59, ("S1",))],
    notes=["a note"],
)


@pytest.fixture
def files(tmp_path):
    """Inputs that exist; the scan is mocked and does not read them."""
    names = ("g.bed", "p.tsv", "c.tsv", "keep", "remove", "extract", "exclude", "loco.h5")
    for name in names:
        (tmp_path / name).write_text("x")
    return {name: tmp_path / name for name in names}


run = partial(command.status, "assoc")


@pytest.fixture
def scan():
    with mock.patch("igwas.association.scan.run_scan", return_value=SUMMARY) as function:
        yield function


def test_without_options_the_defaults_are_those_of_the_function(files, scan, tmp_path):
    output = tmp_path / "s.h5"
    assert run(files["g.bed"], files["p.tsv"], "-o", output) == 0
    scan.assert_called_once_with(
        files["g.bed"],
        files["p.tsv"],
        output,
        options=ScanOptions(),
        context=Context(threads=0, device="auto"),
        progress=None,
    )


def test_every_option_reaches_the_function_unchanged(files, scan, tmp_path):
    status = run(
        files["g.bed"], files["p.tsv"], "-o", tmp_path / "s.h5",
        "--covariates", files["c.tsv"], "--covariate-columns", "age, sex",
        "--categorical-columns", "centre", "--phenotype-columns", "Y1,Y2",
        "--missing-value", "-9", "--missing-value", "NULL",
        "--keep", files["keep"], "--remove", files["remove"],
        "--extract", files["extract"], "--exclude", files["exclude"],
        "--chromosome", "1-22,X", "--mac", "5", "--maf", "0.01", "--geno", "0.2",
        "--hwe", "1e-6", "--info", "0.3", "--missing", "drop",
        "--transform", "rank-inverse-normal", "--loco", files["loco.h5"],
        "--skip-untestable", "--hit-log10p", "7.3", "--device", "cuda", "--gpus", "1,0",
        "--shard", "2/5",
        "--threads", "3", "--max-memory", "8G", "--resume",
    )  # fmt: skip
    assert status == 0
    assert scan.call_args.kwargs["options"] == ScanOptions(
        covariates=files["c.tsv"], covariate_columns=("age", "sex"),
        categorical_columns=("centre",), phenotype_columns=("Y1", "Y2"),
        missing_values=("-9", "NULL"), keep=files["keep"], remove=files["remove"],
        extract=files["extract"], exclude=files["exclude"], chromosomes="1-22,X",
        mac=5.0, maf=0.01, geno=0.2, hwe=1e-6, info=0.3, missing="drop",
        transform="rank-inverse-normal", loco=files["loco.h5"], skip_untestable=True,
        hit_log10p=7.3, shard=Shard(2, 5), resume=True,
    )  # fmt: skip
    expected = Context(threads=3, device="cuda", gpus=(1, 0), max_memory_bytes=8 << 30)
    assert scan.call_args.kwargs["context"] == expected


def test_overwrite_reaches_the_function(files, scan, tmp_path):
    assert run(files["g.bed"], files["p.tsv"], "-o", tmp_path / "s.h5", "--overwrite") == 0
    assert scan.call_args.kwargs["options"].overwrite


@pytest.mark.usefixtures("scan")
def test_the_summary_goes_to_stdout(files, tmp_path, capsys):
    run(files["g.bed"], files["p.tsv"], "-o", tmp_path / "s.h5")
    out = capsys.readouterr().out.splitlines()
    assert out == SUMMARY.describe()
    assert out[-1] == "s.h5: 8 variants x 2 phenotypes, 59 samples, 3 hits"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Missing option '-o'"),
        (["-o", "s.h5", "--missing", "zero"], "'zero' is not one of"),
        (["-o", "s.h5", "--mac", "many"], "'many' is not a valid float"),
        (["-o", "s.h5", "--threads", "-1"], "-1 is not in the range"),
        (["-o", "s.h5", "--keep", "absent.txt"], "'absent.txt' does not exist"),
        (["-o", ".", "--mac", "1"], "is a directory"),
        (["-o", "s.h5", "--device", "tpu"], "'tpu' is not one of"),
        (["-o", "s.h5", "--gpus", "0"], "--gpus is given but --device is 'auto'"),
        (["-o", "s.h5", "--device", "cuda", "--gpus", "0,x"], "--gpus has 'x'"),
        (["-o", "s.h5", "--no-such"], "No such option"),
        (["-o", "s.h5", "--shard", "3/2"], "--shard is '3/2'; expected i/n"),
        (["-o", "s.h5", "--maf", "0.7"], "--maf is 0.7; expected 0 to 0.5"),
        (["-o", "s.h5", "--max-memory", "lots"], "size is 'lots'; expected a number"),
        (["-o", "s.h5", "--covariate-columns", "age"], "no table of covariates is given"),
        (["-o", "s.h5", "--resume", "--overwrite"], "--resume and --overwrite are both given"),
    ],
)
def test_wrong_usage_exits_with_2_and_never_scans(files, scan, capsys, arguments, text):
    assert run(files["g.bed"], files["p.tsv"], *arguments) == 2
    error = capsys.readouterr().err
    assert text in error
    assert "Traceback" not in error
    scan.assert_not_called()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("p.tsv has no IID; expected one. Add it."), 1),
        (CorruptFile("chunk 3 is damaged; expected otherwise. Convert again."), 1),
        (OutputError("s.h5: the disk is full; expected room."), 1),
        (OptionError("--mac is odd; expected even."), 2),
    ],
)
def test_an_error_is_one_line_without_a_traceback(files, scan, tmp_path, capsys, error, status):
    scan.side_effect = error
    assert run(files["g.bed"], files["p.tsv"], "-o", tmp_path / "s.h5") == status
    captured = capsys.readouterr()
    assert captured.err == f"error: {error}\n"
    assert captured.out == ""


def test_an_interrupt_exits_with_130(files, scan, tmp_path, capsys):
    scan.side_effect = KeyboardInterrupt
    assert run(files["g.bed"], files["p.tsv"], "-o", tmp_path / "s.h5") == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_the_command_scans_real_files(tmp_path, capsys):
    cohort = write_cohort(tmp_path)
    output = tmp_path / "s.h5"
    arguments = [cohort.bed, cohort.phenotypes, "-o", output, "--mac", "1"]
    assert run(*arguments, "--covariates", cohort.covariates) == 0
    assert "8 variants x 2 phenotypes, 60 samples" in capsys.readouterr().out
    assert output.exists()
    assert run(*arguments, "-q") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {output} exists; expected a new file.")
    assert captured.err.count("\n") == 1


def test_the_help_ends_with_an_example(capsys):
    assert run("--help") == 0
    assert "igwas-fast assoc genotypes.h5 phenotypes.h5" in capsys.readouterr().out


def test_a_warning_of_every_mask_is_shown_once(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=["1"] * 3 + ["X"] * 3)
    cohort.values[5:25, 1] = np.nan
    write_table(cohort.phenotypes, cohort.values, "Y")
    write_table(cohort.covariates, np.ones((len(cohort.values), 1)), "k")
    finished = command.run(
        "assoc", cohort.bed, cohort.phenotypes, "--covariates", cohort.covariates, "--mac", "0",
        "-o", tmp_path / "s.h5",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("dropped covariates that are constant") == 1
