"""Conditional analysis of whole regions: which loci stand by themselves.

A strong signal shows at variants in weak linkage disequilibrium with its lead, which clumping makes
loci of their own. Loci near each other are therefore taken together: signals are found for the
region, the strongest first, and a locus that none of them falls to is explained by the others.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from igwas.loci.conditional import ConditionalScan
from igwas.loci.locus import Locus
from igwas.loci.signals import Signal, find_signals, log10p_given


def condition_loci(
    scan: ConditionalScan,
    loci: Sequence[Locus],
    positions: pd.Series,
    *,
    reach_bp: int,
    max_signals: int,
) -> None:
    """Find the signals of every region and give each to its locus, in place.

    Parameters
    ----------
    scan : ConditionalScan
    loci : sequence of Locus
        Of all tests.
    positions : Series
        Position by row of the statistics file, of every candidate.
    reach_bp : int
        Loci this close are of one region, and tests reach so far beyond it.
    max_signals : int
        Most signals of a region.
    """
    for region in group_by_region(loci, reach_bp):
        strongest = max(region, key=lambda locus: locus.log10p)
        rows = scan.rows_between(
            strongest.chromosome,
            min(locus.start for locus in region) - reach_bp,
            max(locus.end for locus in region) + reach_bp,
        )
        signals = find_signals(
            scan, strongest.test, strongest.lead, strongest.log10p, rows, max_signals
        )
        for signal in signals:
            _owner(signal, region, positions, scan).signals.append(signal)
        _test_leads(scan, region, signals)


def group_by_region(loci: Sequence[Locus], reach_bp: int) -> list[list[Locus]]:
    """Chains of loci of one test and chromosome with at most `reach_bp` from one to the next."""
    regions: list[list[Locus]] = []
    reached = 0
    order = sorted(loci, key=lambda one: (one.test.name, one.chromosome, one.start, one.end))
    for locus in order:
        last = regions[-1][-1] if regions else None
        is_same = last is not None and (last.test.name, last.chromosome) == (
            locus.test.name,
            locus.chromosome,
        )
        if is_same and locus.start - reached <= reach_bp:
            regions[-1].append(locus)
            reached = max(reached, locus.end)
        else:
            regions.append([locus])
            reached = locus.end
    return regions


def _owner(
    signal: Signal, region: Sequence[Locus], positions: pd.Series, scan: ConditionalScan
) -> Locus:
    """The locus that has the variant as a member, or else the nearest one."""
    for locus in region:
        if (locus.members["variant"] == signal.variant).any():
            return locus
    known = signal.variant in positions.index
    place = int(positions[signal.variant]) if known else scan.position(signal.variant)
    return min(region, key=lambda one: max(one.start - place, place - one.end, 0))


def _test_leads(scan: ConditionalScan, region: Sequence[Locus], signals: Sequence[Signal]) -> None:
    """-log10 p of every lead given the signals of the other loci of its region."""
    everything = tuple(signal.variant for signal in signals)
    explained = [locus for locus in region if not locus.signals]
    if explained:
        leads = np.array([locus.lead for locus in explained], dtype=np.int64)
        values = log10p_given(scan, explained[0].test, leads, everything)
        for locus, value in zip(explained, values.tolist(), strict=True):
            locus.log10p_conditional = value
    for locus in region:
        if locus.signals:
            own = {signal.variant for signal in locus.signals}
            given = tuple(variant for variant in everything if variant not in own)
            locus.log10p_conditional = locus.log10p
            if given:
                leads = np.array([locus.lead], dtype=np.int64)
                value = log10p_given(scan, locus.test, leads, given)[0]
                locus.log10p_conditional = float(value)
