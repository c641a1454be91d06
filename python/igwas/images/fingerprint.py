"""A fingerprint of how a crop looks: near duplicates differ in few of its bits."""

import numpy as np
import numpy.typing as npt

from igwas.images.crop import crop_disc, inside_circle
from igwas.images.disc import Disc

WORDS = 8
BITS = 64 * WORDS
_SIDE = 32


def fingerprint(rgb: npt.NDArray[np.uint8], disc: Disc) -> npt.NDArray[np.uint64]:
    """Signs of the lowest frequencies of the disc's brightness, each against the median.

    The crop is taken before mirroring: the same photograph filed under both eyes is found too.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
    disc : Disc

    Returns
    -------
    uint64 (8,)
        512 bits.
    """
    from scipy.fft import dctn

    crop = crop_disc(rgb, disc, 2 * _SIDE).astype(np.float64).mean(axis=2)
    inside = inside_circle(2 * _SIDE)
    level = crop[inside].mean()
    # The disc's own outline is common to all photographs: take it out of the spectrum.
    spectrum = dctn(np.where(inside, crop - level, 0.0), norm="ortho")
    row, column = np.mgrid[:_SIDE, :_SIDE]
    order = np.lexsort((column.ravel(), (row + column).ravel()))[1 : BITS + 1]
    low = spectrum[:_SIDE, :_SIDE].ravel()[order]
    bits = low > np.median(low)
    return np.packbits(bits).view(np.uint64).copy()
