from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.reference.statistics_fixture import write_statistics

from igwas.association.project import project
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import read_weights
from igwas.cli.main import main
from igwas.cli.report import report
from igwas.loci.run import run_loci
from igwas.report import run as module
from igwas.report.options import ReportOptions
from igwas.report.run import ReportSummary


@pytest.fixture
def calls(monkeypatch):
    made = []

    def record(statistics, loci, output, **options):
        made.append((statistics, loci, output, options))
        return ReportSummary(output, 1_234_567, 12, 7, 2, options["figures"])

    monkeypatch.setattr(module, "run_report", record)
    return made


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    truth = write_statistics(folder / "s.h5", n_phenotypes=2)
    run_loci(truth.path, folder / "l.tsv", json_output=folder / "l.json")
    return truth.path, folder / "l.json"


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["report", *map(str, arguments)])
    return stopped.value.code


def test_defaults_are_passed_on(calls, scanned):
    statistics, loci = scanned
    result = CliRunner().invoke(report, [str(statistics), "--loci", str(loci), "-o", "r.html"])
    assert result.exit_code == 0, result.output
    expected = {"figures": None, "options": ReportOptions(), "overwrite": False, "progress": None}
    assert calls == [(statistics, loci, Path("r.html"), expected)]
    assert result.output.splitlines() == ["r.html: 7 loci, 12 figures, 2 warnings, 1.2 MB"]


def test_every_option_is_passed_on(calls, scanned):
    path, loci = scanned
    arguments = [
        path, "--loci", loci, "-o", "r.html", "--figures", "f", "--embeddings-audit", path,
        "--genotypes", path, "--keep", path, "--genes", path, "--regional", "3", "--title", "T",
        "--overwrite",
    ]  # fmt: skip
    result = CliRunner().invoke(report, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert calls[0][3] == {
        "figures": Path("f"), "overwrite": True, "progress": None,
        "options": ReportOptions(embeddings_audit=path, genotypes=path, keep=path, genes=path,
                                 regional=3, title="T"),
    }  # fmt: skip
    assert result.output.splitlines()[0] == "f: 12 figures as PNG, SVG and PDF"


def test_a_page_is_written_end_to_end(scanned, tmp_path, capsys):
    statistics, loci = scanned
    output = tmp_path / "report.html"
    assert run(statistics, "--loci", loci, "-o", output, "--regional", "1") == 0
    assert f"{output}: " in capsys.readouterr().out
    assert output.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_an_unfinished_scan_is_one_clear_line(scanned, tmp_path, capsys):
    truth = write_statistics(tmp_path / "s.h5", done=0.75)
    assert run(truth.path, "--loci", scanned[1], "-o", tmp_path / "r.html") == 1
    error = capsys.readouterr().err
    assert "3 of 4 blocks" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--loci", "{statistics}"), 1, "is no JSON"),
        (("--loci", "{loci}", "--embeddings-audit", "{statistics}"), 1, "is no JSON"),
        (("--loci", "{loci}", "--genotypes", "{loci}"), 1, "expected"),
        (("--loci", "{loci}", "--genotypes", "{statistics}"), 1, "igwas statistics"),
        (("--loci", "{loci}", "--genes", "{loci}"), 1, "expected"),
        (("--loci", "{loci}", "--regional", "-1"), 2, "--regional is -1"),
        (("--loci", "{loci}", "--keep", "{loci}"), 2, "without --genotypes"),
        (("--loci", "{loci}", "--figures", "{folder}/no/figures"), 1, "does not exist"),
    ],
)
def test_bad_input_is_one_clear_line(scanned, tmp_path, capsys, arguments, status, message):
    statistics, loci = scanned
    words = [w.format(statistics=statistics, loci=loci, folder=tmp_path) for w in arguments]
    assert run(statistics, *words, "-o", tmp_path / "r.html") == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_weights_are_no_phenotypes_of_a_projection(scanned, tmp_path, capsys):
    weights, projected = tmp_path / "weights.tsv", tmp_path / "p.h5"
    with open_statistics(scanned[0]) as file:
        weights.write_text(f"phenotype\tsum\n{file.phenotype_names[0]}\t1\n")
    project(scanned[0], projected, lambda file: read_weights(weights, file.phenotype_names))
    run_loci(projected, tmp_path / "l.tsv", json_output=tmp_path / "l.json")
    arguments = (projected, "--loci", tmp_path / "l.json", "-o", tmp_path / "r.html")
    assert run(*arguments, "--phenotypes", weights) == 1
    error = capsys.readouterr().err
    assert "is a projection, which has no phenotypes file" in error
    assert "Leave --phenotypes out." in error
    assert error.count("\n") == 1
    assert run(*arguments, "--regional", "0") == 0
