"""Independent signals of a locus: condition on what is found until nothing is left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igwas.loci.conditional import ConditionalScan, ConditionalTests
from igwas.loci.locus_tests import BOTH_EYES, OMNIBUS, LocusTest

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """A variant that the locus's test finds given the signals before it.

    Parameters
    ----------
    variant : int
        Row of the statistics file.
    log10p : float
        Of the locus's test, given the signals before it; the first is given nothing.
    column : int
        Phenotype of the smallest p; -1 for the omnibus.
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
    """Repeat the test of a locus given its lead, then given that and the next, and so on.

    Parameters
    ----------
    scan : ConditionalScan
    test : LocusTest
        Its level decides when nothing is left.
    lead : int
        Row of the lead variant.
    log10p : float
        Of the lead.
    rows : int64 (variants,)
        Rows to test.
    max_signals : int
        At most so many.

    Returns
    -------
    list of Signal
        The lead first; empty for the rule of both eyes, which is no single test.
    """
    if test.kind == BOTH_EYES or not len(rows):
        return []
    # The omnibus test and LOCO predictions are of all phenotypes of the mask.
    is_omnibus = test.kind == OMNIBUS
    at = scan.tested_columns(test.columns)
    signals = [Signal(lead, log10p, -1, float("nan"), float("nan"), ())]
    while len(signals) < max_signals:
        given = tuple(signal.variant for signal in signals)
        tests = scan.test(rows, given, test.columns)
        if is_omnibus:
            found = _best_omnibus(tests, scan.omnibus_mask(test.mask), rows, given)
        else:
            found = _best_phenotype(tests, test.columns, at, rows, given)
        if found is None or found.log10p < test.min_log10p:
            break
        signals.append(found)
    return signals


def _best_omnibus(
    tests: ConditionalTests, mask: int, rows: Index, given: tuple[int, ...]
) -> Signal | None:
    place = _strongest(tests.omnibus_log10p[:, [mask]], rows, given)
    if place is None:
        return None
    row, _ = place
    log10p = float(tests.omnibus_log10p[row, mask])
    return Signal(int(rows[row]), log10p, -1, float("nan"), float("nan"), given)


def _best_phenotype(
    tests: ConditionalTests, columns: Index, at: Index, rows: Index, given: tuple[int, ...]
) -> Signal | None:
    place = _strongest(tests.log10p[:, at], rows, given)
    if place is None:
        return None
    row, number = place
    column = int(at[number])
    return Signal(
        int(rows[row]), float(tests.log10p[row, column]), int(columns[number]),
        float(tests.beta[row, column]), float(tests.se[row, column]), given,
    )  # fmt: skip


def _strongest(log10p: Floats, rows: Index, given: tuple[int, ...]) -> tuple[int, int] | None:
    """Row and column of the largest; variants conditioned on do not count."""
    values = np.where(np.isin(rows, given)[:, None], np.nan, log10p)
    if not np.isfinite(values).any():
        return None
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    return int(row), int(column)
