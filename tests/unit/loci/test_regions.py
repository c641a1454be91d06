"""Which loci are conditioned on together, and to whom a signal falls."""

import numpy as np
import pandas as pd

from igwas.loci.conditional import ConditionalTests
from igwas.loci.locus import Locus
from igwas.loci.locus_tests import BOTH_EYES, LocusTest
from igwas.loci.regions import condition_loci, group_by_region

EMPTY = pd.DataFrame({"variant": [], "log10p": [], "column": []})
TEST = LocusTest("minimum_p", "minimum_p", 5e-8, EMPTY, np.array([0]))


def locus(lead, start, end, log10p=10.0, chromosome="1", test=TEST, members=()):
    table = pd.DataFrame({"variant": [lead, *members]})
    return Locus(test, lead, log10p, table, chromosome, start, end)


class Scan:
    """A scan whose conditional p follow from a table: explained variants have p = 1."""

    def __init__(self, log10p, explains):
        self._log10p, self._explains = log10p, explains

    def rows_between(self, chromosome, start, end):
        rows = np.arange(len(self._log10p))
        return rows[(rows * 100 >= start) & (rows * 100 <= end)]

    def position(self, row):
        return 100 * row

    def tested_columns(self, columns):
        return np.arange(len(columns))

    def test(self, rows, given, columns):
        gone = {v for lead in given for v in (lead, *self._explains.get(lead, ()))}
        values = np.array([0.0 if row in gone else self._log10p[row] for row in rows])[:, None]
        return ConditionalTests(values, values, values, values)


def test_loci_within_reach_of_one_test_and_chromosome_are_one_region():
    other = LocusTest("other", "phenotype", 5e-8, EMPTY, np.array([0]))
    loci = [
        locus(0, 0, 100),
        locus(1, 550, 600),
        locus(2, 1101, 1200),
        locus(3, 1150, 1200, test=other),
        locus(4, 550, 600, chromosome="2"),
    ]
    regions = group_by_region(loci, 500)
    assert [[one.lead for one in region] for region in regions] == [[0, 1], [2], [4], [3]]
    assert group_by_region([], 500) == []


def test_an_explained_locus_has_no_signal():
    strong, weak, far = locus(1, 100, 100, 50.0), locus(3, 300, 300, 9.0), locus(5, 500, 500, 12.0)
    scan = Scan([0, 50.0, 1, 9.0, 1, 12.0], {1: (3,)})
    condition_loci(
        scan, [strong, weak, far], pd.Series({1: 100, 3: 300, 5: 500}), reach_bp=300, max_signals=9
    )
    assert [signal.variant for signal in strong.signals] == [1]
    assert weak.signals == []
    assert weak.log10p_conditional == 0.0
    assert [signal.given for signal in far.signals] == [(1,)]
    assert far.log10p_conditional == 12.0


def test_a_signal_that_is_no_lead_falls_to_its_member_or_to_the_nearest_locus():
    first, second = locus(1, 100, 100, 50.0, members=[2]), locus(6, 600, 600, 20.0)
    scan = Scan([0, 50.0, 15.0, 0, 0, 11.0, 20.0], {})
    condition_loci(
        scan, [first, second], pd.Series({1: 100, 2: 200, 6: 600}), reach_bp=500, max_signals=9
    )
    assert [signal.variant for signal in first.signals] == [1, 2]
    assert [signal.variant for signal in second.signals] == [6, 5]


def test_the_number_of_signals_is_bounded():
    one = locus(1, 100, 100, 50.0)
    scan = Scan([30.0] * 8, {})
    condition_loci(scan, [one], pd.Series({1: 100}), reach_bp=900, max_signals=3)
    assert len(one.signals) == 3


def test_loci_of_both_eyes_are_conditioned_on_by_their_own_rule():
    """The right eye loses what the left keeps: the rule then has nothing left."""

    class Eyes(Scan):
        def test(self, rows, given, columns):
            one = super().test(rows, given, columns)
            right = np.where(one.log10p == 30.0, 1.0, one.log10p)
            log10p = np.hstack([one.log10p, right])
            beta = np.ones_like(log10p)
            return ConditionalTests(beta, beta, log10p, log10p)

    rule = LocusTest("both_eyes", BOTH_EYES, 5e-8, EMPTY, np.array([4, 7]))
    one = locus(1, 100, 100, 50.0, test=rule)
    scan = Eyes([0, 50.0, 30.0, 20.0], {})
    condition_loci(scan, [one], pd.Series({1: 100}), reach_bp=300, max_signals=9)
    assert [signal.variant for signal in one.signals] == [1, 3]
    assert one.signals[1].log10p == 20.0
    assert one.signals[1].column == 4
    assert one.log10p_conditional == 50.0
