"""`igwas-fast train`: what reaches the function, how it ends, and kill -9."""

import gzip
import signal
import time
from functools import partial
from pathlib import Path
from unittest import mock

import h5py
import pandas as pd
import pytest
from tests import command
from tests.images_files import draw_eyes, write_images

from igwas.context import Context
from igwas.encoder.options import TrainOptions
from igwas.encoder.summary import TrainSummary
from igwas.errors import DeviceUnavailable, OptionError, TrainingFailed

SUMMARY = TrainSummary(
    run_dir=Path("run"),
    step=260,
    n_people={"train": 330, "validation": 109, "test": 110},
    n_images={"train": 660, "validation": 218, "test": 220},
    best_step=240,
    best={"validation_top1": 0.7, "validation_top5": 0.9, "validation_map": 0.8,
          "validation_people": 109.0},
    weights_digest="0" * 64,
    seconds=105,
    notes=("a note",),
)  # fmt: skip
SMALL = (
    *("--width", 4, "--image-size", 32, "--batch-people", 4, "--warmup-steps", 2),
    *("--validate-every", 4, "--projection-dimensions", 16, "--threads", 1, "--device", "cpu"),
)


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.h5"
    path.write_text("x")
    return path


@pytest.fixture
def function():
    with mock.patch("igwas.encoder.train.train_encoder", return_value=SUMMARY) as function:
        yield function


run = partial(command.status, "train")


def test_without_options_the_defaults_are_those_of_the_function(images, function, capsys):
    assert run(images, "-o", "run") == 0
    function.assert_called_once_with(
        images, Path("run"), options=TrainOptions(), resume=False, overwrite=False,
        context=Context(threads=0, device="auto"), progress=None,
    )  # fmt: skip
    output = capsys.readouterr().out
    assert "best at step 240: other eye found first 0.700" in output
    assert "a note" not in output  # it was warned of when the run began


def test_every_option_reaches_the_function(images, function):
    split = images.with_name("split.tsv")
    split.write_text("x")
    code = run(
        images, "-o", "run", "--objective", "vicreg", "--positives", "eye",
        "--exclude-same-visit", "--backbone", "timm:inception_v3", "--pretrained",
        "--projection-dimensions", 64, "--representation", "projection", "--image-size", 299,
        "--mask-radius", 0.9, "--standardise", "--rotation", 30, "--window", "0.5,0.9",
        "--shift", 0.1, "--colour-jitter", 0.1, "--pair-jitter", 0.3,
        "--pair-flips", "--batch-people", 256, "--accumulate", 2,
        "--epochs", 100, "--learning-rate", 1e-3, "--weight-decay", 0.1, "--warmup-steps", 100,
        "--temperature", 0.1, "--margin", 0.3, "--scale", 20, "--precision", "bfloat16",
        "--grades", "keep", "--validate-every", 50, "--checkpoint-every", 2, "--split", "0.8,0.1",
        "--split-seed", 3, "--split-file", split, "--fold", 2, "--seed", 7, "--device", "cuda",
        "--resume", "--threads", 4,
    )  # fmt: skip
    assert code == 0
    expected = TrainOptions(
        objective="vicreg", positives="eye", exclude_same_visit=True,
        backbone="timm:inception_v3", pretrained=True, projection_dimensions=64,
        representation="projection", image_size_px=299, mask_radius=0.9, standardise=True,
        rotation_degrees=30, window_low=0.5, window_high=0.9, shift=0.1, colour_jitter=0.1,
        pair_jitter=0.3, pair_flips=True,
        batch_people=256, accumulate=2, epochs=100, learning_rate=1e-3, weight_decay=0.1,
        warmup_steps=100, temperature=0.1, margin=0.3, scale=20, precision="bfloat16",
        grades=("keep",), validate_every=50, checkpoint_every=2, split_shares=(0.8, 0.1),
        split_seed=3, split_file=split, fold=2, seed=7,
    )  # fmt: skip
    function.assert_called_once_with(
        images, Path("run"), options=expected, resume=True, overwrite=False,
        context=Context(threads=4, device="cuda"), progress=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--steps", 5, "--epochs", 5), "--steps and --epochs are both given"),
        (("--window", "0.5"), "--window is '0.5'; expected two numbers"),
        (("--split", "0.9,0.5"), "--split is 0.9,0.5"),
        (("--backbone", "vgg"), "--backbone is 'vgg'"),
        (("--objective", "triplet"), "Invalid value for '--objective'"),
    ],
)
def test_usage_errors_exit_with_2(images, function, capsys, arguments, words):
    assert run(images, "-o", "run", *arguments) == 2
    assert words in capsys.readouterr().err
    function.assert_not_called()


@pytest.mark.parametrize(("error", "code"), [(OptionError("a."), 2), (TrainingFailed("b."), 1)])
def test_errors_of_the_run_are_one_line(images, function, capsys, error, code):
    function.side_effect = error
    assert run(images, "-o", "run") == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_file_that_is_no_images_file_is_one_line(images, capsys, tmp_path):
    assert run(images, "-o", tmp_path / "run") == 1
    assert "is no HDF5 file" in capsys.readouterr().err


def test_a_gzip_table_of_parts_is_followed(tmp_path):
    pytest.importorskip("torch")
    images = write_images(tmp_path / "i.h5", *draw_eyes(12))
    with h5py.File(images) as file:
        people = sorted(set(file["/participant_id"].asstr()[:]))
    parts = ["train"] * 7 + ["validation"] * 2 + ["test"] * 3
    text = "participant_id,part\n" + "".join(
        f"{one},{part}\n" for one, part in zip(people, parts, strict=True)
    )
    split = tmp_path / "parts.csv.gz"
    split.write_bytes(gzip.compress(text.encode()))
    options = (*SMALL, "--steps", 4, "--split-file", split)
    assert run(images, "-o", tmp_path / "run", *options) == 0
    found = pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t", dtype=str)
    assert dict(zip(found["participant_id"], found["part"], strict=True)) == dict(
        zip(people, parts, strict=True)
    )


def test_a_gpu_that_is_not_there_is_one_line(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    path = write_images(tmp_path / "i.h5", *draw_eyes(12))
    assert run(path, "-o", tmp_path / "run", "--device", "cuda") == 1
    stderr = capsys.readouterr().err
    assert f"torch {torch.__version__} sees no GPU; expected " in stderr
    assert len(stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("cuda", "words"), [(None, "which this one is not"), ("13.0", "its build for CUDA 13.0")]
)
def test_a_gpu_that_torch_does_not_see_is_told_from_a_build_without_cuda(monkeypatch, cuda, words):
    torch = pytest.importorskip("torch")
    from igwas.encoder.torch_device import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(DeviceUnavailable, match=words):
        choose_device("cuda")


def test_a_killed_run_resumes_to_the_bits_of_one_left_alone(tmp_path):
    from igwas.encoder.checkpoint import read_checkpoint

    images = write_images(tmp_path / "i.h5", *draw_eyes(12))
    arguments = ("train", images, "-o", tmp_path / "killed", *SMALL, "--steps", 60)
    process = command.start(*arguments)
    last = tmp_path / "killed" / "last.pt"
    deadline = time.monotonic() + 60
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 0 < read_checkpoint(last).step < 60
    resumed = command.run(*arguments, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    whole = command.run("train", images, "-o", tmp_path / "whole", *SMALL, "--steps", 60)
    assert whole.returncode == 0, whole.stderr
    for name in ("last.pt", "best.pt"):
        a, b = (read_checkpoint(tmp_path / run / name) for run in ("killed", "whole"))
        assert (a.step, a.weights_digest) == (b.step, b.weights_digest)
