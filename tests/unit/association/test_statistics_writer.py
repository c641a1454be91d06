"""statistics.h5 while it is written: layout, journal, finishing, full disks."""

import dataclasses
import errno
import os

import h5py
import numpy as np
import pandas as pd
import pytest

from igwas import _core
from igwas.association import statistics_writer as writer
from igwas.association.statistics_writer import HIT_DTYPE, Layout, Paths
from igwas.errors import CorruptFile, IncompleteFile, OutputError
from igwas.schema import STATISTICS

LAYOUT = Layout(
    n_variants=7, n_phenotypes=3, n_masks=2, n_models=1, n_blocks=2, has_se=True, has_info=False
)


def variants(n=7):
    return pd.DataFrame(
        {
            "chromosome": ["1"] * n, "position": np.arange(n), "id": [f"v{i}" for i in range(n)],
            "effect_allele": ["A"] * n, "other_allele": ["G" * 10_000] * n,
            "model": np.zeros(n, np.int16), "info": np.zeros(n, np.float32),
        }
    )  # fmt: skip


SMALL = {
    "/phenotypes/name": ["a", "b", "c"],
    "/phenotypes/mask": np.array([0, 1, 0]),
    "/models/chromosomes": ["1"],
    "/progress/block_start": np.array([0, 4]),
}


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "statistics.h5")


def create(paths, layout=LAYOUT, slabs=None):
    frames = [variants(5), variants(2)] if slabs is None else slabs
    writer.create(paths, layout, {"format": STATISTICS.name, "plan_digest": "x"}, SMALL, frames)


def record(block, hits):
    head = np.zeros(1, [("magic", "<u8"), ("block", "<u8"), ("count", "<u8"), ("crc", "<u8")])
    head[0] = (0x3153544948574749, block, len(hits), _core.crc32c(hits.tobytes()))
    return head.tobytes() + hits.tobytes()


def hits_of(*tests):
    """Hits from (variant, phenotype, log10p)."""
    hits = np.zeros(len(tests), HIT_DTYPE)
    for i, (variant, phenotype, log10p) in enumerate(tests):
        hits[i] = (variant, phenotype, 0, 0.5, 0.1, log10p)
    return hits


def test_every_array_is_there_at_its_final_size_and_place(paths):
    create(paths)
    assert not paths.creating.exists()
    assert paths.journal.read_bytes() == b""
    with h5py.File(paths.partial) as file:
        for array in LAYOUT.arrays():
            dataset = file[array.path]
            assert dataset.shape == tuple(LAYOUT.length(axis) for axis in array.axes)
            if array.path in writer._PER_BLOCK.values():
                assert dataset.id.get_offset() is not None
                assert dataset.chunks is None
        assert "/variants/info" not in file
        assert file["/variants/id"].asstr()[:].tolist() == [
            "v0",
            "v1",
            "v2",
            "v3",
            "v4",
            "v0",
            "v1",
        ]
        assert len(file["/variants/other_allele"].asstr()[6]) == 10_000
        assert file["/hits/count"][0] == -1
    assert not writer.read_done(paths.partial).any()


def test_the_disk_space_is_claimed_at_once(paths):
    create(paths, dataclasses.replace(LAYOUT, n_phenotypes=3, n_variants=7))
    status = paths.partial.stat()
    assert status.st_blocks * 512 >= status.st_size


def test_se_and_info_are_there_when_asked_for(paths):
    layout = dataclasses.replace(LAYOUT, has_se=False, has_info=True)
    names = {array.path for array in layout.arrays()}
    assert "/variants/info" in names
    assert "/se" not in names


def test_fewer_variants_than_planned_leave_nothing_behind(paths):
    with pytest.raises(IncompleteFile, match="5 variants; expected 7"):
        create(paths, slabs=[variants(5)])
    assert list(paths.output.parent.iterdir()) == []


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="expected to write here"):
        create(Paths(tmp_path / "nowhere" / "s.h5"))


def test_a_full_disk_while_laying_out_is_said_and_leaves_nothing(paths, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutputError, match=r"the disk is full.*run the same command again\.$"):
        create(paths)
    assert list(paths.output.parent.iterdir()) == []


def test_a_file_system_that_cannot_reserve_space_is_no_error(paths, monkeypatch):
    def unsupported(*arguments):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "posix_fallocate", unsupported)
    create(paths)
    assert paths.partial.exists()


def test_interrupted_while_laying_out_leaves_nothing(paths):
    def slabs():
        yield variants(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(paths, slabs=slabs())
    assert list(paths.output.parent.iterdir()) == []


def test_the_journal_keeps_the_last_record_of_a_block(paths):
    first, second, third = hits_of((0, 1, 6)), hits_of(), hits_of((0, 2, 8), (1, 0, 7))
    content = record(0, first) + record(1, second) + record(0, third)
    paths.journal.write_bytes(content)
    records, n_whole = writer._read_journal(paths.journal)
    assert n_whole == len(content)
    assert records.keys() == {0, 1}
    assert records[0]["phenotype"].tolist() == [2, 0]


@pytest.mark.parametrize("n_lost", [1, 39, 40, 41, 71])
def test_a_torn_record_ends_the_journal_and_is_cut_off(paths, n_lost):
    create(paths)
    whole = record(1, hits_of((4, 0, 9)))
    paths.journal.write_bytes(whole + record(0, hits_of((0, 1, 6)))[:-n_lost])
    assert writer._read_journal(paths.journal)[1] == len(whole)
    writer.open_sink(paths, LAYOUT)
    assert paths.journal.read_bytes() == whole


def test_a_damaged_record_ends_the_journal(paths):
    content = bytearray(record(0, hits_of((0, 1, 6))) + record(1, hits_of((4, 0, 9))))
    content[40] ^= 1
    paths.journal.write_bytes(content)
    assert writer._read_journal(paths.journal) == ({}, 0)


def test_the_strongest_hits_stay_when_there_are_too_many():
    hits = hits_of((5, 0, 7), (1, 2, 9), (1, 1, 6), (3, 0, 8))
    kept = writer.strongest(hits, 3)
    assert kept[["variant", "phenotype"]].tolist() == [(1, 2), (3, 0), (5, 0)]
    everything = writer.strongest(hits, 9)
    assert everything["variant"].tolist() == [1, 1, 3, 5]
    assert everything["phenotype"].tolist() == [1, 2, 0, 0]


def test_equal_hits_are_kept_by_variant_then_phenotype():
    hits = hits_of((2, 1, 7), (2, 0, 7), (0, 3, 7))
    assert writer.strongest(hits, 2)[["variant", "phenotype"]].tolist() == [(0, 3), (2, 0)]


def test_finishing_fills_the_table_and_gives_the_file_its_name(paths):
    create(paths)
    paths.journal.write_bytes(
        record(1, hits_of((4, 0, 9))) + record(0, hits_of((1, 2, 6), (0, 1, 7)))
    )
    assert writer.finish(paths, LAYOUT) == 3
    assert [path.name for path in paths.output.parent.iterdir()] == ["statistics.h5"]
    with h5py.File(paths.output) as file:
        assert file["/hits/count"][0] == 3
        assert file["/hits/variant"][:3].tolist() == [0, 1, 4]
        assert file["/hits/log10p"][:3].tolist() == [7, 6, 9]


def test_no_hits_are_a_finished_file_all_the_same(paths):
    create(paths)
    paths.journal.write_bytes(b"".join(record(b, hits_of()) for b in range(LAYOUT.n_blocks)))
    assert writer.finish(paths, LAYOUT) == 0
    with h5py.File(paths.output) as file:
        assert file["/hits/count"][0] == 0


def test_a_journal_that_lacks_a_block_is_no_finished_scan(paths):
    create(paths)
    paths.journal.write_bytes(record(0, hits_of((0, 1, 6))))
    with pytest.raises(CorruptFile, match="lacks the hits of 1 of 2 blocks"):
        writer.finish(paths, LAYOUT)
    assert not paths.output.exists()


def test_discarding_removes_what_is_there(paths):
    create(paths)
    paths.creating.write_bytes(b"x")
    paths.discard()
    paths.discard()
    assert list(paths.output.parent.iterdir()) == []
