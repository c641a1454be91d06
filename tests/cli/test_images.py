"""`igwas-fast images`: exact arguments, then end to end."""

from functools import partial
from pathlib import Path

import numpy as np
from tests import command
from tests.fundus_pictures import write_folder

from igwas.context import Context
from igwas.images.account import ImagesSummary
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions

run = partial(command.status, "images")


def test_options_reach_the_function(monkeypatch, tmp_path):
    seen = {}

    def process(source, output, **rest):
        seen.update(rest, source=source, output=output)
        return ImagesSummary(output)

    monkeypatch.setattr("igwas.images.process.process_photographs", process)
    code = run(tmp_path, "-o", "x.h5", "--size", 128, "--views", "green", "--resume",
               "--threads", 3)  # fmt: skip
    assert code == 0
    assert (seen["source"], seen["output"]) == (tmp_path, Path("x.h5"))
    assert seen["options"] == ImagesOptions(size_px=128, views=("green",), resume=True)
    assert seen["context"] == Context(threads=3)


def test_a_folder_with_hostile_files_end_to_end(tmp_path, capsys):
    folder = tmp_path / "photographs"
    good = write_folder(folder, people=2)
    (folder / "empty_left.jpg").write_bytes(b"")
    (folder / "text_left.jpg").write_text("no picture")
    (folder / "cut_left.png").write_bytes(good[0].read_bytes()[:3000])
    (folder / "folder_left.jpg").mkdir()
    (folder / "new\nline_left.png").write_bytes(good[0].read_bytes())
    (folder / "7_left_right.png").write_bytes(good[0].read_bytes())
    output = tmp_path / "images.h5"
    assert run(folder, "-o", output, "--size", 96, "--views", "green,vessels",
               "--threads", 1) == 0  # fmt: skip
    account = capsys.readouterr().out
    with read_images(output) as images:
        assert images.table["image_id"].tolist() == ["P0_left", "P0_right", "P1_left", "P1_right"]
        assert images.table["is_mirrored"].tolist() == [0, 1, 0, 1]
        assert len(images.skipped) == 6
        assert images.read(1, 3).shape == (2, 96, 96, 3)
        assert images.read(0, 4, "vessels").any()
    for reason in ("empty", "no picture", "decoded", "a folder", "control character", "one eye"):
        assert reason in account


def test_threads_change_no_bit(tmp_path):
    folder = tmp_path / "photographs"
    write_folder(folder, people=2)
    for threads in (1, 2):
        assert run(folder, "-o", tmp_path / f"{threads}.h5", "--size", 96,
                   "--threads", threads) == 0  # fmt: skip
    with read_images(tmp_path / "1.h5") as one, read_images(tmp_path / "2.h5") as two:
        assert (one.read(0, 4) == two.read(0, 4)).all()
        assert one.table.equals(two.table)
        np.testing.assert_array_equal(one.measures, two.measures)


def test_an_absurd_size_exits_with_2_and_an_empty_folder_with_1(tmp_path, capsys):
    assert run(tmp_path, "-o", tmp_path / "x.h5", "--size", 5) == 2
    assert run(tmp_path, "-o", tmp_path / "x.h5") == 1
    assert capsys.readouterr().err.count("; expected ") == 2
    assert list(tmp_path.iterdir()) == []
