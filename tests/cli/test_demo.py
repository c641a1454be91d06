"""`igwas-fast demo`, from the command line to what is on the disk."""

import shutil
import subprocess
from functools import partial
from unittest import mock

import pandas as pd
import pytest
from tests import command

from igwas.context import Context
from igwas.demo import DemoOptions

run = partial(command.status, "demo")


def called_with(*arguments: str) -> mock.Mock:
    with mock.patch("igwas.demo.run_demo") as function:
        function.return_value.describe.return_value = ["one", "two"]
        assert run(*arguments) == 0
    return function


def test_options_reach_the_function_unchanged(tmp_path, capsys):
    function = called_with(
        *("-o", str(tmp_path / "d"), "--people", "99", "--variants", "800", "--seed", "6"),
        *("--steps", "7", "--threads", "2", "--overwrite"),
    )
    function.assert_called_once_with(
        tmp_path / "d",
        options=DemoOptions(people=99, variants=800, seed=6, steps=7),
        context=Context(threads=2),
        resume=False,
        overwrite=True,
        say=mock.ANY,
    )
    assert capsys.readouterr().out == "one\ntwo\n"


def test_quiet_prints_nothing_and_hands_no_printer_on(tmp_path, capsys):
    function = called_with("-o", str(tmp_path / "d"), "-q")
    assert function.call_args.kwargs["say"] is None
    assert capsys.readouterr() == ("", "")


def test_a_quiet_demo_prints_nothing_nor_do_its_commands(tmp_path):
    done = command.run(
        *("demo", "-o", tmp_path / "demo", "--without-photographs", "--people", "200"),
        *("--variants", "800", "--phenotypes", "8", "--threads", "1", "-q"),
        timeout=600,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_quick_demo_is_one_option(tmp_path):
    function = called_with("-o", str(tmp_path / "d"), "--without-photographs", "--phenotypes", "9")
    assert function.call_args.kwargs["options"] == DemoOptions(photographs=False, phenotypes=9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--people", "5"), "--people is 5; expected 80 or more"),
        (("--phenotypes", "5"), "the encoder makes them"),
        (("--steps", "5", "--without-photographs"), "no encoder is trained"),
        (("--resume", "--overwrite"), "both given"),
    ],
)
def test_bad_usage_is_one_clear_line_and_status_2(tmp_path, capsys, arguments, message):
    assert run("-o", str(tmp_path / "d"), *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "d").exists()


def test_a_folder_that_holds_something_else_is_one_clear_line_and_status_1(tmp_path, capsys):
    (tmp_path / "notes.txt").touch()
    assert run("-o", str(tmp_path)) == 1
    assert "holds other files and no demo" in capsys.readouterr().err


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A finished demo without photographs: folder, and what it printed."""
    folder = tmp_path_factory.mktemp("quick") / "demo"
    done = command.run(
        *("demo", "-o", folder, "--without-photographs", "--people", "1500"),
        *("--variants", "4000", "--phenotypes", "16", "--threads", "1"),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_a_quick_demo_finds_planted_loci_and_no_false_ones(quick):
    folder, printed = quick
    assert "planted loci with a power above 90% found" in printed
    planted = pd.read_csv(folder / "planted.tsv", sep="\t")
    found = planted["omnibus"] | planted["minimum p"]
    assert found[planted["omnibus_power"] > 0.9].all()
    assert "power: in the omnibus test of all phenotypes" in printed
    assert found.sum() >= 3
    assert "false: " not in printed
    assert "slope" in printed


def test_a_quick_demo_ends_with_a_report(quick):
    folder, printed = quick
    assert printed.splitlines()[-1].endswith("report.html")
    assert "igwas-fast demo" in (folder / "report.html").read_text()
    for name in ("genotypes.h5", "statistics.h5", "loci.tsv", "loci.json", "cohort/truth.tsv"):
        assert (folder / name).exists(), name


def test_the_commands_of_a_demo_are_printed_and_can_be_repeated(quick):
    folder, printed = quick
    commands = [line for line in printed.splitlines() if line.startswith("$ igwas-fast")]
    assert [line.split()[2] for line in commands] == [
        "simulate", "genotypes", "assoc", "loci", "report",
    ]  # fmt: skip
    script = (folder / "commands.sh").read_text()
    assert "igwas-fast loci statistics.h5 --genotypes genotypes.h5" in script
    assert subprocess.run(["bash", "-n", folder / "commands.sh"], check=False).returncode == 0


def test_a_finished_demo_is_kept_unless_told_and_shown_again_on_resume(quick, capsys):
    folder, printed = quick
    arguments = ("-o", str(folder), "--without-photographs", "--people", "1500",
                 "--variants", "4000", "--phenotypes", "16")  # fmt: skip
    assert run(*arguments) == 1
    assert "holds a demo; expected a new folder" in capsys.readouterr().err
    assert run(*arguments, "--resume") == 0
    again = capsys.readouterr().out
    assert "$ igwas-fast" not in again
    assert again.split("Planted")[1] == printed.split("Planted")[1]


def test_a_finished_demo_whose_files_are_damaged_makes_them_again(quick, tmp_path):
    folder, printed = tmp_path / "demo", quick[1]
    shutil.copytree(quick[0], folder)
    whole = (folder / "loci.tsv").read_bytes()
    (folder / "loci.tsv").write_bytes(whole[: len(whole) // 2])
    (folder / "report.html").unlink()
    done = command.run(
        *("demo", "-o", folder, "--without-photographs", "--people", "1500"),
        *("--variants", "4000", "--phenotypes", "16", "--threads", "1", "--resume"),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{folder / 'loci.tsv'} is missing or altered since loci made it")
    commands = [line.split()[2] for line in lines if line.startswith("$ igwas-fast")]
    assert commands == ["loci", "report"]
    assert (folder / "loci.tsv").read_bytes() == whole
    assert (folder / "report.html").exists()
    found = [line for line in lines if "planted loci" in line]
    assert found == [line for line in printed.splitlines() if "planted loci" in line]


def test_a_demo_whose_command_fails_says_where_and_how_to_go_on(tmp_path):
    folder = tmp_path / "d"
    arguments = ("demo", "-o", folder, "--without-photographs", "--people", "200",
                 "--variants", "600", "--phenotypes", "4", "--threads", "1")  # fmt: skip
    # A genotypes.h5 that may not be replaced: the demo stops at that command.
    (folder / "genotypes.h5").mkdir(parents=True)
    (folder / "demo.json").write_text("{}")
    done = command.run(*arguments, "--overwrite", timeout=300)
    assert done.returncode == 1
    assert "the demo stopped at igwas-fast genotypes" in done.stderr
    (folder / "genotypes.h5").rmdir()
    done = command.run(*arguments, "--resume", timeout=300)
    assert done.returncode == 0, done.stderr
    assert "$ igwas-fast simulate" not in done.stdout


def test_a_small_demo_with_photographs_runs_from_end_to_end(tmp_path):
    folder = tmp_path / "demo"
    done = command.run(
        *("demo", "-o", folder, "--people", "80", "--variants", "1000", "--steps", "4"),
        *("--threads", "1"),
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert "left minus right (negative control): 0 loci" in done.stdout
    for name in ("images.h5", "encoder.onnx", "embeddings.h5", "audit.json", "phenotypes.h5",
                 "statistics.h5", "report.html", "planted.tsv"):  # fmt: skip
        assert (folder / name).exists(), name


@pytest.mark.slow
def test_the_demo_of_full_size_finds_clear_loci_and_no_false_one(tmp_path):
    folder = tmp_path / "demo"
    done = command.run("demo", "-o", folder, timeout=7200)
    assert done.returncode == 0, done.stderr
    planted = pd.read_csv(folder / "planted.tsv", sep="\t")
    found = planted["omnibus"] | planted["minimum p"]
    assert found[planted["power"] > 0.9].all(), done.stdout
    assert "false: " not in done.stdout
    assert "left minus right (negative control): 0 loci" in done.stdout
