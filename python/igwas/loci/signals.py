"""Independent signals of a region: condition on what is found until nothing is left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igwas.loci.conditional import ConditionalScan, ConditionalTests
from igwas.loci.eyes import both_eyes_log10p
from igwas.loci.locus_tests import BOTH_EYES, OMNIBUS, LocusTest

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """A variant that a test finds given the signals of its region before it.

    Parameters
    ----------
    variant : int
        Row of the statistics file.
    log10p : float
        Of the test, given the signals before it; the first is given nothing.
    column : int
        Phenotype of the smallest p, of both eyes the left one; -1 for the omnibus.
    beta, se : float
        Of that phenotype, given the signals before it; NaN for the omnibus and the first.
    given : tuple of int
        Rows of the signals before it.
    """

    variant: int
    log10p: float
    column: int
    beta: float
    se: float
    given: tuple[int, ...]


def find_signals(
    scan: ConditionalScan,
    test: LocusTest,
    lead: int,
    log10p: float,
    rows: Index,
    max_signals: int,
) -> list[Signal]:
    """Repeat the test of a region given its lead, then given that and the next, and so on.

    Parameters
    ----------
    scan : ConditionalScan
    test : LocusTest
        Its level decides when nothing is left.
    lead : int
        Row of the region's strongest lead variant.
    log10p : float
        Of the lead.
    rows : int64 (variants,)
        Rows to test.
    max_signals : int
        At most so many.

    Returns
    -------
    list of Signal
        The lead first.
    """
    signals = [Signal(lead, log10p, -1, float("nan"), float("nan"), ())]
    while len(signals) < max_signals:
        given = tuple(signal.variant for signal in signals)
        found = _best(scan, test, rows, given)
        if found is None or found.log10p < test.min_log10p:
            break
        signals.append(found)
    return signals


def log10p_given(
    scan: ConditionalScan, test: LocusTest, rows: Index, given: tuple[int, ...]
) -> Floats:
    """-log10 p of a locus's test at some variants, given others.

    Returns
    -------
    float64 (variants,)
        NaN where a variant cannot be tested, such as one that those given explain.
    """
    values, _ = _values(scan, test, scan.test(rows, given, test.columns))
    is_tested = np.isfinite(values).any(axis=1)
    out = np.full(len(rows), np.nan)
    out[is_tested] = np.nanmax(values[is_tested], axis=1)
    return out


def _values(
    scan: ConditionalScan, test: LocusTest, tests: ConditionalTests
) -> tuple[Floats, Index | None]:
    """-log10 p of the test at each variant, (variants, choices), and the choices' columns.

    The choices are the phenotypes of the test, the dimensions of the rule of both eyes (told by
    the column of the left eye), or one: the omnibus, which has no column.
    """
    if test.kind == OMNIBUS:
        return tests.omnibus_log10p[:, [scan.omnibus_mask(test.mask)]], None
    at = scan.tested_columns(test.columns)
    if test.kind == BOTH_EYES:
        left, right = np.split(at, 2)
        return both_eyes_log10p(tests.log10p, tests.beta, left, right), left
    return tests.log10p[:, at], at


def _best(
    scan: ConditionalScan, test: LocusTest, rows: Index, given: tuple[int, ...]
) -> Signal | None:
    tests = scan.test(rows, given, test.columns)
    values, at = _values(scan, test, tests)
    place = _strongest(values, rows, given)
    if place is None:
        return None
    row, number = place
    variant, log10p = int(rows[row]), float(values[row, number])
    if at is None:
        return Signal(variant, log10p, -1, float("nan"), float("nan"), given)
    column = int(at[number])
    beta, se = float(tests.beta[row, column]), float(tests.se[row, column])
    return Signal(variant, log10p, int(test.columns[number]), beta, se, given)


def _strongest(log10p: Floats, rows: Index, given: tuple[int, ...]) -> tuple[int, int] | None:
    """Row and column of the largest; variants conditioned on do not count."""
    values = np.where(np.isin(rows, given)[:, None], np.nan, log10p)
    if not np.isfinite(values).any():
        return None
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    return int(row), int(column)
