import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from tests import command

from igwas.context import Context
from igwas.genotypes.convert import ConvertOptions, ConvertSummary
from igwas.genotypes.sample_tables import make_samples

run = partial(command.status, "genotypes")


@pytest.fixture
def bed(tmp_path):
    (tmp_path / "x.bed").write_bytes(b"\x6c\x1b\x01" + bytes([0b00_10_11_01, 0b11_11_11_11]))
    (tmp_path / "x.bim").write_text("1 a 0 5 A C\nX b 0 9 G T\n")
    (tmp_path / "x.fam").write_text("".join(f"F{i} P{i} 0 0 {i % 3} -9\n" for i in range(4)))
    return tmp_path / "x.bed"


@pytest.fixture
def convert(tmp_path):
    summary = ConvertSummary(tmp_path / "o.h5", "hardcalls", make_samples(["A"], source="x"))
    summary.counts = Counter()
    with mock.patch("igwas.genotypes.convert.convert", return_value=summary) as mocked:
        yield mocked


def test_defaults_reach_the_function(convert):
    assert run("x.bed", "-o", "o.h5") == 0
    convert.assert_called_once_with(
        Path("x.bed"), Path("o.h5"), options=ConvertOptions(), context=Context(), progress=None
    )


def test_every_option_reaches_the_function(convert, tmp_path):
    sample, sex = tmp_path / "s.sample", tmp_path / "sex.txt"
    sample.touch()
    sex.touch()
    code = run(
        "x.bgen", "-o", "o.h5", "--field", "DS", "--dosage-bits", 16, "--half-calls", "haploid",
        "--bgen-alleles", "ref-last", "--sample-file", sample, "--sex-file", sex,
        "--allow-unknown-chromosomes", "--compression-level", 9, "--raw", "--rows-per-chunk", 7,
        "--overwrite", "--threads", 3,
    )  # fmt: skip
    assert code == 0
    assert convert.call_args.kwargs["options"] == ConvertOptions(
        field="DS", dosage_bits=16, half_calls="haploid", bgen_alleles="ref-last",
        sample_file=sample, sex_file=sex, allow_unknown_chromosomes=True, compression_level=9,
        raw=True, rows_per_chunk=7, overwrite=True,
    )  # fmt: skip
    assert convert.call_args.kwargs["context"] == Context(threads=3)


def test_account_is_printed(bed, capsys):
    assert run(bed, "-o", bed.with_name("o.h5")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "samples    4 (2 unknown, 1 male, 1 female)"
    assert lines[2] == "variants   2"
    assert lines[3:5] == ["  1        1", "  X        1"]
    assert lines[5] == "missing    12.5000% of genotypes"
    assert "samples of unknown sex" in lines[6]


def test_help_ends_with_an_example(capsys):
    assert run("--help") == 0
    assert "igwas-fast genotypes cohort.bed -o genotypes.h5" in capsys.readouterr().out


def test_bad_data_is_one_line_and_exit_1(bed, capsys):
    bed.write_bytes(bed.read_bytes()[:-1])
    assert run(bed, "-o", bed.with_name("o.h5")) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not bed.with_name("o.h5").exists()


def test_existing_output_is_exit_1_and_wrong_option_exit_2(bed, capsys):
    bed.with_name("o.h5").touch()
    assert run(bed, "-o", bed.with_name("o.h5")) == 1
    assert run(bed, "-o", bed.with_name("n.h5"), "--field", "DS") == 2
    assert run(bed, "-o", bed.with_name("n.h5"), "--field", "XX") == 2
    assert run(bed) == 2
    capsys.readouterr()


def test_missing_source_and_missing_folder_are_exit_1(bed, capsys):
    assert run(bed.with_name("no.bed"), "-o", bed.with_name("o.h5")) == 1
    assert "no.bed does not exist" in capsys.readouterr().err
    assert run(bed, "-o", bed.parent / "nowhere" / "o.h5") == 1
    assert "nowhere does not exist" in capsys.readouterr().err


def test_command_runs_end_to_end(bed):
    from igwas.genotypes.genotype_file import open_genotypes

    out = bed.with_name("o.h5")
    command = [sys.executable, "-c", "from igwas.cli.main import main; main()"]
    done = subprocess.run([*command, "genotypes", bed, "-o", out], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with open_genotypes(out) as genotypes:
        np.testing.assert_array_equal(genotypes[:], [[np.nan, 0, 1, 2], [0, 0, 0, 0]])
