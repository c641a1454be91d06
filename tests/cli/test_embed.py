"""`igwas-fast embed`: what reaches the function, and whole runs."""

import os
from functools import partial
from pathlib import Path
from unittest import mock

import h5py
import pytest
from tests import command
from tests.encoder_files import photographs, write_encoder, write_images

from igwas.context import Context
from igwas.embeddings.embed_options import EmbedOptions, EmbedSummary
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.nvidia_driver import missing_gpu

run = partial(command.status, "embed")


@pytest.fixture
def files(tmp_path):
    images = write_images(tmp_path / "images.h5")
    return images, write_encoder(tmp_path / "encoder.onnx"), tmp_path / "out.h5"


@pytest.fixture
def embed_images():
    summary = EmbedSummary(Path("out.h5"), 1200, 128, 600, 3, 200, "CPUExecutionProvider",
                           "auto: no GPU", 16, 10.0)  # fmt: skip
    with mock.patch("igwas.embeddings.embed.embed_images", return_value=summary) as function:
        yield function


def test_defaults_are_passed_on_and_the_summary_is_printed(files, embed_images, capsys):
    images, model, output = files
    assert run(images, "--model", model, "-o", output) == 0
    embed_images.assert_called_once_with(
        images, model, output, options=EmbedOptions(),
        context=Context(threads=0, device="auto"), progress=None,
    )  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        "ran on CPUExecutionProvider, auto: no GPU",
        "3 photographs left out: below --min-grade",
        "200 photographs were done before: resumed",
        "100.0 photographs a second, 16 at a time",
        "out.h5: 1,200 photographs of 600 participants x 128 dimensions",
    ]


def test_every_option_is_passed_on(files, embed_images):
    images, model, output = files
    arguments = [
        images, "--model", model, "-o", output, "--device", "tensorrt", "--batch-size", "8",
        "--test-time", "flip,rotate", "--min-grade", "keep", "--fp16", "--resume", "--threads", "3",
        "--max-memory", "2G",
    ]  # fmt: skip
    assert run(*arguments) == 0
    embed_images.assert_called_once_with(
        images, model, output,
        options=EmbedOptions(
            batch_size=8, test_time=("flip", "rotate"), min_grade="keep", fp16=True, resume=True
        ),
        context=Context(threads=3, device="tensorrt", max_memory_bytes=2**31), progress=None,
    )  # fmt: skip


def test_wrong_usage_exits_with_2_and_runs_nothing(files, embed_images):
    images, model, output = files
    assert run(images, "-o", output) == 2
    assert run(images, "--model", model) == 2
    assert run("absent.h5", "--model", model, "-o", output) == 2
    for wrong in (["--device", "tpu"], ["--batch-size", "0"], ["--test-time", "turn"],
                  ["--min-grade", "good"], ["--threads", "-1"]):  # fmt: skip
        assert run(images, "--model", model, "-o", output, *wrong) == 2
    embed_images.assert_not_called()


def test_a_whole_run_from_the_command_line(files):
    images, model, output = files
    finished = command.run("embed", images, "--model", model, "-o", output, "--device", "cpu")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[0] == "ran on CPUExecutionProvider"
    assert len(read_embeddings(output).columns) == 12
    again = command.run("embed", images, "--model", model, "-o", output)
    assert (again.returncode, len(command.error_lines(again.stderr))) == (1, 1)
    assert "--overwrite" in again.stderr


@pytest.fixture
def refuse(files, capsys):
    """Run, and check that it fails in one line with these words, leaving nothing."""

    def check(*more, status=1, words, images=None, model=None, output=None):
        output = output or files[2]
        arguments = [images or files[0], "--model", model or files[1], "-o", output, "-q", *more]
        assert run(*arguments) == status
        stderr = capsys.readouterr().err
        assert stderr.startswith("error: ")
        assert len(stderr.splitlines()) == 1, stderr
        assert "; expected " in stderr
        assert words in stderr
        assert not output.exists()
        assert not list(output.parent.glob("*.partial")) if output.parent.exists() else True

    return check


@pytest.mark.skipif(missing_gpu() == "", reason="there is a GPU")
def test_a_gpu_that_is_not_here(refuse):
    refuse("--device", "cuda", words=missing_gpu())
    refuse("--device", "tensorrt", words=missing_gpu())


def test_a_device_that_is_not_here(refuse):
    refuse("--device", "openvino", words="pip install onnxruntime-openvino")


def test_a_model_that_is_none(refuse, tmp_path):
    for name, content in (("empty", b""), ("text", b"hello"), ("cut", None)):
        model = tmp_path / f"{name}.onnx"
        if content is None:
            whole = write_encoder(tmp_path / "whole.onnx").read_bytes()
            content = whole[: len(whole) // 2]
        model.write_bytes(content)
        refuse(model=model, words="cannot be run by ONNX Runtime")


def test_a_model_of_other_images(refuse, tmp_path):
    version = write_encoder(tmp_path / "v.onnx", igwas_preprocessing_version="fundus-0")
    refuse(model=version, words="'fundus-0'")
    refuse(model=write_encoder(tmp_path / "s.onnx", size_px=16), words="--size 16")


def test_images_that_are_none(refuse, files, tmp_path):
    other = tmp_path / "other.h5"
    other.write_text("no HDF5")
    refuse(images=other, words="no HDF5 file")
    refuse(images=files[1], words="no HDF5 file")
    cut = tmp_path / "cut.h5"
    cut.write_bytes(files[0].read_bytes())
    os.truncate(cut, cut.stat().st_size // 2)
    refuse(images=cut, words="cut.h5")


def test_images_without_one_of_the_grade(refuse, tmp_path):
    images = write_images(tmp_path / "r.h5", grade=["reject"] * 12)
    refuse(images=images, words="none of grade usable")


def test_images_with_an_id_twice_or_none(refuse, tmp_path):
    twice = write_images(tmp_path / "t.h5", image_id=["a"] * 12)
    refuse(images=twice, words="image id 'a' occurs twice")
    empty = write_images(tmp_path / "e.h5", participant_id=["P"] * 11 + [""])
    refuse(images=empty, words="participant_id of photograph 12 is empty")


def test_images_without_photographs_arrays(refuse, files):
    with h5py.File(files[0], "r+") as file:
        del file["/grade"]
    refuse(words="no /grade")


def test_a_photograph_that_gives_nan(refuse, tmp_path):
    rgb = photographs(6)
    rgb[4] = 0
    images = write_images(tmp_path / "n.h5", rgb)
    model = write_encoder(tmp_path / "n.onnx", kind="standardised")
    refuse("--batch-size", "64", images=images, model=model, words="'P002_left'")


def test_a_folder_that_is_not_there(refuse, tmp_path):
    refuse(output=tmp_path / "absent" / "e.h5", words="does not exist")


def test_memory_for_not_even_one_photograph(refuse):
    refuse("--max-memory", "1K", words="Raise --max-memory")


def test_resume_and_overwrite_together_are_wrong_usage(refuse):
    refuse("--resume", "--overwrite", status=2, words="expected one")
