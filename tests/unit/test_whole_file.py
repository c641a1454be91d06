"""A file appears whole or not at all, and a refused write is one line that names it."""

import errno

import pytest

from igwas.errors import OutputError
from igwas.whole_file import output_error, whole_file


def begin_and_fail(path, error):
    with whole_file(path) as partial:
        partial.write_text("ne")
        raise error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (
            OSError("write failed: errno = 28, error message = 'No space left on device'"),
            "disk is full",
        ),
        (OSError(errno.EFBIG, "File too large"), "file too large; expected room"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied; expected to"),
        (OSError("unable to lock\nsecond line"), "unable to lock; expected to"),
    ],
)
def test_system_errors_become_one_line(tmp_path, error, text):
    message = str(output_error(tmp_path / "s.h5", error))
    assert text in message
    assert "\n" not in message


def test_the_file_gets_its_name_when_all_is_written(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as partial:
        partial.write_text("new")
        assert not path.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "new"


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"a\.txt: the disk is full.*--resume"):
        begin_and_fail(path, OSError(errno.ENOSPC, "No space left on device"))
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_whatever_stops_it_leaves_nothing(tmp_path, kind):
    with pytest.raises(kind):
        begin_and_fail(tmp_path / "a.txt", kind())
    assert list(tmp_path.iterdir()) == []
