"""One pass over a statistics file that keeps a few numbers a variant, and no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.lazy_array import slabs
from igwas.association.statistics_blocks import TestBlock
from igwas.association.statistics_file import StatisticsFile
from igwas.association.tails import log10p_student_t
from igwas.plots.genome import GenomeAxis
from igwas.schema import REASONS

Index = NDArray[np.int64]
Singles = NDArray[np.float32]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """Which series a pass computes.

    Parameters
    ----------
    smallest : mapping of name to int64
        Smallest p over these columns.
    omnibus : mapping of name to int
        Omnibus test of a mask.
    both : mapping of name to (left, right), int64 (pairs,) each
        The dimension with the best agreement: the larger p of left and right, same sign.
    """

    smallest: Mapping[str, Index]
    omnibus: Mapping[str, int]
    both: Mapping[str, tuple[Index, Index]]


@dataclass(frozen=True)
class Sweep:
    """What the pass keeps; arrays by variant in the order of the file.

    Parameters
    ----------
    chromosome_names : list of str
        In the order in which they first appear.
    chromosome : int16 (variants,)
        Number in that list.
    position : int64 (variants,)
    series : dict of name to float32 (variants,)
        -log10 p; NaN where untested.
    n_tested : int64 (masks,)
    reasons : list of (reason, meaning, int64 (masks,))
        How many variants were not tested, and why.
    """

    chromosome_names: list[str]
    chromosome: NDArray[np.int16]
    position: Index
    series: dict[str, Singles]
    n_tested: Index
    reasons: list[tuple[str, str, Index]]

    def axis(self) -> GenomeAxis:
        """The genome as one axis, chromosomes in the order of the file."""
        n = len(self.chromosome_names)
        first, last = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(first, self.chromosome, self.position)
        np.maximum.at(last, self.chromosome, self.position)
        return GenomeAxis(self.chromosome_names, first, last)

    def rows_near(self, chromosome: str, start: int, end: int) -> Index:
        """Rows of the variants of an interval."""
        number = self.chromosome_names.index(chromosome)
        inside = (self.position >= start) & (self.position <= end)
        inside &= self.chromosome == number
        return np.flatnonzero(inside)

    def is_near(self, intervals: Mapping[str, Sequence[tuple[int, int]]]) -> NDArray[np.bool_]:
        """Variants that lie within an interval of their chromosome, ends included.

        Parameters
        ----------
        intervals : mapping of chromosome to sequence of (start, end)
            In any order; they may overlap.
        """
        near = np.zeros(len(self.position), dtype=bool)
        for chromosome, found in intervals.items():
            rows = np.flatnonzero(self.chromosome == self.chromosome_names.index(chromosome))
            starts, ends = np.array(sorted(found), dtype=np.int64).T
            reach = np.maximum.accumulate(ends)
            before = np.searchsorted(starts, self.position[rows], side="right") - 1
            near[rows] = (before >= 0) & (self.position[rows] <= reach[before])
        return near


def sweep(statistics: StatisticsFile, wanted: Wanted, progress: Progress | None = None) -> Sweep:
    """Read a statistics file once, slab by slab.

    Parameters
    ----------
    statistics : StatisticsFile
    wanted : Wanted
    progress : callable(done, total), optional
    """
    n = statistics.n_variants
    numbers: dict[bytes, int] = {}
    chromosome, position = np.empty(n, np.int16), np.empty(n, np.int64)
    names = [*wanted.omnibus, *wanted.smallest, *wanted.both]
    series = {name: np.full(n, np.nan, np.float32) for name in names}
    counts = np.zeros((statistics.n_masks, 256), np.int64)
    columns = np.arange(statistics.n_phenotypes)
    masks = statistics.masks
    for start, stop in slabs(n, statistics.slab_rows):
        codes, found = pd.factorize(statistics.variant_text("chromosome", start, stop))
        own = np.array([numbers.setdefault(name, len(numbers)) for name in found], np.int16)
        chromosome[start:stop] = own[codes]
        position[start:stop] = statistics.positions(start, stop)
        block = statistics.read_tests(start, stop, columns)
        for name, mask in wanted.omnibus.items():
            series[name][start:stop] = statistics.read_omnibus(start, stop, mask).log10p
        for name, chosen in wanted.smallest.items():
            series[name][start:stop] = smallest_p(block, chosen, masks)
        for name, (left, right) in wanted.both.items():
            series[name][start:stop] = both_eyes_p(block, left, right)
        reason = statistics.reason[start:stop, :]
        for mask in range(statistics.n_masks):
            counts[mask] += np.bincount(reason[:, mask], minlength=256)
        if progress is not None:
            progress(stop, n)
    return Sweep(
        [name.decode() for name in numbers], chromosome, position, series, counts[:, 0],
        _reasons(counts),
    )  # fmt: skip


def _reasons(counts: Index) -> list[tuple[str, str, Index]]:
    found = []
    for code in np.flatnonzero(counts.sum(axis=0)).tolist():
        if code:
            name, meaning = REASONS.get(code, (str(code), "a reason of a later version"))
            found.append((name, meaning, counts[:, code]))
    return found


def smallest_p(block: TestBlock, columns: Sequence[int] | Index, masks: Index) -> Singles:
    """-log10 of the smallest p of each variant over some columns.

    Tails are slow: within a mask the degrees of freedom are the same, so that the largest |t| has
    the smallest p, and one tail a mask is enough.

    Parameters
    ----------
    block : TestBlock
    columns : int (chosen,)
    masks : int64 (phenotypes,)
        Missingness mask of each phenotype.
    """
    columns = np.asarray(columns, dtype=np.int64)
    best = np.full(len(block.t), np.nan)
    for mask in np.unique(masks[columns]).tolist():
        own = columns[masks[columns] == mask]
        # fmax takes the number where the other is NaN, and warns of nothing.
        t = np.fmax.reduce(np.abs(block.t[:, own]), axis=1)
        best = np.fmax(best, log10p_student_t(t, block.degrees_of_freedom[:, own[0]]))
    return best.astype(np.float32)


def both_eyes_p(block: TestBlock, left: Index, right: Index) -> Singles:
    """-log10 of the larger p of left and right, in the dimension where the weaker |t| is largest.

    Dimensions with opposite signs do not count; a variant without any is 0, as p of 1.
    """
    t_left, t_right = block.t[:, left], block.t[:, right]
    with np.errstate(invalid="ignore"):
        weaker = np.fmin(np.abs(t_left), np.abs(t_right))
        weaker = np.where(t_left * t_right > 0, weaker, 0.0)
    is_known = np.isfinite(t_left) & np.isfinite(t_right)
    weaker = np.where(is_known, weaker, -1.0)
    rows, at = np.arange(len(weaker)), weaker.argmax(axis=1)
    p = [
        log10p_student_t(block.t[rows, side[at]], block.degrees_of_freedom[rows, side[at]])
        for side in (left, right)
    ]
    both = np.where(weaker[rows, at] > 0, np.minimum(*p), 0.0)
    return np.where(is_known.any(axis=1), both, np.nan).astype(np.float32)
