"""`igwas-fast merge`: what reaches the function, and how errors come out."""

from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from tests import command

from igwas.association.shards import MergeSummary
from igwas.errors import IncompleteFile, OptionError

run = partial(command.status, "merge")


@pytest.fixture
def shards(tmp_path):
    paths = [tmp_path / f"{i}.h5" for i in range(3)]
    for path in paths:
        path.write_text("x")
    return paths


@pytest.fixture
def merge():
    summary = MergeSummary(Path("out.h5"), 3, 12_000, 4)
    with mock.patch("igwas.association.shards.merge_shards", return_value=summary) as function:
        yield function


@pytest.mark.parametrize("overwrite", [False, True])
def test_shards_reach_the_function_in_the_order_given(shards, merge, tmp_path, capsys, overwrite):
    options = ["--overwrite"] if overwrite else []
    given = [shards[2], shards[0], shards[1]]
    assert run(*given, "-o", tmp_path / "out.h5", *options) == 0
    merge.assert_called_once_with(tuple(given), tmp_path / "out.h5", overwrite=overwrite)
    assert capsys.readouterr().out == "out.h5: 12,000 variants of 3 shards, 4 hits\n"


def test_wrong_usage_exits_with_2_and_never_merges(shards, merge, tmp_path, capsys):
    assert run("-o", tmp_path / "out.h5") == 2
    assert run(*shards) == 2
    assert run(tmp_path / "absent.h5", "-o", tmp_path / "out.h5") == 2
    assert "'absent.h5' does not exist" in capsys.readouterr().err.replace(f"{tmp_path}/", "")
    merge.assert_not_called()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IncompleteFile("1.h5 is unfinished; expected a finished shard. Finish it."), 1),
        (OptionError("no shard is given; expected all shards of one scan."), 2),
    ],
)
def test_an_error_is_one_line_without_a_traceback(shards, merge, tmp_path, capsys, error, status):
    merge.side_effect = error
    assert run(*shards, "-o", tmp_path / "out.h5") == status
    assert capsys.readouterr().err == f"error: {error}\n"


def test_files_that_are_no_statistics_exit_with_1_and_one_line(shards, tmp_path, capsys):
    assert run(*shards, "-o", tmp_path / "out.h5") == 1
    error = capsys.readouterr().err
    assert "0.h5 is no HDF5 file" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.h5").exists()
