import numpy as np
import pytest

from igwas.errors import ShapeError
from igwas.simulate.plink_files import MISSING, BedWriter, pack_calls


def test_packed_bytes_are_those_of_the_plink_1_format():
    # The example of the PLINK 1 specification: 0xdc is samples 1 to 4 het-free calls 00 11 01 11.
    dosage = np.array([[2, 0, MISSING, 0]], dtype=np.uint8)
    assert pack_calls(dosage).tolist() == [[0b11_01_11_00]]


@pytest.mark.parametrize("n_samples", [1, 3, 4, 5, 8])
def test_unused_bits_of_the_last_byte_are_zero(n_samples):
    packed = pack_calls(np.zeros((1, n_samples), dtype=np.uint8))
    assert packed.shape == (1, -(-n_samples // 4))
    bits = np.unpackbits(packed, bitorder="little")
    assert bits.sum() == 2 * n_samples


def test_a_block_of_another_width_is_refused(tmp_path):
    with (
        BedWriter(tmp_path / "a.bed", tmp_path / "a.bim", 3) as writer,
        pytest.raises(ShapeError, match=r"dosage is \(1, 4\); expected \(1, 3\)"),
    ):
        writer.append(np.zeros((1, 4), np.uint8), "1", ["x"], np.array([1]), ["A"], ["C"])
