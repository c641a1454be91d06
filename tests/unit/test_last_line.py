"""A table cut within its last number is read as it stands, with a warning."""

import gzip
import os

import numpy as np
import pytest

from igwas.association.weights import read_weights
from igwas.last_line import warn_of_cut
from igwas.phenotypes.table import read_phenotypes

TABLE = "IID y\na 0.5\nb 1.25"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n", "\r"])
def test_a_line_break_of_any_kind_is_an_end(tmp_path, caplog, ending):
    (tmp_path / "t.txt").write_bytes((TABLE + ending).encode())
    warn_of_cut(tmp_path / "t.txt")
    assert caplog.messages == []


def test_a_gzip_an_empty_file_and_a_pipe_are_passed_over(tmp_path, caplog):
    (tmp_path / "t.gz").write_bytes(gzip.compress(TABLE.encode()))
    (tmp_path / "empty").touch()
    for name in ("t.gz", "empty"):
        warn_of_cut(tmp_path / name)
    reading, writing = os.pipe()
    os.write(writing, TABLE.encode())
    os.close(writing)
    warn_of_cut(tmp_path / f"/dev/fd/{reading}")
    assert os.read(reading, 99) == TABLE.encode()
    os.close(reading)
    assert caplog.messages == []


def test_phenotypes_and_weights_that_may_be_cut_are_read_with_one_warning(tmp_path, caplog):
    table, weights = tmp_path / "table.txt", tmp_path / "weights.tsv"
    table.write_text(TABLE)
    weights.write_text("phenotype\tsum\ny\t1\nz\t0.2")
    values = read_phenotypes(table).values
    np.testing.assert_array_equal(np.ravel(values), [0.5, 1.25])
    np.testing.assert_array_equal(read_weights(weights, ["y", "z"]).matrix, [[1], [0.2]])
    for path, message in zip((table, weights), caplog.messages, strict=True):
        assert message.startswith(f"{path} does not end with a line break: it may be cut")
