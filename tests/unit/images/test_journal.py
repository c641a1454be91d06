"""The journal of finished photographs: what was written is what is read, also after a kill."""

import os

import pytest

from igwas.errors import CorruptFile, IncompleteFile
from igwas.images.journal import Journal

SETTINGS = {"size_px": 96, "views": []}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "images.h5.partial"
    with Journal(path, SETTINGS, resume=False) as journal:
        journal.append("one", {"grade": "keep"}, [b"abc", b""])
        journal.append("two \u5f20", {"measures": [1.5, None]}, [b"x" * 1000])
    return path


def test_what_was_appended_is_there_when_gone_on_with(path):
    with Journal(path, SETTINGS, resume=True) as journal:
        assert list(journal.entries) == ["one", "two \u5f20"]
        assert journal.entries["one"][0]["grade"] == "keep"
        assert journal.entries["two \u5f20"][0]["measures"] == [1.5, None]
        assert journal.arrays("one") == [b"abc", b""]
        assert journal.arrays("two \u5f20") == [b"x" * 1000]


def test_every_cut_leaves_whole_records_and_can_be_appended_to(path, tmp_path):
    content = path.read_bytes()
    cut = tmp_path / "cut"
    for length in range(0, len(content), 13):
        cut.write_bytes(content[:length])
        with Journal(cut, SETTINGS, resume=True) as journal:
            kept = list(journal.entries)
            assert kept in ([], ["one"])
            journal.append("new", {}, [b"y"])
        with Journal(cut, SETTINGS, resume=True) as journal:
            assert list(journal.entries) == [*kept, "new"]
            assert journal.arrays("new") == [b"y"]


def test_a_changed_byte_ends_the_file_there(path):
    content = bytearray(path.read_bytes())
    content[-500] ^= 1
    path.write_bytes(content)
    with Journal(path, SETTINGS, resume=True) as journal:
        assert list(journal.entries) == ["one"]


def test_a_byte_changed_while_it_is_open_is_noticed(path):
    with Journal(path, SETTINGS, resume=True) as journal:
        with path.open("r+b") as file:
            file.seek(-500, os.SEEK_END)
            file.write(b"z")
        with pytest.raises(CorruptFile, match=r"damaged at 'two .'; expected"):
            journal.arrays("two \u5f20")


def test_other_settings_are_not_gone_on_with_and_nothing_is_lost(path):
    before = path.read_bytes()
    with pytest.raises(IncompleteFile, match="made with other options"):
        Journal(path, {**SETTINGS, "size_px": 128}, resume=True)
    assert path.read_bytes() == before


def test_without_resume_it_starts_anew(path):
    with Journal(path, SETTINGS, resume=False) as journal:
        assert journal.entries == {}
