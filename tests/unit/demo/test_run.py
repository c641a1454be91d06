"""The demo's running of commands, with commands that take no time."""

import json
from unittest import mock

import pytest

from igwas.context import Context
from igwas.demo import DemoOptions, run_demo
from igwas.demo.stages import Stage
from igwas.errors import IgwasError, IncompleteFile, InputError, OptionError, OutputError

OPTIONS = DemoOptions(people=100, variants=100)


def demo(folder, **settings):
    """Run it with a listener, as a person would."""
    return run_demo(folder, **{"say": print, **settings})


class Commands:
    """Stands for `igwas-fast`: makes the stage's file, or stops half way where it is told to."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.stops_at = ""

    def __call__(self, runner, arguments: list[str]) -> int:
        self.ran.append(arguments)
        name = arguments[0]
        if name == self.stops_at:
            (runner._folder / f"{name}.partial").touch()
            return 1
        (runner._folder / name).write_text(f"what {name} made\n")
        return 0


@pytest.fixture
def commands(monkeypatch):
    stages = [
        Stage("simulate", ("simulate",), "simulate", has_threads=False),
        Stage("images", ("images", "a b"), "images", "images.partial"),
        Stage("report", ("report",), "report"),
    ]
    fake = Commands()
    monkeypatch.setattr("igwas.demo.run.make_stages", lambda options: stages)
    monkeypatch.setattr("igwas.demo.run._Runner._execute", lambda *words: fake(*words))
    monkeypatch.setattr("igwas.demo.run.read_result", mock.Mock())
    return fake


def test_every_command_runs_once_and_is_said(tmp_path, commands):
    said = []
    demo(tmp_path / "d", options=OPTIONS, context=Context(threads=2), say=said.append)
    assert commands.ran == [["simulate"], ["images", "a b", "--threads", "2"],
                            ["report", "--threads", "2"]]  # fmt: skip
    assert said[1] == "$ igwas-fast images 'a b' --threads 2"


def test_without_a_listener_the_commands_are_quiet(tmp_path, commands):
    run_demo(tmp_path / "d", options=OPTIONS)
    assert commands.ran == [["simulate", "-q"], ["images", "a b", "-q"], ["report", "-q"]]
    assert "-q" not in (tmp_path / "d" / "commands.sh").read_text()


def test_the_commands_are_left_as_a_script(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    lines = (tmp_path / "d" / "commands.sh").read_text().splitlines()
    assert lines[1:] == ["set -eu", "igwas-fast simulate", "igwas-fast images 'a b'",
                         "igwas-fast report"]  # fmt: skip


def test_a_command_that_fails_stops_the_demo_and_says_how_to_go_on(tmp_path, commands):
    commands.stops_at = "images"
    with pytest.raises(IgwasError, match=r"stopped at igwas-fast images.*--resume"):
        demo(tmp_path / "d", options=OPTIONS)


def test_an_interrupted_demo_says_how_to_go_on(tmp_path, commands, monkeypatch):
    def interrupt(*words) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("igwas.demo.run._Runner._execute", interrupt)
    with pytest.raises(KeyboardInterrupt) as stop:
        demo(tmp_path / "d", options=OPTIONS)
    assert stop.value.__notes__ == [
        "simulate was not finished: the same command with --resume goes on"
    ]


def test_a_resumed_demo_goes_on_where_it_stopped(tmp_path, commands):
    commands.stops_at = "images"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS)
    commands.stops_at = ""
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == [["images", "a b", "--resume"], ["report"]]
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == []


def test_a_killed_demo_goes_on_too(tmp_path, commands):
    commands.stops_at = "report"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS)
    # What finished although the account of it was not written is made again.
    (tmp_path / "d" / "report").touch()
    commands.stops_at = ""
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == [["report", "--overwrite"]]


def test_an_earlier_demo_is_kept_unless_told(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    with pytest.raises(IncompleteFile, match=r"holds a demo.*--resume.*--overwrite"):
        demo(tmp_path / "d", options=OPTIONS)
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, overwrite=True)
    assert commands.ran == [["simulate", "--overwrite"], ["images", "a b", "--overwrite"],
                            ["report", "--overwrite"]]  # fmt: skip


def test_leftovers_of_an_older_demo_are_never_resumed(tmp_path, commands):
    commands.stops_at = "images"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS)
    commands.stops_at = "simulate"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS, overwrite=True)
    commands.stops_at = ""
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran[1] == ["images", "a b", "--overwrite"]


def test_what_follows_a_changed_command_runs_again(tmp_path, commands, monkeypatch):
    demo(tmp_path / "d", options=OPTIONS)
    changed = [
        Stage("simulate", ("simulate",), "simulate"),
        Stage("images", ("images", "c"), "images", "images.partial"),
        Stage("report", ("report",), "report"),
    ]
    monkeypatch.setattr("igwas.demo.run.make_stages", lambda options: changed)
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == [["images", "c", "--overwrite"], ["report", "--overwrite"]]
    account = json.loads((tmp_path / "d" / "demo.json").read_text())
    assert [one["stage"] for one in account["finished"]] == ["simulate", "images", "report"]


@pytest.mark.parametrize("damage", [lambda path: path.write_text("another, as long\n"),
                                    lambda path: path.write_text("what"),
                                    lambda path: path.unlink()])  # fmt: skip
def test_an_altered_file_is_made_again_and_so_is_what_follows(tmp_path, commands, damage):
    demo(tmp_path / "d", options=OPTIONS)
    damage(tmp_path / "d" / "images")
    is_there = (tmp_path / "d" / "images").exists()
    commands.ran.clear()
    said = []
    demo(tmp_path / "d", options=OPTIONS, resume=True, say=said.append)
    how = ["--overwrite"] if is_there else []
    assert commands.ran == [["images", "a b", *how], ["report", "--overwrite"]]
    assert said[0] == (
        f"{tmp_path / 'd' / 'images'} is missing or altered since images made it: images and what "
        "follows run again"
    )
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == []


def test_what_follows_an_altered_file_never_counts_as_finished(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    (tmp_path / "d" / "simulate").unlink()
    commands.stops_at = "images"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS, resume=True)
    commands.stops_at = ""
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    # Begun over older files: its images.partial may be theirs.
    assert commands.ran == [["images", "a b", "--overwrite"], ["report", "--overwrite"]]


def test_an_interrupted_command_is_not_gone_on_with_after_other_input(tmp_path, commands):
    commands.stops_at = "images"
    with pytest.raises(IgwasError):
        demo(tmp_path / "d", options=OPTIONS)
    (tmp_path / "d" / "simulate").write_text("damaged")
    commands.stops_at = ""
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran[:2] == [["simulate", "--overwrite"], ["images", "a b", "--overwrite"]]


def test_an_account_without_digests_needs_the_files_to_be_there(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    path = tmp_path / "d" / "demo.json"
    account = json.loads(path.read_text())
    for one in account["finished"]:
        del one["files"]
    del account["is_over_older"]
    path.write_text(json.dumps(account))
    (tmp_path / "d" / "report").unlink()
    commands.ran.clear()
    demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert commands.ran == [["report"]]


@pytest.mark.parametrize("resume", [False, True])
def test_a_demo_that_found_no_room_for_its_account_can_begin_again(tmp_path, commands, resume):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "demo.json.partial").touch()
    demo(folder, options=OPTIONS, resume=resume)
    assert len(commands.ran) == 3
    assert not (folder / "demo.json.partial").exists()


def test_an_account_that_cannot_be_written_leaves_nothing(tmp_path, commands, monkeypatch):
    def full(path, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        demo(tmp_path / "d", options=OPTIONS)
    assert list((tmp_path / "d").iterdir()) == []


def test_other_options_are_not_gone_on_with(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    with pytest.raises(IncompleteFile, match="people 100 there, 101 here"):
        demo(tmp_path / "d", options=DemoOptions(people=101, variants=100), resume=True)


def test_a_folder_of_other_files_is_left_alone(tmp_path, commands):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "notes.txt").touch()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="holds other files and no demo"):
            demo(folder, options=OPTIONS, overwrite=overwrite)
    assert commands.ran == []


def test_places_that_cannot_be_are_errors(tmp_path, commands):
    with pytest.raises(OutputError, match="does not exist"):
        demo(tmp_path / "no" / "d", options=OPTIONS)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        demo(tmp_path / "file", options=OPTIONS)
    with pytest.raises(OptionError, match="both given"):
        demo(tmp_path / "d", options=OPTIONS, resume=True, overwrite=True)


def test_a_damaged_account_is_one_clear_error(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    account = tmp_path / "d" / "demo.json"
    account.write_text(json.dumps({"settings": {}}))
    with pytest.raises(InputError, match="Start again with --overwrite"):
        demo(tmp_path / "d", options=OPTIONS, resume=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"settings": [1]}, r"settings is '\[1\]'"),
        ({"finished": [7]}, "must be a mapping"),
        ({"files": "abc"}, "files is 'abc'"),
        ({"files": {"loci.tsv": 5}}, "files of 'simulate' has 5 for 'loci.tsv'"),
        ({"seconds": "x"}, "seconds of 'simulate' is 'x'"),
        ({"cpu_seconds": None}, "cpu_seconds of 'simulate' is None"),
        ({"stage": 3}, "stage of 3 is 3"),
        ([], r"it is '\[\]'"),
    ],
)
def test_an_account_with_a_value_of_another_kind_is_one_clear_error(
    tmp_path, commands, damage, message
):
    demo(tmp_path / "d", options=OPTIONS)
    account = tmp_path / "d" / "demo.json"
    content = json.loads(account.read_text())
    if not damage or damage.keys() <= content.keys():
        content = content | damage if damage else damage
    else:
        content["finished"][0] |= damage
    account.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message) as caught:
        demo(tmp_path / "d", options=OPTIONS, resume=True)
    assert "\n" not in str(caught.value)


def test_time_is_kept_by_command(tmp_path, commands):
    demo(tmp_path / "d", options=OPTIONS)
    account = json.loads((tmp_path / "d" / "demo.json").read_text())
    assert [one["stage"] for one in account["finished"]] == ["simulate", "images", "report"]
    assert all(one["seconds"] >= 0 for one in account["finished"])
