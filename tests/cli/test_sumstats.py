from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests import command
from tests.reference.statistics_fixture import write_statistics

from igwas.cli import sumstats as command_module
from igwas.cli.sumstats import sumstats
from igwas.context import Context
from igwas.sumstats.export import ExportSummary
from igwas.sumstats.options import ExportOptions


@pytest.fixture
def calls(monkeypatch):
    """What the command passes on."""
    made = []

    def record(statistics, output, *, options, context, progress):
        made.append((statistics, output, options, context))
        progress(5, 10)
        return ExportSummary(output, "gwas-ssf", 1234, 5, output.with_suffix(".yaml"), None)

    monkeypatch.setattr(command_module, "export_sumstats", record)
    return made


@pytest.fixture
def statistics_path(tmp_path):
    return write_statistics(tmp_path / "statistics.h5").path


run = partial(command.status, "sumstats")


def test_defaults_are_passed_on(calls, statistics_path):
    result = CliRunner().invoke(
        sumstats, [str(statistics_path), "--phenotype", "x", "-o", "out.tsv"]
    )
    assert result.exit_code == 0, result.output
    expected = ExportOptions(phenotype="x")
    assert calls == [(statistics_path, Path("out.tsv"), expected, Context(threads=0))]
    assert "out.tsv: 1,234 rows, gwas-ssf, 5 untested left out; beside it out.yaml" in result.output


def test_every_option_is_passed_on(calls, statistics_path):
    result = CliRunner().invoke(
        sumstats,
        [
            str(statistics_path), "--phenotype", "omnibus", "--format", "plink2", "-o", "o.gz",
            "--min-log10p", "7.3", "--top", "10", "--include-untested", "--p-value", "--mask", "2",
            "--genome-assembly", "GRCh38", "--threads", "3", "--overwrite",
        ],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    expected = ExportOptions(
        phenotype="omnibus", format="plink2", min_log10p=7.3, top=10, include_untested=True,
        p_value=True, mask=2, genome_assembly="GRCh38", overwrite=True,
    )  # fmt: skip
    assert calls == [(statistics_path, Path("o.gz"), expected, Context(threads=3))]


def test_the_omnibus_says_which_it_is(statistics_path, tmp_path, capsys):
    arguments = (statistics_path, "--phenotype", "omnibus", "-o")
    assert run(*arguments, tmp_path / "o.regenie", "--format", "regenie") == 0
    words = "omnibus of 3 phenotypes (dimension_000, dimension_002, ...), 500 people (mask 0)\n"
    assert words in capsys.readouterr().out
    assert run(*arguments, tmp_path / "o.parquet", "--mask", 1) == 0
    words = "omnibus of 2 phenotypes (dimension_001, dimension_003), 460 people (mask 1)\n"
    assert words in capsys.readouterr().out
    assert run(statistics_path, "--phenotype", "dimension_000", "-o", tmp_path / "d.tsv") == 0
    assert "omnibus of" not in capsys.readouterr().out


def test_help_ends_with_an_example():
    assert "igwas-fast sumstats statistics.h5" in CliRunner().invoke(sumstats, ["--help"]).output


def test_a_file_is_written_end_to_end(statistics_path, tmp_path, capsys):
    output = tmp_path / "out.tsv.gz"
    assert run(statistics_path, "--phenotype", "dimension_000", "-o", output) == 0
    assert output.exists()
    assert (tmp_path / "out.tsv.gz.tbi").exists()
    assert "rows, gwas-ssf" in capsys.readouterr().out


def test_unknown_phenotype_exits_with_2_and_one_line(statistics_path, tmp_path, capsys):
    assert run(statistics_path, "--phenotype", "dimension_00", "-o", tmp_path / "o.tsv") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "dimension_000" in error


def test_contradicting_options_exit_with_2(statistics_path, tmp_path, capsys):
    assert run(statistics_path, "--phenotype", "all", "-o", tmp_path / "o.tsv") == 2
    assert "expected a limit on the rows" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"not HDF5", b""])
def test_bad_files_exit_with_1_and_one_line(tmp_path, capsys, content):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(content)
    assert run(bad, "--phenotype", "x", "-o", tmp_path / "o.tsv") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no HDF5 file" in error


def test_unfinished_scan_exits_with_1(tmp_path, capsys):
    truth = write_statistics(tmp_path / "s.h5", done=0.25)
    assert run(truth.path, "--phenotype", "dimension_000", "-o", tmp_path / "o.tsv") == 1
    assert "1 of 4 blocks" in capsys.readouterr().err


def test_existing_output_exits_with_1(statistics_path, tmp_path, capsys):
    (tmp_path / "o.tsv").touch()
    assert run(statistics_path, "--phenotype", "dimension_000", "-o", tmp_path / "o.tsv") == 1
    assert "--overwrite" in capsys.readouterr().err


def test_an_export_never_replaces_the_statistics(tmp_path, capsys):
    truth = write_statistics(tmp_path / "out.tsv-meta.yaml")
    before = truth.path.read_bytes()
    for output in (truth.path, tmp_path / "out.tsv"):
        assert run(truth.path, "--phenotype", "omnibus", "--overwrite", "-o", output) == 2
        assert "would replace" in capsys.readouterr().err
        assert truth.path.read_bytes() == before
