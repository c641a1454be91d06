"""kill -9 while photographs are described: a resumed run ends with the bits of one left alone."""

import random
import time

import h5py
import numpy as np
import pytest
from tests import command
from tests.crash.test_kill import Files
from tests.encoder_files import photographs, write_encoder, write_images

from igwas.embeddings.embeddings_file import read_embeddings

SEED = 5
SIZE_PX = 64


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """3,000 photographs and an encoder that takes a few seconds for them."""
    folder = tmp_path_factory.mktemp("embed")
    images = write_images(folder / "images.h5", photographs(1500, size_px=SIZE_PX))
    model = write_encoder(folder / "m.onnx", size_px=SIZE_PX, n_convolutions=6, n_dimensions=32)
    return images, model


def arguments(files, output, *more):
    images, model = files
    return ("embed", images, "--model", model, "-o", output, "--batch-size", "4",
            "--threads", "1", "--device", "cpu", "-q", *more)  # fmt: skip


@pytest.fixture(scope="module")
def one_run(files, tmp_path_factory):
    output = tmp_path_factory.mktemp("one_run") / "e.h5"
    finished = command.run(*arguments(files, output))
    assert finished.returncode == 0, finished.stderr
    return read_embeddings(output)


def kill_after(files, output, n_batches, longest, rng):
    """Start or resume, wait for some more batches and a moment, kill; False if it ended before."""
    names = Files(output)
    before, _ = names.n_done()
    process = command.start(*arguments(files, output, "--resume"))
    command.wait_until(process, lambda: names.n_done()[0] >= before + n_batches)
    time.sleep(rng.uniform(0, longest))
    return command.kill(process)


@pytest.mark.parametrize("n_kills", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_a_run_killed_again_and_again_ends_as_if_left_alone(files, one_run, tmp_path, n_kills):
    rng = random.Random(SEED)
    output = tmp_path / "e.h5"
    partial = output.with_name(output.name + ".partial")
    n_killed = n_final = 0
    for _ in range(n_kills):
        n_killed += kill_after(files, output, rng.randint(1, 8), 0.6, rng)
        if not partial.exists():
            output.unlink(missing_ok=True)
            continue
        with h5py.File(partial, "r") as file:
            is_done = np.repeat(file["/progress/done"][:] != 0, 4)
            n_final += int(is_done.sum())
            done = file["/embedding"][:][is_done]
        assert done.tobytes() == one_run.vectors[is_done].tobytes()
    finished = command.run(*arguments(files, output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    resumed = read_embeddings(output)
    assert resumed.vectors.tobytes() == one_run.vectors.tobytes()
    assert resumed.columns.image_id.tolist() == one_run.columns.image_id.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["e.h5"]
    # Or the encoder has become so quick that it ends before it is killed: enlarge it.
    assert n_killed > n_kills // 2
    assert n_final > 0
