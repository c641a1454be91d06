"""kill -9 while photographs are processed: the resumed run ends as one that was left alone."""

import os

import numpy as np
import pytest
from tests import command
from tests.fundus_pictures import write_folder

from igwas.images.images_file import read_images


@pytest.mark.parametrize("cut_bytes", [0, 1000])
def test_a_killed_run_is_resumed_to_the_same_file(tmp_path, cut_bytes):
    folder = tmp_path / "photographs"
    write_folder(folder, people=8)
    options = ("--size", 96, "--threads", 1)
    whole, output = tmp_path / "whole.h5", tmp_path / "images.h5"
    assert command.run("images", folder, "-o", whole, *options).returncode == 0
    process = command.start("images", folder, "-o", output, *options)
    partial = tmp_path / "images.h5.partial"
    command.wait_until(process, lambda: partial.exists() and partial.stat().st_size > 40_000)
    assert command.kill(process)
    os.truncate(partial, partial.stat().st_size - cut_bytes)
    refused = command.run("images", folder, "-o", output, *options)
    assert refused.returncode == 1
    assert "--resume" in refused.stderr
    resumed = command.run("images", folder, "-o", output, *options, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "were done before" in resumed.stdout
    with read_images(whole) as one, read_images(output) as two:
        assert (one.read(0, 16) == two.read(0, 16)).all()
        assert one.table.equals(two.table)
        np.testing.assert_array_equal(one.measures, two.measures)
    assert not partial.exists()
