"""One pass over a statistics file: the tests that may matter, and what describes all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.lazy_array import slabs
from igwas.association.ranking import critical_t
from igwas.association.statistics_blocks import TestBlock
from igwas.association.statistics_file import StatisticsFile
from igwas.association.tails import log10p_student_t
from igwas.errors import InputError
from igwas.loci.genomic_control import MedianCounter, lambda_of_chisq, lambda_of_median_log10p

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
Progress = Callable[[int, int], None]

# A planted or real signal must not set the correlation of null statistics.
_NULL_T = 5.0


@dataclass(frozen=True)
class Candidates:
    """What one pass keeps.

    Parameters
    ----------
    tests : DataFrame
        variant (row), column, log10p, beta of every test that reaches the level, in file order.
    omnibus : list of DataFrame
        For each mask: variant and log10p of the omnibus tests that reach the level.
    lambda_gc : float64 (phenotypes,)
    omnibus_lambda_gc : float64 (masks,)
    n_tested : int64 (phenotypes,)
        Variants tested against each phenotype.
    pair_correlation : float64 (pairs,)
        Correlation of t between the phenotypes of each pair, over tests with both |t| below 5.
    """

    tests: pd.DataFrame
    omnibus: list[pd.DataFrame]
    lambda_gc: Floats
    omnibus_lambda_gc: Floats
    n_tested: Index
    pair_correlation: Floats


def find_candidates(
    statistics: StatisticsFile,
    min_log10p: float,
    pairs: Sequence[tuple[int, int]] = (),
    progress: Progress | None = None,
) -> Candidates:
    """Read a statistics file once, slab by slab.

    Parameters
    ----------
    statistics : StatisticsFile
    min_log10p : float
        -log10 p that a test must reach to be kept.
    pairs : sequence of (column, column)
        Phenotypes whose t are correlated, such as those of left and right eyes.
    progress : callable(done, total), optional

    Raises
    ------
    InputError
        If no variant was tested.
    """
    columns = np.arange(statistics.n_phenotypes)
    chisq = MedianCounter(statistics.n_phenotypes)
    omnibus_median = MedianCounter(statistics.n_masks)
    moments = _PairMoments(pairs)
    tests: list[pd.DataFrame] = []
    omnibus: list[list[pd.DataFrame]] = [[] for _ in range(statistics.n_masks)]
    for start, stop in slabs(statistics.n_variants, statistics.slab_rows):
        block = statistics.read_tests(start, stop, columns)
        chisq.add(block.t**2)
        moments.add(block.t)
        tests.append(_strong(block, min_log10p, start))
        log10p = np.stack(
            [statistics.read_omnibus(start, stop, m).log10p for m in range(statistics.n_masks)], 1
        )
        omnibus_median.add(log10p)
        for mask, found in enumerate(omnibus):
            rows = np.flatnonzero(log10p[:, mask] >= min_log10p)
            found.append(pd.DataFrame({"variant": rows + start, "log10p": log10p[rows, mask]}))
        if progress is not None:
            progress(stop, statistics.n_variants)
    if not chisq.n.any():
        raise InputError(
            f"{statistics.path} has no tested variant; expected at least one. "
            "Loosen the filters of the scan."
        )
    return Candidates(
        tests=pd.concat(tests, ignore_index=True),
        omnibus=[pd.concat(found, ignore_index=True) for found in omnibus],
        lambda_gc=lambda_of_chisq(chisq.medians()),
        omnibus_lambda_gc=lambda_of_median_log10p(omnibus_median.medians()),
        n_tested=chisq.n,
        pair_correlation=moments.correlation(),
    )


def _strong(block: TestBlock, min_log10p: float, start: int) -> pd.DataFrame:
    """Tests that reach the level; |t| decides first, since tails are slow."""
    dof = block.degrees_of_freedom
    least = critical_t(min_log10p, float(dof.max()))
    with np.errstate(invalid="ignore"):
        row, column = np.nonzero(np.abs(block.t) >= least)
    log10p = log10p_student_t(block.t[row, column], dof[row, column])
    keep = log10p >= min_log10p
    row, column = row[keep], column[keep]
    return pd.DataFrame(
        {
            "variant": row + start,
            "column": column,
            "log10p": log10p[keep],
            "beta": block.beta[row, column],
        }
    )


class _PairMoments:
    """Sums from which the correlation of t of each pair follows."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._left = np.array([left for left, _ in pairs], dtype=np.int64)
        self._right = np.array([right for _, right in pairs], dtype=np.int64)
        self._sums = np.zeros((3, len(pairs)))

    def add(self, t: Floats) -> None:
        if not len(self._left):
            return
        left, right = t[:, self._left], t[:, self._right]
        with np.errstate(invalid="ignore"):
            is_null = (np.abs(left) < _NULL_T) & (np.abs(right) < _NULL_T)
        left, right = np.where(is_null, left, 0.0), np.where(is_null, right, 0.0)
        for at, (a, b) in enumerate(((left, right), (left, left), (right, right))):
            self._sums[at] += np.einsum("ij,ij->j", a, b)

    def correlation(self) -> Floats:
        both, left, right = self._sums
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(both / np.sqrt(left * right))
