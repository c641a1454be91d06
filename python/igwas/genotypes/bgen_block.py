"""Check the zlib checksum of a BGEN variant's genotypes, which the `bgen` package does not do."""

import os
import zlib
from typing import Any

_LAYOUT_1 = 1


def check_zlib_block(descriptor: int, variant: Any) -> None:
    """Decompress a variant's genotype block once more, to its end, where its checksum is.

    The package (1.10) stops when its buffer is full, so that a flipped bit gives wrong genotypes
    and no error.

    Parameters
    ----------
    descriptor : int
        The .bgen, open for reading.
    variant : bgen.BgenVar
        Of a file with zlib compression.

    Raises
    ------
    ValueError
        If the block is not a whole zlib stream of the length it states.
    """
    start = variant.fileoffset + _names_bytes(variant)
    block = os.pread(descriptor, variant.next_variant_offset - start, start)
    # Length of what follows; then, in layout 2, the length after decompression.
    skip = 4 if variant.layout == _LAYOUT_1 else 8
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(block[skip:])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if variant.layout == _LAYOUT_1:
        expected = 6 * variant.n_samples
    else:
        expected = int.from_bytes(block[4:8], "little")
    if not stream.eof or stream.unused_data or len(data) != expected:
        raise ValueError(f"zlib gave {len(data)} of {expected} bytes")


def _names_bytes(variant: Any) -> int:
    """Length of what stands before the genotype block: ids, chromosome, position, alleles."""
    names = sum(2 + len(text.encode()) for text in (variant.varid, variant.rsid, variant.chrom))
    alleles = sum(4 + len(text.encode()) for text in variant.alleles)
    # Layout 1 starts with the number of samples, layout 2 counts the alleles.
    return names + 4 + alleles + (4 if variant.layout == _LAYOUT_1 else 2)
