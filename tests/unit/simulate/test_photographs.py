import csv
import hashlib

import numpy as np
import pytest
from PIL import Image

from igwas.context import Context
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError, ShapeError
from igwas.images.process import process_photographs
from igwas.simulate import photographs
from igwas.simulate.eye_parameters import CAMERAS, EYE_PARAMETERS
from igwas.simulate.photographs import write_photographs

N = len(EYE_PARAMETERS)
ONE = Context(threads=1)


def cohort(n=3, **changes):
    arguments = {
        "participant_id": [f"P{number}" for number in range(n)],
        "scores": np.random.default_rng(1).normal(size=(n, 2, N)),
        "cameras": [CAMERAS[number % 3] for number in range(n)],
        "exposures": np.linspace(0.9, 1.1, n),
        "seeds": list(range(10, 10 + n)),
    }
    return arguments | changes


def write(folder, *, n=3, width=96, context=ONE, **changes):
    options = {name: changes.pop(name) for name in list(changes) if name not in cohort()}
    return write_photographs(
        folder, **cohort(n, **changes), width=width, context=context, **options
    )


def rows_of(manifest):
    with manifest.open(newline="") as stream:
        return list(csv.DictReader(stream))


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.suffix == ".jpg"
    }


def test_each_eye_has_a_photograph_and_a_row(tmp_path):
    manifest = write(tmp_path / "photographs", metadata={"age": [41, 52, 63], "sex": list("FMF")})
    rows = rows_of(manifest)
    assert list(rows[0]) == ["path", "participant_id", "eye", "visit", "camera", "exposure",
                             "age", "sex"]  # fmt: skip
    assert [(row["participant_id"], row["eye"]) for row in rows] == [
        (person, eye) for person in ("P0", "P1", "P2") for eye in ("left", "right")
    ]
    assert [row["camera"] for row in rows[::2]] == [camera.name for camera in CAMERAS]
    assert [row["age"] for row in rows] == ["41", "41", "52", "52", "63", "63"]
    for row in rows:
        with Image.open(manifest.parent / row["path"]) as image:
            assert (image.format, image.width) == ("JPEG", 96)


def test_no_temporary_file_is_left(tmp_path):
    folder = write(tmp_path / "photographs").parent
    assert sorted(path.suffix for path in folder.iterdir()) == [".csv", *[".jpg"] * 6, ".json"]
    assert [path.name for path in tmp_path.iterdir()] == ["photographs"]


def test_the_number_of_processes_changes_no_byte(tmp_path):
    one = write(tmp_path / "one").parent
    two = write(tmp_path / "two", context=Context(threads=2)).parent
    assert digests(one) == digests(two)
    assert (one / "manifest.csv").read_bytes() == (two / "manifest.csv").read_bytes()


def test_eyes_that_are_not_photographed_have_no_row(tmp_path):
    scores = cohort()["scores"]
    scores[1, 0] = np.nan
    rows = rows_of(write(tmp_path / "photographs", scores=scores))
    assert [row["eye"] for row in rows if row["participant_id"] == "P1"] == ["right"]


def test_several_visits_of_an_eye(tmp_path):
    exposures = np.ones((3, 2, 2))
    exposures[0, :, 1] = np.nan
    manifest = write(tmp_path / "photographs", exposures=exposures)
    visits = [(row["participant_id"], row["eye"], row["visit"]) for row in rows_of(manifest)]
    assert len(visits) == 10
    assert ("P0", "left", "1") not in visits
    names = digests(manifest.parent)
    assert names["P1_left_0.jpg"] != names["P1_left_1.jpg"]


def test_exposure_may_differ_between_the_eyes(tmp_path):
    rows = rows_of(write(tmp_path / "photographs", exposures=[[0.8, 1.2]] * 3))
    assert [row["exposure"] for row in rows] == ["0.8", "1.2"] * 3


def test_png_keeps_the_pixels(tmp_path):
    from igwas.simulate.fundus import draw_fundus

    manifest = write(tmp_path / "photographs", suffix=".png")
    with Image.open(manifest.parent / "P1_right.png") as image:
        seen = np.asarray(image)
    drawn = draw_fundus(cohort()["scores"][1, 1], "right", CAMERAS[1], 1.0, 2 * 11 + 1, 96)
    np.testing.assert_array_equal(seen, drawn)


def interrupted(folder, monkeypatch, after=3, **arguments):
    """Stop a call after some photographs, as Ctrl-C does."""

    def stop(done, total):
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(folder, progress=stop, **arguments)


def test_an_interrupted_call_goes_on_and_gives_the_same(tmp_path, monkeypatch):
    whole = write(tmp_path / "whole").parent
    folder = tmp_path / "photographs"
    interrupted(folder, monkeypatch)
    assert not (folder / "manifest.csv").exists()
    kept = {name: (folder / name).stat().st_mtime_ns for name in digests(folder)}
    assert len(kept) == 3
    calls = []
    write(folder, resume=True, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(4, 6), (5, 6), (6, 6)]
    assert digests(folder) == digests(whole)
    assert all((folder / name).stat().st_mtime_ns == then for name, then in kept.items())


def test_going_on_with_a_finished_folder_draws_nothing(tmp_path, monkeypatch):
    manifest = write(tmp_path / "photographs")
    monkeypatch.setattr(photographs, "draw_fundus", None)
    assert write(tmp_path / "photographs", resume=True) == manifest


def test_an_interrupted_folder_needs_a_word(tmp_path, monkeypatch):
    interrupted(tmp_path / "photographs", monkeypatch)
    with pytest.raises(IncompleteFile, match="--resume to go on"):
        write(tmp_path / "photographs")


def test_other_people_are_not_gone_on_with(tmp_path, monkeypatch):
    interrupted(tmp_path / "photographs", monkeypatch)
    with pytest.raises(OutputError, match="of other people or other options"):
        write(tmp_path / "photographs", seeds=[7, 8, 9], resume=True)


def test_overwrite_replaces_what_was_drawn_before(tmp_path):
    folder = write(tmp_path / "photographs", n=4).parent
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists; expected a new folder"):
        write(folder)
    write(folder, overwrite=True)
    assert len(digests(folder)) == 6
    assert (folder / "notes.txt").read_text() == "mine"


def test_what_a_killed_call_left_half_written_is_removed(tmp_path):
    folder = write(tmp_path / "photographs").parent
    (folder / "manifest.csv").unlink()
    (folder / "P1_left.jpg").rename(folder / "P1_left.jpg.partial")
    write(folder, seeds=[4, 5, 6], overwrite=True)
    assert not list(folder.glob("*.partial"))


def test_a_call_killed_at_its_very_start_is_no_obstacle(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    (folder / "photographs.json.partial").write_text("{")
    write(folder)
    assert not list(folder.glob("*.partial"))


DAMAGED = ["", "{", "[]", '{"photographs": 3, "arguments_sha256": ""}', "\0", b"\xff"]


def damage(folder, content):
    (folder / "photographs.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_list_is_said_in_a_line_and_overwrite_draws_again(tmp_path, content):
    folder = write(tmp_path / "photographs", n=4).parent
    (folder / "notes.txt").write_text("mine")
    damage(folder, content)
    for options in ({}, {"resume": True}):
        with pytest.raises(OutputError, match=r"photographs\.json is damaged; .*Give --overwrite"):
            write(folder, **options)
    write(folder, overwrite=True)
    assert len(digests(folder)) == 6  # those of the fourth person are gone
    assert (folder / "notes.txt").read_text() == "mine"
    with pytest.raises(OutputError, match="exists; expected a new folder"):
        write(folder)


def test_photographs_that_a_damaged_list_does_not_know_are_left_alone(tmp_path, monkeypatch):
    folder = tmp_path / "photographs"
    interrupted(folder, monkeypatch)
    damage(folder, "{")
    (folder / "P9_left.png").write_bytes(b"real")
    with pytest.raises(OutputError, match=r"whether P9_left\.png was drawn.*Move it away"):
        write(folder, overwrite=True)
    assert (folder / "P9_left.png").read_bytes() == b"real"
    (folder / "P9_left.png").unlink()
    assert len(rows_of(write(folder, overwrite=True))) == 6


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path, overwrite):
    photograph = tmp_path / "mine" / "P0_left.jpg"
    photograph.parent.mkdir()
    photograph.write_bytes(b"real")
    with pytest.raises(OutputError, match="no simulated photographs"):
        write(photograph.parent, overwrite=overwrite)
    assert photograph.read_bytes() == b"real"


def test_a_full_disk_is_said_in_a_line(tmp_path, monkeypatch):
    def full(path, content):
        if path.suffix == ".jpg":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(photographs, "write_whole", full)
    with pytest.raises(OutputError, match=r"P0_left.jpg cannot be written \(no space left"):
        write(tmp_path / "photographs")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"scores": np.zeros((3, N))}, ShapeError, "3 people, but scores"),
        ({"seeds": [1, 2]}, ShapeError, "2 seeds"),
        ({"exposures": np.ones((3, 3))}, ShapeError, "exposures"),
        ({"exposures": np.ones((3, 2, 1, 1))}, ShapeError, "at most"),
        ({"exposures": 1.0}, ShapeError, "0 exposures"),
        ({"participant_id": []}, InputError, "nobody is photographed"),
        ({"exposures": [1, 1, -1]}, OptionError, "exposure is -1"),
        ({"scores": np.full((3, 2, N), np.nan)}, InputError, "nobody is photographed"),
        ({"scores": np.full((3, 2, N), np.inf)}, ShapeError, "finite"),
        ({"participant_id": ["a", "b", "a"]}, InputError, "'a'"),
        ({"participant_id": ["a", "b", "../c"]}, InputError, "'../c'"),
        ({"participant_id": ["a", "b", "c\n"]}, InputError, "control character"),
        ({"width": 10}, OptionError, "width is 10"),
        ({"suffix": ".gif"}, OptionError, "expected .jpg or .png"),
        ({"metadata": {"eye": [1, 2, 3]}}, InputError, "'eye'"),
        ({"metadata": {"age": [1, 2]}}, ShapeError, "2 values for 3 people"),
    ],
)
def test_bad_arguments_leave_nothing_behind(tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        write(tmp_path / "photographs", **changes)
    assert not any(tmp_path.iterdir())


def test_a_folder_without_a_parent_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist; expected one"):
        write(tmp_path / "absent" / "photographs")


def test_the_images_command_takes_them_whole(tmp_path):
    manifest = write(tmp_path / "photographs", width=320, n=6)
    summary = process_photographs(manifest, tmp_path / "images.h5", context=ONE)
    assert summary.n_images == 12
    # Thin vessels on a strong choroid may be hardly seen.
    assert summary.grades["reject"] <= 1
    assert not summary.wrong_side
    assert not summary.duplicates
    assert not summary.same_eye
    assert not summary.skipped
