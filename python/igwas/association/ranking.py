"""The strongest tests of a statistics file, found in one pass with little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.association.lazy_array import Index, slabs
from igwas.association.reserved_names import OMNIBUS as OMNIBUS
from igwas.association.statistics_file import StatisticsFile
from igwas.association.tails import log10p_student_t
from igwas.errors import OptionError

MEDIAN_CHISQ_1DF = 0.454936423119572
"""Median of the chi-square distribution with one degree of freedom."""


_BISECTIONS = 60
_SHIFT = 44
"""Bits of a float64 dropped to name its bin: 8 of the mantissa remain, bins 0.4 % wide."""


@dataclass(frozen=True)
class Selection:
    """Chosen tests in file order: row and column of each, and its -log10 p, all (tests,)."""

    rows: Index
    columns: Index
    log10p: npt.NDArray[np.float64]


class _Level:
    """The -log10 p that a test must reach; it rises while the k best are collected."""

    def __init__(self, value: float) -> None:
        self.value = value


def critical_t(log10p: float, dof: float) -> float:
    """Smallest |t| whose -log10 p reaches `log10p` with `dof` degrees of freedom, from below.

    It is rounded down by 1e-9, so that filtering by it keeps every test that reaches the level.
    """
    if not (log10p > 0 and dof > 0):
        return 0.0

    def reaches(t: float) -> bool:
        value = log10p_student_t(np.array([t]), np.array([dof]))
        return bool(value[0] >= log10p)

    low, high = 0.0, 1.0
    while not reaches(high):
        low, high = high, high * 2
        if high > 1e150:
            return high
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return low * (1 - 1e-9)


def _candidates(statistics: StatisticsFile, columns: Index, level: _Level) -> Iterator[Selection]:
    """Yield the tests that reach the level, slab by slab.

    Tail functions cost a hundred times a division: |t| is first held against the critical value
    of the slab's largest degrees of freedom, below which no test can reach the level.
    """
    for start, stop in slabs(statistics.n_variants, statistics.slab_rows):
        tests = statistics.read_tests(start, stop, columns)
        dof = tests.degrees_of_freedom
        least = critical_t(level.value, float(dof.max())) if dof.size else 0.0
        with np.errstate(invalid="ignore"):
            row, column = np.nonzero(np.abs(tests.t) >= least)
        log10p = log10p_student_t(tests.t[row, column], dof[row, column])
        keep = log10p >= level.value
        yield Selection(row[keep] + start, columns[column[keep]], log10p[keep])


def _omnibus_candidates(
    statistics: StatisticsFile, mask: int, level: _Level
) -> Iterator[Selection]:
    for start, stop in slabs(statistics.n_variants, statistics.slab_rows):
        log10p = statistics.read_omnibus(start, stop, mask).log10p
        row = np.flatnonzero(log10p >= level.value)
        yield Selection(row + start, np.zeros_like(row), log10p[row])


def at_least(
    statistics: StatisticsFile,
    phenotype: str | int | None,
    min_log10p: float,
    *,
    mask: int | None = None,
) -> Iterator[Selection]:
    """Yield the tests that reach a level, slab by slab in file order; arguments as `select`."""
    return _found(statistics, phenotype, _Level(min_log10p), mask)


def _found(
    statistics: StatisticsFile, phenotype: str | int | None, level: _Level, mask: int | None
) -> Iterator[Selection]:
    if phenotype == OMNIBUS:
        return _omnibus_candidates(statistics, statistics.omnibus_mask(mask), level)
    columns = (
        np.arange(statistics.n_phenotypes)
        if phenotype is None
        else np.array([statistics.phenotype_index(phenotype)])
    )
    return _candidates(statistics, columns, level)


def select(
    statistics: StatisticsFile,
    phenotype: str | int | None,
    *,
    top: int | None = None,
    min_log10p: float = 0.0,
    mask: int | None = None,
) -> Selection:
    """Find the tests that reach a level, or the strongest of them.

    Parameters
    ----------
    statistics : StatisticsFile
        Where to look.
    phenotype : str, int or None
        A phenotype by name or column, `"omnibus"`, or None for all phenotypes.
    top : int, optional
        Keep this many, the strongest; ties go to the earlier variant, then phenotype.
    min_log10p : float
        Least -log10 p.
    mask : int, optional
        For the omnibus: the missingness mask.

    Returns
    -------
    Selection
        In file order. Memory grows with what is kept, not with the file.
    """
    if top is not None and top < 1:
        raise OptionError(f"top is {top}; expected 1 or more.")
    level = _Level(min_log10p)
    kept: list[Selection] = []
    size = 0
    for selection in _found(statistics, phenotype, level, mask):
        kept.append(selection)
        size += selection.rows.size
        if top is not None and size > 2 * top:
            kept = [_strongest(_concatenate(kept), top)]
            size = top
            level.value = max(level.value, float(kept[0].log10p.min()))
    whole = _concatenate(kept)
    return whole if top is None else _strongest(whole, top)


def _concatenate(parts: list[Selection]) -> Selection:
    if not parts:
        empty = np.zeros(0, np.int64)
        return Selection(empty, empty, np.zeros(0))
    return Selection(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.log10p for part in parts]),
    )


def _strongest(selection: Selection, count: int) -> Selection:
    best = np.argsort(-selection.log10p, kind="stable")[:count]
    best.sort()
    return Selection(selection.rows[best], selection.columns[best], selection.log10p[best])


def top(
    statistics: StatisticsFile,
    count: int,
    phenotype: str | int | None = None,
    *,
    mask: int | None = None,
) -> pd.DataFrame:
    """Table of the strongest tests, strongest first.

    Parameters
    ----------
    statistics : StatisticsFile
        Where to look.
    count : int
        Rows wanted; fewer come back if fewer were tested.
    phenotype : str, int or None
        As in `select`.
    mask : int, optional
        For the omnibus.

    Returns
    -------
    DataFrame
        The variant's columns, then phenotype, beta, se, log10p; for the omnibus f_statistic,
        dof1, dof2, log10p.
    """
    selection = select(statistics, phenotype, top=count, mask=mask)
    order = np.argsort(-selection.log10p, kind="stable")
    rows, columns = selection.rows[order], selection.columns[order]
    frame = statistics.variants_at(rows)
    added: dict[str, Any]
    if phenotype == OMNIBUS:
        tests = statistics.omnibus(rows, mask)
        added = {name: tests[name].to_numpy() for name in ("f_statistic", "dof1", "dof2")}
    else:
        names = np.asarray(statistics.phenotype_names, dtype=object)
        added = {
            "phenotype": list(names[columns]),
            "beta": statistics.beta[rows, columns],
            "se": statistics.se[rows, columns],
        }
    return frame.assign(**added, log10p=selection.log10p[order])


def lambda_gc(statistics: StatisticsFile, phenotype: str | int) -> float:
    """Genomic control: median chi-square over all tested variants / 0.4549.

    Two passes and 4 MiB whatever the number of variants: the first counts chi-squares in bins
    named by the top bits of their float64, which sort as the numbers do; the second collects the
    bins that hold the middle. The median is exact. NaN if nothing was tested.
    """
    columns = np.array([statistics.phenotype_index(phenotype)])

    def chisq_slabs() -> Iterator[npt.NDArray[np.float64]]:
        for start, stop in slabs(statistics.n_variants, statistics.slab_rows):
            t = statistics.read_tests(start, stop, columns).t[:, 0]
            yield np.ascontiguousarray(t[np.isfinite(t)] ** 2)

    counts = np.zeros(2 ** (63 - _SHIFT), np.int64)
    for chisq in chisq_slabs():
        counts += np.bincount(chisq.view(np.int64) >> _SHIFT, minlength=counts.size)
    total = int(counts.sum())
    if total == 0:
        return float("nan")
    middle = np.array([(total - 1) // 2, total // 2])
    cumulative = np.cumsum(counts)
    first, last = np.searchsorted(cumulative, middle, side="right")
    inside = [
        chisq[((bins := chisq.view(np.int64) >> _SHIFT) >= first) & (bins <= last)]
        for chisq in chisq_slabs()
    ]
    values = np.sort(np.concatenate(inside))
    below = int(cumulative[first - 1]) if first else 0
    return float(values[middle - below].mean() / MEDIAN_CHISQ_1DF)
