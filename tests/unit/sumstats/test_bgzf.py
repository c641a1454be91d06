import gzip
import io
import os

import pysam
import pytest

from igwas.sumstats.bgzf import BLOCK_BYTES, END_OF_FILE, BgzfWriter, compress_block


def written(parts, threads):
    stream = io.BytesIO()
    writer = BgzfWriter(stream, threads)
    for part in parts:
        writer.write(part)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 300_000])
def test_gzip_reads_back_what_was_written(size):
    data = os.urandom(size)
    stored = written([data], 2)
    assert gzip.decompress(stored) == data
    assert stored.endswith(END_OF_FILE)


def test_bytes_do_not_depend_on_threads_or_on_how_they_came():
    data = b"chromosome\tposition\n" * 20_000
    one = written([data], 1)
    assert written([data[:7], data[7:100_000], data[100_000:]], 3) == one
    assert written([data], 7) == one


def test_bytes_that_do_not_compress_fit_a_block():
    assert len(compress_block(os.urandom(BLOCK_BYTES))) <= 65_536


def test_htslib_reads_it_as_blocked_gzip(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(written([b"1\t5\n" * 50_000], 2))
    with pysam.BGZFile(str(path)) as file:
        assert sum(1 for _ in file) == 50_000
