"""Linkage disequilibrium from genotypes: r^2 of pairs of variants.

Everything follows from counts of hard calls, which are sums of halves and exact in float32 up to
2 million samples: r^2 does not depend on the order of summation. Samples without one of the two
calls are left out of that pair.

Where somebody has one copy of a chromosome (males of X, everybody of Y and mitochondria), it is
coded 0 or 2 as in the scan. The squared correlation of calls is then that of what the scan
regresses on; coded 0 or 1 instead, males would lie below females at every variant of X, which
correlates variants that have nothing to do with each other. For haplotypes that sample counts half:
it shows one, phase known, where others show two. Heterozygous calls of one copy are no calls, and
who is not analysed (of unknown sex on X, not male on Y) has none.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import OptionError
from igwas.genotypes.chromosomes import analysed_samples, haploid_samples
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.loci.haplotypes import haplotype_r2

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

METHODS = ("haplotype", "genotype")

# A dosage further than this from 0, 1 and 2 is no hard call; plink2's default.
HARD_CALL_THRESHOLD = 0.1

_BLOCK_CELLS = 1 << 24
_CACHE_BYTES = 256 << 20


@dataclass(frozen=True)
class PairCounts:
    """Counts of pairs of variants over the samples that have both calls; float64 (pairs,).

    Parameters
    ----------
    n : samples
    sx, sy, sxx, syy, sxy : sums of copies, of their squares and of their product
    hets : samples with one copy of both
    """

    n: Floats
    sx: Floats
    sy: Floats
    sxx: Floats
    syy: Floats
    sxy: Floats
    hets: Floats


def genotype_r2(counts: PairCounts) -> Floats:
    """Squared correlation of the calls; NaN where one of the two does not vary.

    This is `plink1.9 --r2`, on X with `--ld-xchr 2`.
    """
    covariance = counts.n * counts.sxy - counts.sx * counts.sy
    variances = (counts.n * counts.sxx - counts.sx**2) * (counts.n * counts.syy - counts.sy**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variances > 0, covariance**2 / variances, np.nan))


class Linkage:
    """r^2 between variants of a genotype file.

    Parameters
    ----------
    genotypes : GenotypeFile
    samples : int64, optional
        Rows of the samples to use; all by default.
    method : str
        `haplotype`: r^2 of the likeliest haplotype frequencies, as `plink1.9 --clump`.
        `genotype`: squared correlation of the calls, as `plink1.9 --r2`.

    Raises
    ------
    OptionError
        If there are fewer than 2 samples.
    """

    def __init__(
        self, genotypes: GenotypeFile, samples: Index | None = None, *, method: str = "haplotype"
    ) -> None:
        self._file = genotypes
        self._samples = slice(None) if samples is None else samples
        self._method = method
        self._sex = genotypes.samples.sex[self._samples]
        self.n_samples = genotypes.n_samples if samples is None else len(samples)
        if self.n_samples < 2:
            raise OptionError(
                f"{self.n_samples} samples for linkage disequilibrium; expected at least 2."
            )
        self._cache: OrderedDict[int, NDArray[np.int8]] = OrderedDict()
        self._cache_rows = max(2, _CACHE_BYTES // self.n_samples)

    def calls(self, rows: Sequence[int] | Index) -> NDArray[np.int8]:
        """Hard calls of some variants, int8 (variants, samples), -1 where missing."""
        rows = np.asarray(rows, dtype=np.int64)
        absent = np.unique([row for row in rows.tolist() if row not in self._cache])
        fresh: dict[int, NDArray[np.int8]] = {}
        if len(absent):
            absent = absent.astype(np.int64)
            read = hard_calls(self._file[absent, self._samples])
            fresh = dict(zip(absent.tolist(), read, strict=True))
            for row, own in fresh.items():
                chromosome = self._chromosome(row)
                own[haploid_samples(chromosome, self._sex) & (own == 1)] = -1
                own[~analysed_samples(chromosome, self._sex)] = -1
        out = np.empty((len(rows), self.n_samples), np.int8)
        for at, row in enumerate(rows.tolist()):
            out[at] = fresh[row] if row in fresh else self._cache[row]
        self._cache.update(fresh)
        while len(self._cache) > self._cache_rows:
            self._cache.popitem(last=False)
        return out

    def _chromosome(self, row: int) -> str:
        names, codes = self._file.chromosomes
        return names[int(codes[row])]

    def _weights(self, row: int) -> Floats | None:
        """What each sample counts for on a variant's chromosome; None is one each."""
        is_haploid = haploid_samples(self._chromosome(row), self._sex)
        if self._method == "genotype" or not is_haploid.any():
            return None
        return np.where(is_haploid, 0.5, 1.0)

    def r2(self, lead: int, rows: Index) -> Floats:
        """r^2 of one variant with others.

        Parameters
        ----------
        lead : int
            Row of the genotype file.
        rows : int64 (variants,)
            Of the same chromosome.

        Returns
        -------
        float64 (variants,)
            NaN where either does not vary among the samples that have both calls.
        """
        y, weights = self.calls([lead])[0], self._weights(lead)
        step = max(1, _BLOCK_CELLS // self.n_samples)
        parts = []
        for start in range(0, len(rows), step):
            counts = count_pairs(self.calls(rows[start : start + step]), y, weights)
            parts.append(genotype_r2(counts) if self._method == "genotype" else _haplotype(counts))
        return np.concatenate(parts) if parts else np.zeros(0)


def _haplotype(counts: PairCounts) -> Floats:
    return haplotype_r2(counts.n, counts.sx, counts.sy, counts.sxy, counts.hets)


def hard_calls(dosages: NDArray[np.float32]) -> NDArray[np.int8]:
    """Nearest whole number of copies; -1 where missing or further than 0.1 from it."""
    nearest = np.rint(dosages)
    with np.errstate(invalid="ignore"):
        is_call = np.abs(dosages - nearest) <= HARD_CALL_THRESHOLD + 1e-6
    return np.where(is_call, nearest, -1).astype(np.int8)


def count_pairs(
    x: NDArray[np.int8], y: NDArray[np.int8], weights: Floats | None = None
) -> PairCounts:
    """Count the calls of each variant against one other.

    Parameters
    ----------
    x : int8 (variants, samples)
    y : int8 (samples,)
        -1 is missing.
    weights : float64 (samples,), optional
        What each sample counts for, 1 or 1/2; 1 by default.
    """
    # float32 holds every half up to 2^23, four times 2 million samples; BLAS does the rest.
    dtype: Any = np.float32 if len(y) < 1 << 21 else np.float64
    has_y, copies = (y >= 0).astype(dtype), np.maximum(y, 0).astype(dtype)
    right = np.stack([has_y, copies, copies**2, (y == 1).astype(dtype)], axis=1)
    if weights is not None:
        right *= weights[:, None].astype(dtype)
    called = np.maximum(x, 0).astype(dtype)
    sx, sxy = (called @ right[:, :2]).astype(np.float64).T
    sxx = ((called * called) @ right[:, 0]).astype(np.float64)
    hets = ((x == 1).astype(dtype) @ right[:, 3]).astype(np.float64)
    if (x >= 0).all():
        totals = np.broadcast_to(right[:, :3].astype(np.float64).sum(axis=0), (len(x), 3))
    else:
        totals = ((x >= 0).astype(dtype) @ right[:, :3]).astype(np.float64)
    n, sy, syy = totals.T
    return PairCounts(n, sx, sy, sxx, syy, sxy, hets)
