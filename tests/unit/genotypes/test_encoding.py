import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from igwas.genotypes.encoding import (
    clear_padding,
    decode,
    encode_dosages,
    pack_hardcalls,
    row_bytes,
)

COUNTS = hnp.arrays(
    np.int8,
    st.tuples(st.integers(1, 5), st.integers(1, 19)),
    elements=st.sampled_from([0, 1, 2, -9]),
)


@given(COUNTS)
def test_packed_calls_decode_to_what_they_were(counts):
    packed = pack_hardcalls(counts)
    assert packed.shape == (len(counts), row_bytes("hardcalls", counts.shape[1]))
    dosage = decode(packed, "hardcalls", counts.shape[1])
    np.testing.assert_array_equal(dosage, np.where(counts < 0, np.nan, counts))


def test_coding_is_that_of_plink_1():
    packed = pack_hardcalls(np.array([[2, -9, 1, 0, 2]], np.int8))
    assert packed.tolist() == [[0b11_10_01_00, 0b00]]


def test_anything_but_0_1_2_is_missing():
    assert np.isnan(decode(pack_hardcalls(np.array([[3, -1, 127]], np.int8)), "hardcalls", 3)).all()


def test_padding_is_cleared():
    packed = np.full((2, 2), 0xFF, np.uint8)
    assert clear_padding(packed, 5).tolist() == [[0xFF, 0x03]] * 2
    assert clear_padding(np.full((1, 2), 0xFF, np.uint8), 8).tolist() == [[0xFF, 0xFF]]


@pytest.mark.parametrize(("encoding", "step"), [("dosage8", 2 / 254), ("dosage16", 2 / 65534)])
def test_dosages_are_rounded_to_the_nearest_step(encoding, step):
    dosage = np.random.default_rng(1).uniform(0, 2, (7, 11)).astype(np.float32)
    dosage[2, 3] = np.nan
    stored = encode_dosages(dosage, encoding)
    back = decode(stored.view(np.uint8), encoding, 11)
    assert np.isnan(back[2, 3])
    assert np.nanmax(np.abs(back - dosage)) <= step / 2 + 1e-6


@pytest.mark.parametrize("encoding", ["dosage8", "dosage16"])
def test_whole_copies_are_exact(encoding):
    dosage = np.array([[0, 1, 2]], np.float32)
    back = decode(encode_dosages(dosage, encoding).view(np.uint8), encoding, 3)
    np.testing.assert_array_equal(back, dosage)


def test_dosage_2_is_254_and_missing_255():
    stored = encode_dosages(np.array([[2, np.nan, 0]], np.float32), "dosage8")
    assert stored.tolist() == [[254, 255, 0]]
