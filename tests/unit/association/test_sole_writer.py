"""One process at a time writes an output."""

import pytest

from igwas.association.sole_writer import sole_writer
from igwas.association.statistics_writer import Paths
from igwas.errors import OutputError


def test_a_second_writer_is_refused(tmp_path):
    paths = Paths(tmp_path / "statistics.h5")
    with (
        sole_writer(paths),
        pytest.raises(OutputError, match="being written by another process"),
        sole_writer(paths),
    ):
        pass


def test_the_lock_leaves_nothing_and_can_be_taken_again(tmp_path):
    paths = Paths(tmp_path / "statistics.h5")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), sole_writer(paths):
            raise ZeroDivisionError
        assert list(tmp_path.iterdir()) == []


def test_a_lock_file_left_by_a_killed_process_is_no_lock(tmp_path):
    paths = Paths(tmp_path / "statistics.h5")
    paths.lock.touch()
    with sole_writer(paths):
        pass
    assert not paths.lock.exists()
