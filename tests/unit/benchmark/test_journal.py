import json

import pytest

from igwas.benchmark.journal import Journal


def test_a_measurement_is_made_once(tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    assert journal.once("a", lambda: {"x": 1}) == {"x": 1}
    assert journal.once("a", lambda: pytest.fail("measured twice")) == {"x": 1}
    assert len(journal) == 1


def test_what_was_measured_before_an_interruption_is_kept(tmp_path):
    path = tmp_path / "j"

    def interrupted():
        raise KeyboardInterrupt

    first = Journal(path, is_resumed=False)
    first.once("a", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        first.once("b", interrupted)
    second = Journal(path, is_resumed=True)
    assert second.once("a", lambda: 9) == 1
    assert second.once("b", lambda: 2) == 2


def test_a_line_that_was_cut_off_is_measured_again(tmp_path):
    path = tmp_path / "j"
    path.write_text(json.dumps(["a", 1]) + '\n["b", 2')
    journal = Journal(path, is_resumed=True)
    assert len(journal) == 1
    assert journal.once("b", lambda: 3) == 3
    assert len(Journal(path, is_resumed=True)) == 2


def test_a_new_run_forgets_the_old_one(tmp_path):
    path = tmp_path / "j"
    Journal(path, is_resumed=False).once("a", lambda: 1)
    assert len(Journal(path, is_resumed=False)) == 0


def test_a_finished_run_leaves_no_journal(tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    journal.once("a", lambda: 1)
    journal.remove()
    assert list(tmp_path.iterdir()) == []
