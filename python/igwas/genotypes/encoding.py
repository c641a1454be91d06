"""How a genotype is stored: 2-bit hard calls in PLINK 1 coding, or dosages as small integers."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Encoding = Literal["hardcalls", "dosage8", "dosage16"]

MISSING_CALL = -9

# Dosage of the four 2-bit codes: two effect alleles, missing, one of each, two other alleles.
_CODE_DOSAGE = np.array([2.0, np.nan, 1.0, 0.0], np.float32)
_BYTE_DOSAGE = _CODE_DOSAGE[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3]
DOSAGE_TYPES: dict[str, type[np.unsignedinteger]] = {"dosage8": np.uint8, "dosage16": np.uint16}


def row_bytes(encoding: Encoding, n_samples: int) -> int:
    """Bytes of one variant."""
    if encoding == "hardcalls":
        return (n_samples + 3) // 4
    return n_samples * np.dtype(DOSAGE_TYPES[encoding]).itemsize


def dosage_scale(encoding: Encoding) -> int:
    """Give the stored value of dosage 2: 254 or 65534. One more is missing."""
    return int(np.iinfo(DOSAGE_TYPES[encoding]).max) - 1


def pack_hardcalls(counts: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Pack counts of the effect allele four to a byte.

    Parameters
    ----------
    counts : int8 (variants, samples)
        0, 1 or 2; anything else is missing.

    Returns
    -------
    uint8 (variants, bytes)
        Lowest bits first; unused high bits of the last byte are 0.
    """
    n_variants, n_samples = counts.shape
    codes = np.zeros((n_variants, 4 * row_bytes("hardcalls", n_samples)), np.uint8)
    unsigned = counts.view(np.uint8)  # missing is negative, so above 2
    used = codes[:, :n_samples]
    # Comparisons run on whole vector registers; a look-up table was ten times slower.
    np.multiply(unsigned == 0, np.uint8(3), out=used)
    used += (unsigned == 1).view(np.uint8) << 1
    used += unsigned > 2
    # Four codes are one little-endian word; shift each into its place and keep the low byte.
    words = codes.view("<u4")
    packed: npt.NDArray[np.uint8] = (words | words >> 6 | words >> 12 | words >> 18).astype(
        np.uint8
    )
    return packed


def clear_padding(packed: npt.NDArray[np.uint8], n_samples: int) -> npt.NDArray[np.uint8]:
    """Set the unused high bits of each row's last byte to 0, in place; .bed writers differ."""
    used_bits = 2 * (n_samples % 4)
    if used_bits:
        packed[:, -1] &= (1 << used_bits) - 1
    return packed


def encode_dosages(
    dosage: npt.NDArray[np.float32], encoding: Encoding
) -> npt.NDArray[np.unsignedinteger]:
    """Round dosages to the nearest step of the encoding.

    Parameters
    ----------
    dosage : float32 (variants, samples)
        0 to 2; NaN is missing.
    encoding : `dosage8` or `dosage16`
        Steps of 2/254 or 2/65534.

    Returns
    -------
    uint8 or uint16 (variants, samples)
    """
    scale = dosage_scale(encoding)
    stored = np.rint(np.clip(dosage, 0, 2) * np.float32(scale / 2))
    return np.where(np.isnan(stored), scale + 1, stored).astype(DOSAGE_TYPES[encoding])


def decode(
    stored: npt.NDArray[np.uint8], encoding: Encoding, n_samples: int
) -> npt.NDArray[np.float32]:
    """Dosages of stored rows.

    Parameters
    ----------
    stored : uint8 (variants, row bytes)
        Bytes as they stand in the file.

    Returns
    -------
    float32 (variants, samples)
        Copies of the effect allele; NaN is missing.
    """
    if encoding == "hardcalls":
        calls = _BYTE_DOSAGE[stored].reshape(len(stored), 4 * stored.shape[1])
        return np.ascontiguousarray(calls[:, :n_samples])
    scale = dosage_scale(encoding)
    values = np.ascontiguousarray(stored).view(np.dtype(DOSAGE_TYPES[encoding]).newbyteorder("<"))
    dosage: npt.NDArray[np.float32] = values.astype(np.float32) * np.float32(2 / scale)
    dosage[values == scale + 1] = np.nan
    return dosage
