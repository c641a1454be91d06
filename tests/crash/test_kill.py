"""kill -9 at random instants: a resumed scan ends with the bits of one that was left alone."""

import random
import time

import h5py
import pytest
from tests import command
from tests.crash.conftest import assoc_arguments
from tests.statistics_arrays import (
    assert_done_blocks_are_final,
    assert_same_bits,
    read_arrays,
)

SEED = 7

# Where a kill falls: what is waited for, and for how long at most the run then goes on, in seconds.
# In this order each goes on from where the one before was killed; "layout" begins anew.
INSTANTS = {
    "layout": ("creating", 0.1),
    "first blocks": ("partial", 0.4),
    "scan": ("new block", 0.4),
    "anywhere": ("start", 3.0),
    "finish": ("all blocks", 0.01),
}


class Files:
    """The names an output has during its life."""

    def __init__(self, output):
        self.output = output
        self.partial = output.with_name(output.name + ".partial")
        self.journal = output.with_name(output.name + ".partial.hits")
        self.creating = output.with_name(output.name + ".creating")

    def n_done(self):
        """Blocks or batches marked done, and all of them; (0, 1) before there are any."""
        try:
            with h5py.File(self.partial, "r") as file:
                done = file["/progress/done"][:]
        except OSError:  # not there yet, or renamed just now
            return 0, 1
        return int((done != 0).sum()), len(done)

    def remove(self):
        for path in (self.output, self.partial, self.journal, self.creating):
            path.unlink(missing_ok=True)


def has_come(event, files, n_before):
    if event == "creating":
        return files.creating.exists() or files.partial.exists()
    if event == "partial":
        return files.partial.exists()
    n_done, n_blocks = files.n_done()
    return {
        "start": True,
        "new block": n_done > n_before,
        "all blocks": n_done == n_blocks,
    }[event]


def run_and_kill(files, cohort, instant, rng):
    """Start or resume the scan and kill it at an instant; False if it ended before that."""
    event, longest = INSTANTS[instant]
    n_before, _ = files.n_done()
    process = command.start(*assoc_arguments(cohort, files.output, "--resume"))
    command.wait_until(process, lambda: has_come(event, files, n_before))
    time.sleep(rng.uniform(0, longest))
    return command.kill(process)


@pytest.mark.parametrize("n_kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_a_scan_killed_again_and_again_ends_as_if_left_alone(tmp_path, cohort, one_run, n_kills):
    rng = random.Random(SEED + n_kills)
    files = Files(tmp_path / "statistics.h5")
    n_killed = 0
    n_final_blocks = 0
    for instant in list(INSTANTS) * (n_kills // len(INSTANTS)):
        if files.output.exists() or instant == "layout":
            files.remove()
        n_killed += run_and_kill(files, cohort, instant, rng)
        if files.output.exists():
            assert_same_bits(read_arrays(files.output), one_run.arrays)
        elif files.partial.exists():
            n_final_blocks += assert_done_blocks_are_final(files.partial, one_run.arrays)
    finished = command.run(*assoc_arguments(cohort, files.output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    assert_same_bits(read_arrays(files.output), one_run.arrays, but=())
    assert sorted(path.name for path in tmp_path.iterdir()) == [files.output.name]
    # Or the scan has become so fast that it ends before it is killed: enlarge the cohort.
    assert n_killed >= n_kills // 2
    assert n_final_blocks > 0
