"""Simulated hard calls, drawn straight to rows of a .bed."""

import numpy as np
import numpy.typing as npt

# Two bits a call: 00 two copies of allele 1, 01 missing, 10 one copy, 11 none.
_NONE, _MISSING = 3, 1
# Below this frequency carriers are drawn one by one; above, every sample is.
_SPARSE_BELOW = 0.04


def draw_codes(
    frequency: npt.NDArray[np.float64],
    n_samples: int,
    missing_rate: tuple[float, float],
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Draw calls in Hardy-Weinberg proportions.

    Parameters
    ----------
    frequency : float64 (variants,)
        Of allele 1, the effect allele.
    n_samples : int
    missing_rate : tuple of two floats
        A variant's rate is uniform between.
    generator : numpy.random.Generator

    Returns
    -------
    uint8 (variants, samples padded to 4)
        Two-bit codes of a .bed, one a byte; 0 in the padding.
    """
    codes = np.empty((len(frequency), -(-n_samples // 4) * 4), dtype=np.uint8)
    rates = generator.uniform(*missing_rate, size=len(frequency))
    for row, share, rate in zip(codes, frequency, rates, strict=True):
        calls = row[:n_samples]
        if share < _SPARSE_BELOW:
            _draw_carriers(calls, share, generator)
        else:
            _draw_everyone(calls, share, generator)
        n_missing = generator.binomial(n_samples, rate)
        calls[generator.integers(n_samples, size=n_missing)] = _MISSING
        row[n_samples:] = 0
    return codes


def draw_rows(
    frequency: npt.NDArray[np.float64],
    n_samples: int,
    missing_rate: tuple[float, float],
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Draw calls and pack them: rows of a .bed, uint8 (variants, bytes); see `draw_codes`."""
    return pack_codes(draw_codes(frequency, n_samples, missing_rate, generator))


def _draw_carriers(
    calls: npt.NDArray[np.uint8], share: float, generator: np.random.Generator
) -> None:
    calls[:] = _NONE
    for code, probability in ((2, 2 * share * (1 - share)), (0, share**2)):
        count = generator.binomial(len(calls), probability)
        # Someone drawn twice makes a carrier fewer: rare where carriers are.
        calls[generator.integers(len(calls), size=count)] = code


def _draw_everyone(
    calls: npt.NDArray[np.uint8], share: float, generator: np.random.Generator
) -> None:
    bits = np.frombuffer(generator.bytes(2 * len(calls)), dtype=np.uint16)
    is_carrier = bits < round((1 - (1 - share) ** 2) * 65_536)
    is_homozygous = bits < round(share**2 * 65_536)
    np.subtract(_NONE, is_carrier, out=calls, casting="unsafe", dtype=np.uint8)
    calls -= is_homozygous.view(np.uint8) << 1


def pack_codes(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Four codes a byte, the first in the lowest bits; their number is a multiple of 4.

    Examples
    --------
    >>> pack_codes(np.array([[0, 1, 2, 3]], dtype=np.uint8)).tolist() == [[0b11100100]]
    True
    """
    four = codes.view("<u4")
    return np.asarray(four | four >> 6 | four >> 12 | four >> 18).astype(np.uint8)


def unpack_codes(rows: npt.NDArray[np.uint8], n_samples: int) -> npt.NDArray[np.uint8]:
    """Two-bit codes of packed rows, uint8 (variants, samples)."""
    codes = rows[:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    return np.asarray(codes.reshape(len(rows), -1)[:, :n_samples])


def unpack_rows(rows: npt.NDArray[np.uint8], n_samples: int) -> npt.NDArray[np.float64]:
    """Dosage of allele 1 of packed rows, float64 (variants, samples); NaN is missing.

    Examples
    --------
    >>> unpack_rows(np.array([[0b11100100]], dtype=np.uint8), 4)
    array([[ 2., nan,  1.,  0.]])
    """
    copies = np.array([2.0, np.nan, 1.0, 0.0])
    return np.asarray(copies[unpack_codes(rows, n_samples)])
