"""Worker processes: answers in order; one that is killed costs its own item only."""

import os
import signal

import pytest

from igwas.images.worker_pool import WorkerDied, run_each


def double_or_die(item):
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * item


def test_a_killed_process_costs_its_own_item_only():
    results = dict(run_each(double_or_die, range(12), 2))
    assert results.pop(5) == WorkerDied()
    assert results == {item: 2 * item for item in range(12) if item != 5}


@pytest.mark.parametrize("n_workers", [1, 2])
def test_answers_come_in_the_order_of_the_items(n_workers):
    answers = list(run_each(abs, [-3, 1, -2, 0, -7], n_workers))
    assert answers == [(-3, 3), (1, 1), (-2, 2), (0, 0), (-7, 7)]


def test_an_error_of_the_function_is_raised_and_no_process_is_left():
    with pytest.raises(TypeError):
        list(run_each(abs, [1, "x"], 2))
