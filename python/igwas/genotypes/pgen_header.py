"""The header of a .pgen: sizes, and whether it holds dosages; checked before pgenlib opens it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from igwas.errors import CorruptFile, InputError

_MAGIC = b"\x6c\x1b"
_BLOCK = 2**16
_FIXED_HARDCALLS = 0x02
_STANDARD = 0x10
_DOSAGE_BITS = 0x60


@dataclass(frozen=True)
class PgenHeader:
    """Number of variants and samples, and whether any variant has dosages."""

    n_variants: int
    n_samples: int
    has_dosage: bool


def read_pgen_header(path: Path) -> PgenHeader:
    """Read and check a .pgen's header against the length of the file.

    Raises
    ------
    InputError
        If it is not a .pgen of a kind that is read; CorruptFile if it is shorter than it says.

    References
    ----------
    PLINK 2 file format specification, section 2: header, variant record types and lengths.
    """
    with path.open("rb") as stream:
        start = stream.read(12)
        if start[:2] != _MAGIC or len(start) < 12:
            raise InputError(
                f"{path} starts with bytes {start[:3].hex(' ') or 'none'}; expected 6c 1b 10, a "
                "PLINK 2 .pgen. Check that this is the file you mean."
            )
        mode, control = start[2], start[11]
        if mode not in (_FIXED_HARDCALLS, _STANDARD) or (mode == _STANDARD and control & 15 > 7):
            raise InputError(
                f"{path} has storage mode {mode:#04x} ({control:#04x}); expected 0x10 or 0x02. "
                "Rewrite it with: plink2 --pfile NAME --make-pgen --out NEW"
            )
        n_variants, n_samples = np.frombuffer(start[3:11], "<u4").tolist()
        if not n_variants or not n_samples:
            raise InputError(
                f"{path} has {n_variants} variants and {n_samples} samples; expected at least 1 "
                "of each. Check the file."
            )
        found = path.stat().st_size
        if mode == _FIXED_HARDCALLS:
            expected, has_dosage = 12 + n_variants * ((n_samples + 3) // 4), False
        else:
            rest = stream.read(_index_bytes(n_variants, control))
            expected, has_dosage = _read_index(rest, n_variants, control)
    if found < expected:
        raise CorruptFile(
            f"{path} has {found} bytes; expected {expected} for its {n_variants} variants of "
            f"{n_samples} samples. It was cut short: copy it again."
        )
    return PgenHeader(n_variants, n_samples, has_dosage)


def _block_layout(control: int) -> tuple[bool, int, int, bool]:
    """Whether record types take a byte; bytes of a record length; of an allele count; flags."""
    low = control & 15
    return low >= 4, (low & 3) + 1, (control >> 4) & 3, control >> 6 == 3


def _block_bytes(size: int, control: int) -> int:
    is_wide, length_bytes, allele_bytes, has_flags = _block_layout(control)
    types = size if is_wide else (size + 1) // 2
    return types + size * (length_bytes + allele_bytes) + (has_flags * ((size + 7) // 8))


def _index_bytes(n_variants: int, control: int) -> int:
    sizes = [min(_BLOCK, n_variants - start) for start in range(0, n_variants, _BLOCK)]
    return 8 * len(sizes) + sum(_block_bytes(size, control) for size in sizes)


def _read_index(index: bytes, n_variants: int, control: int) -> tuple[int, bool]:
    """Length the file must have, and whether a record has a dosage track."""
    is_wide, length_bytes, _, _ = _block_layout(control)
    n_blocks = -(-n_variants // _BLOCK)
    if len(index) < _index_bytes(n_variants, control):
        return 12 + _index_bytes(n_variants, control), False
    offsets = np.frombuffer(index[: 8 * n_blocks], "<u8")
    end, has_dosage, at = 0, False, 8 * n_blocks
    for block, start in enumerate(range(0, n_variants, _BLOCK)):
        size = min(_BLOCK, n_variants - start)
        n_type_bytes = size if is_wide else (size + 1) // 2
        types = np.frombuffer(index[at : at + n_type_bytes], np.uint8)
        lengths = index[at + n_type_bytes : at + n_type_bytes + size * length_bytes]
        end = int(offsets[block]) + _sum_lengths(lengths, length_bytes)
        has_dosage = has_dosage or (is_wide and bool((types & _DOSAGE_BITS).any()))
        at += _block_bytes(size, control)
    return end, has_dosage


def _sum_lengths(lengths: bytes, width: int) -> int:
    table: npt.NDArray[np.uint8] = np.frombuffer(lengths, np.uint8).reshape(-1, width)
    return sum(int(table[:, k].astype(np.int64).sum()) << (8 * k) for k in range(width))
