"""The signal that ends a job of a batch system: one line that says what is kept, and --resume."""

import os
import signal
import time

import pytest
from tests import command
from tests.encoder_files import photographs, write_encoder
from tests.encoder_files import write_images as write_photographs
from tests.fundus_pictures import write_folder
from tests.images_files import draw_eyes, write_images


def images_command(folder):
    write_folder(folder / "photographs", people=12)
    return ("images", folder / "photographs", "-o", folder / "images.h5", "--size", 96)


def train_command(folder):
    pytest.importorskip("torch")
    images = write_images(folder / "i.h5", *draw_eyes(12))
    return ("train", images, "-o", folder / "run", "--width", 4, "--image-size", 32, "--steps", 60,
            "--batch-people", 4, "--warmup-steps", 2, "--validate-every", 2,
            "--projection-dimensions", 16, "--device", "cpu")  # fmt: skip


def embed_command(folder):
    images = write_photographs(folder / "i.h5", photographs(1500, size_px=64))
    model = write_encoder(folder / "m.onnx", size_px=64, n_convolutions=6, n_dimensions=32)
    return ("embed", images, "--model", model, "-o", folder / "e.h5", "--batch-size", 4,
            "--device", "cpu")  # fmt: skip


# Command -> the file that shows that it has begun, its bytes by then, and what is kept.
COMMANDS = [
    (images_command, "images.h5.partial", 40_000, "keeps the photographs done"),
    (train_command, "run/last.pt", 0, "keeps the steps up to its checkpoint"),
    (embed_command, "e.h5.partial", 0, ""),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("make", "name", "n_bytes", "kept"), COMMANDS)
def test_a_stopped_run_says_what_is_kept_and_goes_on(tmp_path, make, name, n_bytes, kept, threads):
    arguments = (*make(tmp_path), "--threads", threads, "-q")
    process = command.start(*arguments, start_new_session=True)
    path = tmp_path / name
    command.wait_until(process, lambda: path.exists() and path.stat().st_size > n_bytes)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGTERM)  # all its processes, as a batch system does
    process.send_signal(signal.SIGTERM)  # and once more, as `timeout` does
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 143, stderr
    assert stderr.startswith("stopped by SIGTERM; "), stderr
    assert stderr.count("\n") == 1, stderr
    if kept:
        assert f"{path} {kept}: go on with --resume" in stderr
    finished = command.run(*arguments, "--resume", timeout=600)
    assert finished.returncode == 0, finished.stderr


def test_a_command_without_resume_only_says_that_it_stopped(tmp_path):
    process = command.start("simulate", "-o", tmp_path / "c", "--samples", 4000, "-q")
    command.wait_until(process, lambda: any(tmp_path.iterdir()))
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (143, "stopped by SIGTERM\n")
