"""Haplotypes of everyone, region by region: ancestry, linkage disequilibrium, inheritance.

A haplotype is a key on a line that stands for the leaves of the region's genealogy; a variant is an
interval of that line. Each ancestry spreads its haplotypes over the line with Dirichlet weights, so
that the frequency of every interval has the beta distribution of Balding & Nichols (1995,
Genetica 96:3) with the ancestry's Fst. Along a region some haplotypes draw a new key from block to
block, which lets linkage disequilibrium decay; relatives copy keys, and with them every allele.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from igwas.simulate.genome import Region, RegionVariants
from igwas.simulate.options import CohortOptions
from igwas.simulate.people import MALE, NO_PARENT, People

BLOCK_VARIANTS = 50
_BINS = 256
_DRAW_BITS = 16
_NEW_KEY_SHARE = 0.2
_CROSSOVER_SHARE = 0.005

Keys = npt.NDArray[np.uint32]


def region_dosages(
    people: People,
    region: Region,
    variants: RegionVariants,
    options: CohortOptions,
    generator: np.random.Generator,
) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """Yield rows of the region and their dosages, block by block.

    Yields
    ------
    slice
        Variants of the region.
    uint8 (variants, samples)
        Copies of the effect allele, none missing. On X outside the pseudo-autosomal regions males
        have 0 or 2.
    """
    haplotypes = RegionHaplotypes(people, region.chromosome == "X", options, generator)
    for start in range(0, region.n_variants, BLOCK_VARIANTS):
        rows = slice(start, min(start + BLOCK_VARIANTS, region.n_variants))
        keys = haplotypes.next_block()[:, : people.n_samples]
        yield rows, _dosage(keys, variants, rows)


def _dosage(keys: Keys, variants: RegionVariants, rows: slice) -> npt.NDArray[np.uint8]:
    start = variants.interval_start[rows, np.newaxis]
    width = variants.interval_width[rows, np.newaxis]
    # Unsigned subtraction wraps, so that an interval may run over the end of the line.
    copies: npt.NDArray[np.uint8]
    copies = (keys[0] - start < width).view(np.uint8) + (keys[1] - start < width).view(np.uint8)
    other = ~variants.effect_is_derived[rows]
    copies[other] = 2 - copies[other]
    assert copies.shape == (rows.stop - rows.start, keys.shape[1])
    return copies


class RegionHaplotypes:
    """Keys of both haplotypes (maternal, paternal) of everyone, moving along one region."""

    def __init__(
        self, people: People, is_x: bool, options: CohortOptions, generator: np.random.Generator
    ) -> None:
        self._people = people
        self._generator = generator
        self._single = np.flatnonzero(people.sex == MALE) if is_x else None
        self._ancestry = _local_ancestry(people, generator)
        self._table = _draw_table(options.ancestry_fst, generator)
        self._keys: Keys = self._draw(self._ancestry)
        self._children = people.children
        self._parents = np.stack([people.mother, people.father])[:, self._children]
        assert (self._parents != NO_PARENT).all()
        self._phase = generator.integers(2, size=(2, len(self._children)))
        self._is_first = True

    def next_block(self) -> Keys:
        """Keys uint32 (2, people) of the next block; valid until the next call."""
        if not self._is_first:
            is_new = self._generator.random(self._keys.shape, dtype=np.float32) < _NEW_KEY_SHARE
            self._keys[is_new] = self._draw(self._ancestry[is_new])
            crosses = self._generator.random(self._phase.shape) < _CROSSOVER_SHARE
            self._phase ^= crosses
        self._is_first = False
        self._copy_single()
        for side in (0, 1):
            self._keys[side, self._children] = self._keys[self._phase[side], self._parents[side]]
        self._copy_single()
        return self._keys

    def _draw(self, ancestry: npt.NDArray[np.uint8]) -> Keys:
        random = self._generator.integers(2**32, size=ancestry.shape, dtype=np.uint32)
        bins = self._table[ancestry, random >> np.uint32(_DRAW_BITS)].astype(np.uint32)
        low = (random & np.uint32(2**_DRAW_BITS - 1)) << np.uint32(8)
        keys: Keys = (bins << np.uint32(24)) | low
        return keys

    def _copy_single(self) -> None:
        """Give males their maternal X twice: coded 0 or 2, and the one their daughters get."""
        if self._single is not None:
            self._keys[1, self._single] = self._keys[0, self._single]


def _local_ancestry(people: People, generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Ancestry uint8 (2, people) of each haplotype in this region."""
    edges = np.cumsum(people.ancestry, axis=1)[:, :-1]
    random = generator.random((2, people.n_people), dtype=np.float32)
    return np.asarray((random[:, :, np.newaxis] >= edges).sum(axis=2, dtype=np.uint8))


def _draw_table(fst: tuple[float, ...], generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Bin of the line for each 16-bit random number, uint8 (ancestries, 65536)."""
    quantile = (np.arange(2**_DRAW_BITS) + 0.5) / 2**_DRAW_BITS
    rows = []
    for value in fst:
        weights = generator.gamma((1 - value) / value / _BINS, size=_BINS)
        # A small shape underflows to 0 now and then; the sum must not.
        edges = np.cumsum(np.maximum(weights, np.finfo(float).tiny))
        rows.append(np.searchsorted(edges / edges[-1], quantile).astype(np.uint8))
    return np.stack(rows)
