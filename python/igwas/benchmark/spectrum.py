"""Minor allele frequencies of simulated variants."""

import numpy as np
import numpy.typing as npt

# Share of variants and range of minor allele frequency. Imputed data of a biobank: most are rare.
BINS: dict[str, tuple[float, float]] = {
    "rare": (0.001, 0.01),
    "low": (0.01, 0.05),
    "mid": (0.05, 0.2),
    "common": (0.2, 0.5),
}
_IMPUTED = {"rare": 0.55, "low": 0.20, "mid": 0.13, "common": 0.12}
SPECTRA: dict[str, dict[str, float]] = {"imputed": _IMPUTED} | {name: {name: 1.0} for name in BINS}
_GOLDEN = (5**0.5 - 1) / 2


def draw_frequencies(
    spectrum: str, n_variants: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Minor allele frequency of each variant, (variants,).

    The bin of variant i follows from the golden ratio sequence, so that the first n variants have
    nearly the shares of all: a slow program is timed on a first part of the file.

    Examples
    --------
    >>> drawn = draw_frequencies("imputed", 1000, np.random.default_rng(1))
    >>> [int(((drawn[:100] >= low) & (drawn[:100] < high)).sum()) for low, high in BINS.values()]
    [55, 19, 14, 12]
    """
    shares = SPECTRA[spectrum]
    place = (np.arange(n_variants) + 0.5) * _GOLDEN % 1.0
    edges = np.cumsum(list(shares.values()))
    edges[-1] = 1.0
    chosen = np.searchsorted(edges, place, side="right")
    low, high = np.array([BINS[name] for name in shares])[chosen].T
    return np.asarray(generator.uniform(low, high))
