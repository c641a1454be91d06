"""What does not belong together, is unfinished or damaged: one line each, and nothing written."""

import errno
import gzip
import json
import re
import shutil

import click
import h5py
import numpy as np
import pandas as pd
import pytest
from tests.reference.eye_cohort import write_eye_cohort
from tests.reference.statistics_fixture import write_statistics

from igwas.cli.main import cli, main
from igwas.loci import run as loci_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cohort, its statistics s.h5 and its loci l.json."""
    folder = tmp_path_factory.mktemp("made")
    write_eye_cohort(folder, n_blocks=4)
    run("assoc", folder / "g.bed", folder / "phenotypes.h5", "-o", folder / "s.h5", "-q")
    run("loci", folder / "s.h5", "-o", folder / "l.tsv", "--json", folder / "l.json", "-q")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(one) for one in arguments])
    return stopped.value.code


def refused(capsys, folder, status, *arguments):
    """Run; the error is one line, the outputs are not there. Gives the line."""
    before = set(folder.iterdir())
    capsys.readouterr()
    assert run(*arguments) == status
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert set(folder.iterdir()) == before
    return error


def copy_bed(made, folder, name, change):
    """The cohort's genotypes with other lines in the .bim."""
    for suffix in (".bed", ".fam"):
        shutil.copyfile((made / "g.bed").with_suffix(suffix), folder / f"{name}{suffix}")
    lines = [line.split("\t") for line in (made / "g.bim").read_text().splitlines()]
    (folder / f"{name}.bim").write_text("".join("\t".join(change(one)) + "\n" for one in lines))
    return folder / f"{name}.bed"


COMMANDS = {
    "loci": ("-o", "x.tsv"),
    "project": ("--principal-components", "1", "-o", "x.h5"),
    "report": ("--loci", "l.json", "-o", "x.html"),
    "sumstats": ("--phenotype", "omnibus", "-o", "x.tsv"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["s.h5", "s.h5.partial"])
def test_an_unfinished_scan_says_how_much_is_done(
    made, tmp_path, capsys, monkeypatch, command, name
):
    """By its name, and by the name it will have."""
    monkeypatch.chdir(tmp_path)
    write_statistics(tmp_path / "s.h5.partial", done=0.5)
    shutil.copyfile(made / "l.json", tmp_path / "l.json")
    error = refused(capsys, tmp_path, 1, command, name, *COMMANDS[command])
    assert "2 of 4 blocks" in error
    assert "--resume" in error


def test_a_name_that_is_nowhere_is_wrong_usage(tmp_path, capsys):
    assert run("loci", tmp_path / "no.h5", "-o", tmp_path / "x.tsv") == 2
    assert "does not exist" in capsys.readouterr().err


def test_swapped_alleles_change_no_r2_but_are_not_those_of_the_scan(made, tmp_path, capsys):
    swapped = copy_bed(made, tmp_path, "swapped", lambda one: [*one[:4], one[5], one[4]])
    assert run("loci", made / "s.h5", "-o", tmp_path / "x.tsv", "--genotypes", swapped, "-q") == 0
    own = ("loci", made / "s.h5", "-o", tmp_path / "y.tsv", "--genotypes", made / "g.bed", "-q")
    assert run(*own) == 0
    assert (tmp_path / "x.tsv").read_text() == (tmp_path / "y.tsv").read_text()
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", "-o", tmp_path / "z.tsv",
                    "--genotypes", swapped, "--phenotypes", made / "phenotypes.h5")  # fmt: skip
    assert "1:1:A:C where" in error
    assert "expected the variants of the scan" in error


def test_other_calls_of_the_same_variants_are_noticed(made, tmp_path, capsys):
    other = copy_bed(made, tmp_path, "other", lambda one: one)
    content = bytearray(other.read_bytes())
    content[3:-1:2], content[4::2] = content[4::2], content[3:-1:2]
    other.write_bytes(content)
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", "-o", tmp_path / "x.tsv",
                    "--genotypes", other, "--phenotypes", made / "phenotypes.h5")  # fmt: skip
    assert "expected the genotypes of the scan" in error


def test_genotypes_at_other_positions_are_refused(made, tmp_path, capsys):
    moved = copy_bed(
        made, tmp_path, "moved", lambda one: [*one[:3], str(int(one[3]) + 7), *one[4:]]
    )
    shutil.copyfile(made / "l.json", tmp_path / "l.json")
    for command in (("loci", made / "s.h5"), ("report", made / "s.h5", "--loci", made / "l.json")):
        error = refused(capsys, tmp_path, 1, *command, "-o", tmp_path / "x", "--genotypes", moved)
        assert "Check the build" in error


def test_genotypes_of_other_people_are_refused(made, tmp_path, capsys):
    other = copy_bed(made, tmp_path, "people", lambda one: one)
    fam = other.with_suffix(".fam")
    fam.write_text(fam.read_text().replace(" S", " Q"))
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", "-o", tmp_path / "x.tsv",
                    "--genotypes", other, "--phenotypes", made / "phenotypes.h5")  # fmt: skip
    assert "shares none of their ids" in error


def test_a_panel_without_a_sex_has_no_linkage_on_x_and_says_so(tmp_path, capsys):
    cohort = write_eye_cohort(tmp_path, n_blocks=4, chromosomes=("X",), effect=0.9)
    # Half of the males' calls are heterozygous, and so no calls.
    words = ("--geno", "1", "-q")
    assert run("assoc", cohort.bed, cohort.phenotypes, "-o", tmp_path / "s.h5", *words) == 0
    panel = copy_bed(tmp_path, tmp_path, "panel", lambda one: one)
    fam = panel.with_suffix(".fam")
    lines = [line.split() for line in fam.read_text().splitlines()]
    fam.write_text("".join(" ".join([*one[:4], "0", one[5]]) + "\n" for one in lines))
    capsys.readouterr()
    for genotypes, most in ((panel, 1), (cohort.bed, 12)):
        words = ("--json", tmp_path / "x.json", "--genotypes", genotypes, "--overwrite")
        assert run("loci", tmp_path / "s.h5", "-o", tmp_path / "x.tsv", *words) == 0
        is_said = "nobody of known sex for chromosome X" in capsys.readouterr().out
        assert is_said == (genotypes == panel)
        loci = json.loads((tmp_path / "x.json").read_text())["loci"]
        assert 1 <= max(one["n_variants"] for one in loci) <= most
        assert (max(one["n_variants"] for one in loci) > 1) == (genotypes != panel)


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--tested", ""), "names no phenotype"),
     (("--tested", "left_dim_000,left_dim_000"), "'left_dim_000' twice")],
)  # fmt: skip
def test_phenotypes_tested_are_some_and_each_once(made, tmp_path, capsys, words, message):
    error = refused(capsys, tmp_path, 2, "loci", made / "s.h5", "-o", tmp_path / "x.tsv", *words)
    assert message in error


def test_an_infinite_effect_is_damage(made, tmp_path, capsys):
    shutil.copyfile(made / "s.h5", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file["/beta"][7, :] = np.inf
    for command in ("loci", "project"):
        error = refused(capsys, tmp_path, 1, command, tmp_path / "s.h5",
                        *COMMANDS[command][:-1], tmp_path / "x")  # fmt: skip
        assert "infinite beta in row 7" in error


def test_a_phenotype_without_an_effect_among_others_is_no_damage(made, tmp_path):
    shutil.copyfile(made / "s.h5", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file["/beta"][6, :] = np.nan
    assert run("loci", tmp_path / "s.h5", "-o", tmp_path / "x.tsv", "-q") == 0


def test_loci_of_other_statistics_are_refused(made, tmp_path, capsys):
    write_statistics(tmp_path / "t.h5")
    error = refused(capsys, tmp_path, 1, "report", tmp_path / "t.h5", "--loci", made / "l.json",
                    "-o", tmp_path / "x.html")  # fmt: skip
    assert "made from another statistics file" in error


@pytest.mark.parametrize("name", [".", "rs1"])
def test_variants_without_ids_of_their_own_are_told_apart(made, tmp_path, capsys, name):
    bed = copy_bed(made, tmp_path, "g", lambda one: [one[0], name, *one[2:]])
    assert run("assoc", bed, made / "phenotypes.h5", "-o", tmp_path / "s.h5", "-q") == 0
    words = ("--genotypes", bed, "--phenotypes", made / "phenotypes.h5", "-q")
    json_path = tmp_path / "l.json"
    outputs = ("-o", tmp_path / "l.tsv", "--json", json_path)
    assert run("loci", tmp_path / "s.h5", *outputs, *words) == 0
    table = pd.read_csv(tmp_path / "l.tsv", sep="\t")
    named = json.loads((made / "l.json").read_text())["loci"]
    assert table["position"].tolist() == [one["position"] for one in named]
    if name == ".":
        places = [f"{row.chromosome}:{row.position}:C:A" for row in table.itertuples()]
        assert table["lead_variant"].tolist() == places
        signals = ",".join(table["signals"].dropna()).split(",")
        assert all(re.fullmatch(r"\d:\d+:C:A", one) for one in signals)
    words = ("--loci", json_path, "-o", tmp_path / "r.html", "-q")
    assert run("report", tmp_path / "s.h5", *words) == 0
    assert (tmp_path / "r.html").read_text().count("Regional plot of the locus at") == len(
        {(row.chromosome, row.position) for row in table.itertuples()}
    )


def test_a_phenotype_that_is_a_variant_leaves_nothing_to_condition(made, tmp_path):
    """A perfect fit: an infinite omnibus, and no signal beside it."""
    from igwas.genotypes.genotype_file import open_genotypes

    with open_genotypes(made / "g.bed") as file:
        values = file[[6]][0].astype(float)
    noise = np.random.default_rng(1).normal(size=len(values))
    frame = pd.DataFrame({"IID": [f"S{i}" for i in range(len(values))], "a": values, "b": noise})
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    assert run("assoc", made / "g.bed", tmp_path / "p.tsv", "-o", tmp_path / "s.h5", "-q") == 0
    words = ("--genotypes", made / "g.bed", "--phenotypes", tmp_path / "p.tsv", "-q")
    outputs = ("-o", tmp_path / "l.tsv", "--json", tmp_path / "l.json")
    assert run("loci", tmp_path / "s.h5", *outputs, *words) == 0
    table = pd.read_csv(tmp_path / "l.tsv", sep="\t")
    own = table[table["test"] == "minimum_p"]
    assert own["n_signals"].sum() == 1
    assert own.loc[own["n_signals"] == 1, "lead_variant"].item() == "v6"
    words = ("--loci", tmp_path / "l.json", "-o", tmp_path / "r.html", "-q")
    assert run("report", tmp_path / "s.h5", *words) == 0


def test_a_finished_run_says_so_when_resumed(made, capsys):
    words = ("assoc", made / "g.bed", made / "phenotypes.h5", "-o", made / "s.h5", "--resume")
    capsys.readouterr()
    assert run(*words) == 0
    assert "was finished before: there was nothing to resume" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--known", "--genes"])
def test_a_truncated_gzip_is_no_interrupt(made, tmp_path, capsys, option):
    content = gzip.compress(b"chr\tpos\n1\t1000\n" if option == "--known" else b"1\t1\t9\tA\n")
    path = tmp_path / "a.gz"
    path.write_bytes(content[:-9])
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", "-o", tmp_path / "x.tsv",
                    option, path)  # fmt: skip
    assert str(path) in error


@pytest.mark.parametrize("words", ["Compressed file ended early", ""])
def test_an_end_of_file_in_any_command_is_no_interrupt(made, tmp_path, capsys, monkeypatch, words):
    def end(*_arguments, **_options):
        raise EOFError(words)

    monkeypatch.setattr(loci_run, "run_loci", end)
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", "-o", tmp_path / "x.tsv")
    assert f"an input ends early ({words or 'no more data'}); expected a whole file" in error


def test_an_end_of_file_while_the_command_line_is_read_is_no_interrupt(
    tmp_path, capsys, monkeypatch
):
    def end(*_arguments, **_options):
        raise click.Abort from EOFError("no footer")

    monkeypatch.setattr(cli, "main", end)
    assert "an input ends early (no footer)" in refused(capsys, tmp_path, 1, "loci")


def test_rows_of_known_loci_that_are_left_out_are_counted(made, tmp_path, capsys):
    (tmp_path / "k.tsv").write_text("chr\tpos\n1\t1,313,219\n1\t1000\n")
    capsys.readouterr()
    words = ("-o", tmp_path / "x.tsv", "--known", tmp_path / "k.tsv")
    assert run("loci", made / "s.h5", *words) == 0
    assert "1 of 2 rows have no single place and are left out" in capsys.readouterr().out


def test_distances_of_genes_are_whole_base_pairs_beside_an_empty_one(made, tmp_path):
    table = pd.read_csv(made / "l.tsv", sep="\t", dtype={"chromosome": str})
    assert table["chromosome"].nunique() > 1
    place = table.iloc[0]
    start = place["position"] + 125_600_999
    (tmp_path / "g.bed").write_text(f"{place['chromosome']}\t{start}\t{start + 9}\tA\n")
    outputs = ("-o", tmp_path / "x.tsv", "--json", tmp_path / "x.json")
    assert run("loci", made / "s.h5", *outputs, "--genes", tmp_path / "g.bed", "-q") == 0
    found = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype=str)["gene_distance"]
    assert found[0] == "125601000"
    assert found.isna().any()
    assert found.dropna().str.fullmatch("[0-9]+").all()
    distances = [
        one["gene_distance"] for one in json.loads((tmp_path / "x.json").read_text())["loci"]
    ]
    assert distances[0] == 125_601_000
    assert None in distances


@pytest.mark.parametrize("overwrite", [False, True])
def test_on_a_full_disk_both_outputs_stay_as_they_were(
    made, tmp_path, capsys, monkeypatch, overwrite
):
    def fill(path, _document):
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    outputs = ("-o", tmp_path / "x.tsv", "--json", tmp_path / "x.json")
    if overwrite:
        (tmp_path / "x.tsv").write_text("old")
        (tmp_path / "x.json").write_text("old")
    monkeypatch.setattr(loci_run, "write_json", fill)
    words = ["--overwrite"] if overwrite else []
    error = refused(capsys, tmp_path, 1, "loci", made / "s.h5", *outputs, *words)
    assert f"{tmp_path / 'x.json'}: the disk is full; expected room" in error
    assert all(path.read_text() == "old" for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("output", "json_output", "message"),
    [
        ("x.tsv", "../{folder}/x.tsv", "are the same file; expected two"),
        ("x.tsv", "x.tsv.lock", "x.tsv.lock, which is needed while x.tsv is written"),
        ("x.json.partial", "x.json", "x.json.partial, which is needed while x.json is written"),
    ],
)
def test_two_outputs_that_would_be_in_each_others_way_are_refused(
    made, tmp_path, capsys, output, json_output, message
):
    second = tmp_path / json_output.format(folder=tmp_path.name)
    error = refused(capsys, tmp_path, 2, "loci", made / "s.h5", "-o", tmp_path / output,
                    "--json", second)  # fmt: skip
    assert message in error


def test_quiet_prints_nothing(made, tmp_path, capsys):
    capsys.readouterr()
    assert run("loci", made / "s.h5", "-o", tmp_path / "x.tsv", "-q") == 0
    assert capsys.readouterr() == ("", "")
