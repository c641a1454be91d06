from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.reference.eye_cohort import write_eye_cohort
from tests.reference.statistics_fixture import write_statistics

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.cli.loci import loci
from igwas.cli.main import main
from igwas.context import Context
from igwas.loci import run as module
from igwas.loci.options import LociOptions
from igwas.loci.run import LociSummary


@pytest.fixture
def calls(monkeypatch):
    made = []

    def record(statistics, output, **options):
        made.append((statistics, output, options))
        return LociSummary(output, options["json_output"], 7, ["a line"])

    monkeypatch.setattr(module, "run_loci", record)
    return made


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eyes")
    cohort = write_eye_cohort(folder)
    run_scan(cohort.bed, cohort.phenotypes, folder / "statistics.h5", options=ScanOptions())
    return cohort, folder / "statistics.h5"


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["loci", *map(str, arguments)])
    return stopped.value.code


def test_defaults_are_passed_on(calls, scanned):
    result = CliRunner().invoke(loci, [str(scanned[1]), "-o", "loci.tsv"])
    assert result.exit_code == 0, result.output
    expected = {
        "json_output": None, "options": LociOptions(), "overwrite": False,
        "context": Context(threads=0), "progress": None,
    }  # fmt: skip
    assert calls == [(scanned[1], Path("loci.tsv"), expected)]
    assert result.output.splitlines() == ["a line", "loci.tsv: 7 loci"]


def test_every_option_is_passed_on(calls, scanned):
    path = scanned[1]
    arguments = [
        path, "-o", "l.tsv", "--json", "l.json", "--genotypes", path, "--keep", path,
        "--phenotypes", path, "--covariates", path, "--tested", "a,b", "--per-phenotype",
        "--p", "1e-7", "--secondary-p", "1e-3", "--rule", "paper", "--r2", "0.7", "--window-kb",
        "300", "--ld", "genotype", "--condition-kb", "100", "--max-signals", "3", "--genes", path,
        "--gene-kb", "5", "--known", path, "--known-kb", "250", "--threads", "2", "--overwrite",
    ]  # fmt: skip
    result = CliRunner().invoke(loci, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert calls[0][2]["options"] == LociOptions(
        genotypes=path, keep=path, phenotypes=path, covariates=path, tested=("a", "b"),
        per_phenotype=True, p=1e-7, secondary_p=1e-3, rule="paper", min_r2=0.7, window_kb=300.0,
        ld="genotype", condition_kb=100.0, max_signals=3, genes=path, gene_kb=5.0, known=path,
        known_kb=250.0,
    )  # fmt: skip
    assert calls[0][2]["json_output"] == Path("l.json")
    assert calls[0][2]["context"] == Context(threads=2)
    assert calls[0][2]["overwrite"]


def test_loci_are_written_end_to_end(scanned, tmp_path, capsys):
    cohort, statistics = scanned
    output = tmp_path / "loci.tsv"
    arguments = ("-o", output, "--genotypes", cohort.bed, "--phenotypes", cohort.phenotypes)
    assert run(statistics, *arguments, "--json", tmp_path / "loci.json") == 0
    printed = capsys.readouterr().out
    assert "both_eyes: " in printed
    assert "negative control" in printed
    table = pd.read_csv(output, sep="\t")
    assert f"{len(table)} loci" in printed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["loci.json", "loci.tsv"]


def test_loci_of_a_projection_are_found(scanned, tmp_path, capsys):
    cohort, statistics = scanned
    projected = tmp_path / "projected.h5"
    names = ",".join(f"mean_dim_{k:03d}" for k in range(3))
    with pytest.raises(SystemExit) as stopped:
        main(["project", str(statistics), "-o", str(projected), "--phenotypes", names])
    assert stopped.value.code == 0
    assert run(projected, "-o", tmp_path / "l.tsv", "--genotypes", cohort.bed) == 0
    assert "3 phenotypes tested" in capsys.readouterr().out


def test_an_unfinished_scan_is_one_clear_line(tmp_path, capsys):
    truth = write_statistics(tmp_path / "s.h5", done=0.75)
    assert run(truth.path, "-o", tmp_path / "l.tsv") == 1
    error = capsys.readouterr().err
    assert "3 of 4 blocks" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--rule", "paper"), 2, "without --genotypes"),
        (("--p", "0"), 2, "--p is 0"),
        (("--tested", "nothing"), 2, "'nothing'"),
        (("--genotypes", "{statistics}"), 1, "igwas statistics"),
        (("--genes", "{statistics}"), 1, "expected"),
        (("--known", "{statistics}"), 1, "expected"),
        (("--genotypes", "{bed}", "--phenotypes", "{bed}"), 1, "expected"),
    ],
)
def test_bad_input_is_one_clear_line(scanned, tmp_path, capsys, arguments, status, message):
    cohort, statistics = scanned
    words = [word.format(statistics=statistics, bed=cohort.bed) for word in arguments]
    assert run(statistics, "-o", tmp_path / "l.tsv", *words) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
