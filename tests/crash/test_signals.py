"""Ctrl-C and the signal of a batch system that ends a job: what is done is kept."""

import signal

import pytest
from tests import command
from tests.crash.conftest import assoc_arguments
from tests.crash.test_kill import Files
from tests.statistics_arrays import (
    assert_done_blocks_are_final,
    assert_same_bits,
    read_arrays,
)


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
def test_an_interrupted_scan_goes_on_where_it_was(tmp_path, cohort, one_run, number, status, words):
    files = Files(tmp_path / "statistics.h5")
    process = command.start(*assoc_arguments(cohort, files.output))
    command.wait_until(process, lambda: files.n_done()[0] > 0)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == status, stderr
    assert stderr.startswith(f"{words}; {files.partial} keeps the "), stderr
    assert stderr.endswith("of variants done: go on with --resume\n")
    assert stderr.count("\n") == 1
    assert not files.output.exists()
    assert assert_done_blocks_are_final(files.partial, one_run.arrays) > 0

    refused = command.run(*assoc_arguments(cohort, files.output))
    assert refused.returncode == 1
    assert len(command.error_lines(refused.stderr)) == 1
    assert "--resume" in refused.stderr

    finished = command.run(*assoc_arguments(cohort, files.output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    assert_same_bits(read_arrays(files.output), one_run.arrays, but=())


def test_resuming_a_finished_scan_changes_nothing(tmp_path, cohort, one_run):
    output = tmp_path / "statistics.h5"
    output.write_bytes(one_run.path.read_bytes())
    before = output.read_bytes()
    finished = command.run(*assoc_arguments(cohort, output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    assert output.read_bytes() == before


def test_resume_refuses_what_other_options_began(tmp_path, cohort):
    files = Files(tmp_path / "statistics.h5")
    process = command.start(*assoc_arguments(cohort, files.output))
    command.wait_until(process, files.partial.exists)
    command.kill(process)
    refused = command.run(*assoc_arguments(cohort, files.output, "--resume", "--missing", "drop"))
    assert refused.returncode == 1
    assert len(command.error_lines(refused.stderr)) == 1
    assert "other inputs or options" in refused.stderr
    assert files.partial.exists()


def test_an_interrupted_overwrite_can_be_resumed(tmp_path, cohort, one_run):
    files = Files(tmp_path / "statistics.h5")
    arguments = assoc_arguments(cohort, files.output, "--extract", tmp_path / "some.txt")
    (tmp_path / "some.txt").write_text("v1\nv2\n")
    assert command.run(*arguments).returncode == 0
    process = command.start(*assoc_arguments(cohort, files.output, "--overwrite"))
    command.wait_until(process, files.partial.exists)
    command.kill(process)
    assert files.output.exists()
    finished = command.run(*assoc_arguments(cohort, files.output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    assert_same_bits(read_arrays(files.output), one_run.arrays, but=())
    assert not files.partial.exists()
