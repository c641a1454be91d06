"""A run over photographs of which some are hostile: reported, never a crash, never a hang."""

import os
import signal

import h5py
import pytest
from tests import command
from tests.fundus_pictures import write_folder

from igwas import _core
from igwas.context import Context
from igwas.errors import InputError
from igwas.images import process
from igwas.images.images_file import read_images
from igwas.images.one_photograph import process_one
from igwas.images.options import ImagesOptions
from igwas.images.source_list import list_sources

SMALL = {"size_px": 64}


def die_at_the_second_person(task):
    if task.path.name == "P1_left.png":
        os.kill(os.getpid(), signal.SIGKILL)
    return process_one(task)


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path / "photographs", people=2)
    return tmp_path / "photographs"


def skipped(output):
    with read_images(output) as images:
        reasons = images.skipped
        names = [path.rsplit("/", 1)[1] for path in reasons["path"]]
        return dict(zip(names, reasons["reason"], strict=True)), list(images.table["image_id"])


def test_a_worker_killed_over_a_photograph_is_reported_and_the_rest_is_done(
    monkeypatch, folder, tmp_path
):
    monkeypatch.setattr(process, "process_one", die_at_the_second_person)
    output = tmp_path / "images.h5"
    summary = process.process_photographs(
        folder, output, options=ImagesOptions(**SMALL), context=Context(threads=2)
    )
    reasons, stored = skipped(output)
    assert summary.n_images == 3
    assert reasons == {
        "P1_left.png": "its process was killed: out of memory, or it crashes the decoder"
    }
    assert stored == ["P0_left", "P0_right", "P1_right"]
    assert not (tmp_path / "images.h5.partial").exists()


def test_a_file_gone_after_it_was_listed_is_reported(monkeypatch, folder, tmp_path):
    def list_and_lose(source):
        found = list_sources(source)
        (folder / "P0_left.png").unlink()
        return found

    monkeypatch.setattr(process, "list_sources", list_and_lose)
    output = tmp_path / "images.h5"
    process.process_photographs(
        folder, output, options=ImagesOptions(**SMALL), context=Context(threads=1)
    )
    reasons, stored = skipped(output)
    assert reasons == {"P0_left.png": "it cannot be read (no such file or directory)"}
    assert stored == ["P0_right", "P1_left", "P1_right"]


def test_pipes_loops_and_folders_are_reported(folder, tmp_path):
    os.mkfifo(folder / "pipe_left.jpg")
    (folder / "loop_left.jpg").symlink_to(folder / "loop_left.jpg")
    (folder / "gone_left.jpg").symlink_to(folder / "nowhere")
    (folder / "folder_left.jpg").mkdir()
    output = tmp_path / "images.h5"
    process.process_photographs(
        folder, output, options=ImagesOptions(**SMALL), context=Context(threads=1)
    )
    reasons, stored = skipped(output)
    assert len(stored) == 4
    assert reasons == {
        "folder_left.jpg": "it is a folder or a device, not a file",
        "gone_left.jpg": "it cannot be read (no such file or directory)",
        "loop_left.jpg": "it cannot be read (too many levels of symbolic links)",
        "pipe_left.jpg": "it is a folder or a device, not a file",
    }


def test_a_manifest_row_without_a_picture_is_reported_and_its_columns_are_kept(folder, tmp_path):
    manifest = folder / "m.csv"
    manifest.write_text(
        "path,eid,eye,visit,site\nP0_left.png,5,R,2,north\n.,6,L,,south\nabsent.png,7,L,,east\n"
    )
    output = tmp_path / "images.h5"
    process.process_photographs(
        manifest, output, options=ImagesOptions(**SMALL), context=Context(threads=1)
    )
    with read_images(output) as images:
        row = images.table.iloc[0]
        assert (row["participant_id"], row["eye"], row["visit"]) == ("5", "right", "2")
        assert row["is_mirrored"] == 1
        assert images.metadata["site"].tolist() == ["north"]
        assert len(images.skipped) == 2


def test_where_no_photograph_gives_an_image_one_line_names_the_first(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    (folder / "1_left.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of 1 photograph of .* the file is empty"):
        process.process_photographs(folder, tmp_path / "x.h5", context=Context(threads=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photographs"]


def test_each_stored_picture_has_its_checksum_and_the_check_reads_all(folder, tmp_path):
    output = tmp_path / "images.h5"
    process.process_photographs(
        folder,
        output,
        options=ImagesOptions(**SMALL, views=("vessels",)),
        context=Context(threads=1),
    )
    with h5py.File(output) as file:
        for row, expected in enumerate(file["/rgb_crc32c"][:]):
            _, stored = file["/rgb"].id.read_direct_chunk((row, 0, 0, 0))
            assert _core.crc32c(stored) == expected
    finished = command.run("inspect", "--check", output)
    assert finished.returncode == 0, finished.stderr
