"""Shards scanned apart, one of them killed and resumed, and merged: the bits of one run."""

import random

from tests import command
from tests.crash.conftest import assoc_arguments
from tests.crash.test_kill import SEED, Files
from tests.statistics_arrays import assert_same_bits, read_arrays

N_SHARDS = 3


def test_three_shards_merge_to_the_bits_of_one_run(tmp_path, cohort, one_run):
    rng = random.Random(SEED)
    shards = [tmp_path / f"shard_{number}.h5" for number in range(1, N_SHARDS + 1)]
    for number, shard in enumerate(shards, 1):
        arguments = assoc_arguments(cohort, shard, "--shard", f"{number}/{N_SHARDS}")
        if number == 2:
            _start_and_kill(arguments, Files(shard), rng)
            arguments = (*arguments, "--resume")
        finished = command.run(*arguments)
        assert finished.returncode == 0, finished.stderr
    rng.shuffle(shards)
    merged = tmp_path / "merged.h5"
    finished = command.run("merge", *shards, "-o", merged)
    assert finished.returncode == 0, finished.stderr
    assert_same_bits(read_arrays(merged), one_run.arrays, but=())
    assert not list(tmp_path.glob("*.partial*"))


def _start_and_kill(arguments, files, rng):
    process = command.start(*arguments)
    command.wait_until(process, files.partial.exists)
    try:
        process.wait(rng.uniform(0.05, 0.3))
    except command.subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
