"""No room for a training run or its export: one line names the file, nothing is half-written."""

import pytest
from tests import command
from tests.crash.test_disk_full import assert_one_clear_line, limit_file_size
from tests.images_files import draw_eyes, write_images

pytest.importorskip("torch")

SMALL = (
    *("--width", 4, "--image-size", 32, "--batch-people", 4, "--warmup-steps", 2, "--steps", 8),
    *("--validate-every", 4, "--projection-dimensions", 16, "--threads", 1, "--device", "cpu"),
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images") / "images.h5", *draw_eyes(12))


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    run = tmp_path_factory.mktemp("trained") / "run"
    finished = command.run("train", images, "-o", run, *SMALL, "-q")
    assert finished.returncode == 0, finished.stderr
    return run


@pytest.mark.parametrize(("room", "name"), [(0.9, "images.cache"), (1.01, "best.pt")])
def test_training_without_room_names_the_file_and_goes_on_later(
    images, trained, tmp_path, room, name
):
    run = tmp_path / "run"
    limit = limit_file_size(int(room * (trained / "images.cache").stat().st_size))
    failed = command.run("train", images, "-o", run, *SMALL, "-q", preexec_fn=limit)
    assert_one_clear_line(failed, f"{run / name}: file too large")
    assert not list(run.glob("*.partial"))
    again = command.run("train", images, "-o", run, *SMALL, "-q", "--resume")
    assert again.returncode == 0, again.stderr


def test_an_export_without_room_names_the_file_and_leaves_nothing(trained, tmp_path):
    output = tmp_path / "encoder.onnx"
    arguments = ("export", trained, "-o", output, "--threads", 1, "--views", 1, "-q")
    failed = command.run(*arguments, preexec_fn=limit_file_size(50_000))
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {output}: file too large; expected room"), (
        failed.stderr
    )
    assert failed.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
