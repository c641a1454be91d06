"""A locus: what one test finds at one place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from igwas.loci.clump import Clump
from igwas.loci.locus_tests import LocusTest
from igwas.loci.signals import Signal


@dataclass
class Locus:
    """A stretch of the genome that one test finds.

    Attributes
    ----------
    test : LocusTest
    lead : int
        Row of the lead variant in the statistics file.
    log10p : float
        Of the test at the lead.
    members : DataFrame
        variant, position, log10p, column, r2 (with the lead of its clump) and clump (row of that
        lead) of every member.
    chromosome : str
    start, end : int
        First and last position of the members.
    signals : list of Signal
        Independent signals of its region that fall to it; none if others explain it, or if
        conditional analysis was not run.
    log10p_conditional : float or None
        Of the test at the lead, given the signals of the other loci of its region; None where
        conditional analysis was not run.
    """

    test: LocusTest
    lead: int
    log10p: float
    members: pd.DataFrame
    chromosome: str
    start: int
    end: int
    signals: list[Signal] = field(default_factory=list)
    log10p_conditional: float | None = None


def make_locus(test: LocusTest, table: pd.DataFrame, clumps: Sequence[Clump]) -> Locus:
    """Make a locus of clumps, the strongest first.

    Parameters
    ----------
    test : LocusTest
    table : DataFrame
        The test's variants: variant, chromosome, position, log10p, column.
    clumps : sequence of Clump
        By row number of the table.
    """
    parts = [
        table.iloc[one.members][["variant", "position", "log10p", "column"]].assign(
            r2=one.r2, clump=int(table["variant"].iloc[one.lead])
        )
        for one in clumps
    ]
    members = pd.concat(parts).sort_values("variant", kind="stable").reset_index(drop=True)
    lead = table.iloc[clumps[0].lead]
    return Locus(
        test=test,
        lead=int(lead["variant"]),
        log10p=float(lead["log10p"]),
        members=members,
        chromosome=str(lead["chromosome"]),
        start=int(members["position"].min()),
        end=int(members["position"].max()),
    )
