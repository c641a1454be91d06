"""Clumps: a lead variant and its neighbours in linkage disequilibrium."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
# r^2 of one test with others, all by their number in the table of tests.
PairwiseR2 = Callable[[int, Index], Floats]


@dataclass(frozen=True)
class Clump:
    """A lead and its members, by their number in the table of tests.

    Parameters
    ----------
    lead : int
    members : int64
        The lead is the first; the others in the order of the table.
    r2 : float64
        Of each member with the lead; 1 for the lead itself, NaN where it is not known.
    """

    lead: int
    members: Index
    r2: Floats


def clump(
    chromosome: NDArray[np.integer],
    position: Index,
    log10p: Floats,
    *,
    min_log10p: float,
    window_bp: int,
    min_r2: float,
    r2: PairwiseR2 | None,
) -> list[Clump]:
    """Take the strongest test, then all within reach and in LD with it; again with the rest.

    Parameters
    ----------
    chromosome : int (tests,)
        A code; equal codes, equal chromosomes.
    position, log10p : (tests,)
        Of every test that may be a member.
    min_log10p : float
        What a lead must reach.
    window_bp : int
        A member is closer to its lead than this.
    min_r2 : float
        A member's r^2 with its lead is larger than this.
    r2 : callable or None
        None takes everything within reach as a member: clumps by distance.

    Returns
    -------
    list of Clump
        Strongest lead first; equal ones in the order of the table. No test is in two of them.
    """
    order = np.lexsort((position, chromosome))
    sorted_chromosome, sorted_position = chromosome[order], position[order]
    is_free = np.ones(len(position), dtype=bool)
    found = []
    by_strength = np.argsort(-log10p, kind="stable")
    for lead in by_strength[log10p[by_strength] >= min_log10p].tolist():
        if not is_free[lead]:
            continue
        first = int(np.searchsorted(sorted_chromosome, chromosome[lead], side="left"))
        last = int(np.searchsorted(sorted_chromosome, chromosome[lead], side="right"))
        near = sorted_position[first:last]
        low = first + int(np.searchsorted(near, position[lead] - window_bp, side="right"))
        high = first + int(np.searchsorted(near, position[lead] + window_bp, side="left"))
        others = np.sort(order[low:high])
        others = others[is_free[others] & (others != lead)]
        values = np.full(len(others), np.nan)
        if r2 is not None and len(others):
            values = r2(lead, others)
            keep = values > min_r2
            others, values = others[keep], values[keep]
        is_free[lead] = False
        is_free[others] = False
        found.append(
            Clump(
                lead,
                np.concatenate([[lead], others]).astype(np.int64),
                np.concatenate([[1.0], values]),
            )
        )
    return found


def merge_clumps(
    clumps: Sequence[Clump],
    chromosome: NDArray[np.integer],
    position: Index,
    *,
    interval_bp: int,
    lead_bp: int,
) -> list[list[int]]:
    """Join clumps into loci as Xie et al. (2024) do.

    First those whose intervals (from the first member to the last) are at most `interval_bp`
    apart, then the groups whose strongest leads are at most `lead_bp` apart.

    Returns
    -------
    list of list of int
        Numbers of the clumps of each locus, strongest first; loci by their strongest clump.
    """
    starts = np.array([position[c.members].min() for c in clumps], dtype=np.int64)
    ends = np.array([position[c.members].max() for c in clumps], dtype=np.int64)
    codes = np.array([chromosome[c.lead] for c in clumps], dtype=np.int64)
    blocks = _chain(codes, starts, ends, interval_bp)
    # Clumps come strongest first, so the smallest number of a block is its strongest.
    strongest = np.array([block[0] for block in blocks], dtype=np.int64)
    leads = np.array([position[clumps[n].lead] for n in strongest], dtype=np.int64)
    joined = _chain(codes[strongest], leads, leads, lead_bp)
    loci = [sorted(n for block in group for n in blocks[block]) for group in joined]
    return sorted(loci, key=lambda locus: locus[0])


def _chain(codes: Index, starts: Index, ends: Index, reach: int) -> list[list[int]]:
    """Join intervals of one chromosome that follow each other within reach."""
    groups: list[list[int]] = []
    reached = 0
    for i in np.lexsort((ends, starts, codes)).tolist():
        if groups and codes[groups[-1][-1]] == codes[i] and starts[i] - reached <= reach:
            groups[-1].append(i)
            reached = max(reached, int(ends[i]))
        else:
            groups.append([i])
            reached = int(ends[i])
    return [sorted(group) for group in groups]
