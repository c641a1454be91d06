import pytest

from igwas.demo import made_files
from igwas.demo.made_files import describe_made, find_altered


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cohort" / "photographs").mkdir(parents=True)
    for name in ("one.h5", "cohort/truth.tsv", "cohort/photographs/a.jpg"):
        (tmp_path / name).write_bytes(bytes(range(200)))
    return tmp_path


MADE = ("cohort", "one.h5")


def test_what_was_made_is_recognised(folder):
    described = describe_made(folder, MADE)
    assert list(described) == ["cohort/photographs/a.jpg", "cohort/truth.tsv", "one.h5"]
    assert described["one.h5"].startswith("200 ")
    assert find_altered(folder, MADE, described) == ""


@pytest.mark.parametrize("name", ["one.h5", "cohort/truth.tsv", "cohort/photographs/a.jpg"])
@pytest.mark.parametrize("content", [bytes(100), bytes(range(199)) + b"x", None])
def test_a_shorter_another_and_a_missing_file_are_named(folder, name, content):
    described = describe_made(folder, MADE)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert find_altered(folder, MADE, described) == name


def test_what_is_made_on_the_way_does_not_count(folder):
    described = describe_made(folder, MADE)
    for name in ("cohort.json.lock", "images.cache", "notes.txt"):
        (folder / "cohort" / name).touch()
    assert "cohort/images.cache" not in describe_made(folder, MADE)
    assert find_altered(folder, MADE, described) == ""


def test_without_a_description_files_need_only_be_there(folder):
    (folder / "one.h5").write_bytes(b"")
    assert find_altered(folder, MADE, None) == ""
    (folder / "one.h5").unlink()
    assert find_altered(folder, MADE, None) == "one.h5"


def test_a_large_file_is_recognised_by_its_parts(folder, monkeypatch):
    monkeypatch.setattr(made_files, "_MOST_WHOLE_BYTES", 100)
    described = describe_made(folder, MADE)
    assert find_altered(folder, MADE, described) == ""
    (folder / "one.h5").write_bytes(bytes(200))
    assert find_altered(folder, MADE, described) == "one.h5"
