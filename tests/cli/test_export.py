"""`igwas-fast export`: what reaches the function, and how it ends."""

from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from tests import command

from igwas.context import Context
from igwas.encoder.export_options import ExportOptions, ExportSummary
from igwas.errors import IgwasError

SUMMARY = ExportSummary(
    output=Path("encoder.onnx"),
    description="resnet10 nt-xent (person), mean of 5 views",
    n_dimensions=128,
    variance_share=0.99,
    max_difference=3.6e-7,
    allowed=6.7e-6,
    n_verified=200,
    weights_digest="0" * 64,
    size_bytes=2**20,
)


@pytest.fixture
def function():
    with mock.patch("igwas.encoder.export_onnx.export_encoder", return_value=SUMMARY) as function:
        yield function


run = partial(command.status, "export")


def test_without_options_the_defaults_are_those_of_the_function(tmp_path, function, capsys):
    assert run(tmp_path, "-o", "encoder.onnx") == 0
    function.assert_called_once_with(
        (tmp_path,), Path("encoder.onnx"), images=None, options=ExportOptions(), overwrite=False,
        context=Context(threads=0), progress=None,
    )  # fmt: skip
    assert "differ by at most 3.6e-07 on 200 images" in capsys.readouterr().out


def test_every_option_reaches_the_function(tmp_path, function):
    images = tmp_path / "images.h5"
    images.write_text("x")
    code = run(
        tmp_path, images, "-o", "e.onnx", "--images", images, "--checkpoint", "last", "--views", 1,
        "--dimensions", 64, "--whiten", "--verify-images", 20, "--threads", 2, "--overwrite",
    )  # fmt: skip
    assert code == 0
    function.assert_called_once_with(
        (tmp_path, images), Path("e.onnx"), images=images,
        options=ExportOptions(which="last", n_views=1, dimensions=64, whiten=True, n_verified=20),
        overwrite=True, context=Context(threads=2), progress=None,
    )  # fmt: skip


def test_errors_are_one_line(tmp_path, function, capsys):
    function.side_effect = IgwasError("they differ.")
    assert run(tmp_path, "-o", "e.onnx") == 1
    assert capsys.readouterr().err == "error: they differ.\n"


def test_a_run_must_be_named_and_exist(function, capsys):
    assert run("-o", "e.onnx") == 2
    assert run("nowhere", "-o", "e.onnx") == 2
    assert "does not exist" in capsys.readouterr().err


def test_an_unknown_checkpoint_is_one_line(tmp_path, capsys):
    (tmp_path / "x.pt").write_bytes(b"junk")
    assert run(tmp_path / "x.pt", "-o", tmp_path / "e.onnx") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot be read as a checkpoint" in error
