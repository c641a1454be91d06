"""The working copy of the images: made once, made again when it must be, never half-written."""

import hashlib
import sys
from unittest import mock

import h5py
import numpy as np
import pytest
from tests.images_files import draw_eyes, write_images

from igwas.encoder.extras import require
from igwas.encoder.training_images import (
    hashed_participants,
    open_cache,
    read_slabs,
    read_training_images,
    training_digest,
)
from igwas.errors import CorruptFile, IgwasError, InputError

GRADES = ("keep", "usable")


def test_the_copy_is_made_once_and_again_for_other_images(images, tmp_path):
    found = read_training_images(images, GRADES)
    first = open_cache(found, tmp_path, 27)
    assert first.shape == (24, 3, 27, 27)
    with mock.patch("igwas.encoder.training_images._write_cache") as write:
        assert np.array_equal(open_cache(found, tmp_path, 27), first)
        write.assert_not_called()
    other = write_images(tmp_path / "other.h5", *draw_eyes(12, seed=5))
    changed = open_cache(read_training_images(other, GRADES), tmp_path, 27)
    assert not np.array_equal(changed, first)


def test_repeats_and_eyes_under_the_others_name_are_not_learnt_from(tmp_path):
    rgb, people, eyes = draw_eyes(3)
    path = write_images(
        tmp_path / "a.h5", rgb, people, eyes,
        duplicates=["", "first", "", "", "", ""], same_eyes=["", "", "", "third", "", ""],
    )  # fmt: skip
    found = read_training_images(path, GRADES)
    assert found.rows.tolist() == [0, 2, 4, 5]
    assert len(found.everybody) == 3
    with h5py.File(path, "a") as file:  # as versions before wrote it
        del file["/same_eye_as"]
    assert read_training_images(path, GRADES).rows.tolist() == [0, 2, 3, 4, 5]


def test_a_copy_that_was_cut_short_is_made_again(images, tmp_path):
    found = read_training_images(images, GRADES)
    whole = np.array(open_cache(found, tmp_path, 27))
    path = tmp_path / "images.cache"
    path.write_bytes(path.read_bytes()[:100])
    assert np.array_equal(open_cache(found, tmp_path, 27), whole)


def test_slabs_are_the_rows_asked_for(images):
    rgb, _, _ = draw_eyes(12)
    rows = np.array([1, 5, 6, 20])
    found = list(read_slabs(images, rows, 3))
    assert [start for start, _ in found] == [0, 3]
    assert np.array_equal(np.concatenate([slab for _, slab in found]), rgb[rows])


def test_damaged_images_are_one_line(tmp_path):
    path = write_images(tmp_path / "i.h5", *draw_eyes(4))
    with h5py.File(path) as file:
        chunk = file["/rgb"].id.get_chunk_info(0)
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    with pytest.raises(CorruptFile, match="photographs 1 to 8 of 8 cannot be read"):
        list(read_slabs(path, np.arange(8)))


def test_the_training_digest_depends_on_people_and_images_alone(tmp_path):
    rgb, people, eyes = draw_eyes(4)
    found = read_training_images(write_images(tmp_path / "a.h5", rgb, people, eyes), GRADES)
    order = np.random.default_rng(0).permutation(8)
    shuffled = write_images(
        tmp_path / "b.h5", rgb[order], [people[i] for i in order], [eyes[i] for i in order]
    )
    again = read_training_images(shuffled, GRADES)
    chosen = frozenset(["P000", "P002"])
    assert training_digest(found, chosen) == training_digest(again, chosen)
    assert training_digest(found, chosen) != training_digest(found, frozenset(["P000"]))


def test_hashed_participants_are_those_of_the_contract():
    expected = hashlib.sha256(b"P1").hexdigest()[:16]
    assert hashed_participants(frozenset(["P1"])) == [expected]


def test_a_file_cut_short_is_corrupt(images, tmp_path):
    content = images.read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cannot be read as HDF5"):
        read_training_images(tmp_path / "cut.h5", GRADES)


def test_a_missing_package_names_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(IgwasError, match=r'pip install "\.\[encoder\]" \(in the checkout'):
        require("onnxscript")
