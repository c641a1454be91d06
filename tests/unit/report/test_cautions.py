"""Inflation of the omnibus test told from linkage with its loci."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from igwas.report.cautions import NOTE, WARNING, _omnibus_lambda
from igwas.report.sweep import Sweep

N = 4000
MEGABASE = 1_000_000


def gathered(log10p, loci):
    """Two chromosomes of 2,000 variants, one each 10 kb, and the loci (chromosome, start, end)."""
    sweep = Sweep(
        ["1", "X"], np.repeat(np.array([0, 1], np.int16), N // 2),
        np.tile(np.arange(1, N // 2 + 1) * 10_000, 2), {"omnibus": np.float32(log10p)},
        np.array([N]), [],
    )  # fmt: skip
    rows = [("omnibus", *locus) for locus in loci] + [("minimum_p", "1", 1, 20 * MEGABASE)]
    table = pd.DataFrame(rows, columns=["test", "chromosome", "start", "end"])
    return SimpleNamespace(sweep=sweep, loci=SimpleNamespace(table=table))


def uniform_log10p(inflated):
    """-log10 p of a test that is uniform, and ten times smaller p at chosen variants."""
    # A golden-ratio sequence: any stretch of it is uniform but for 1 / length.
    p = (np.arange(1, N + 1) * 0.6180339887498949) % 1
    p[inflated] /= 10
    return -np.log10(p)


def test_what_is_linked_to_a_locus_is_a_note():
    linked = np.arange(N) < 1000  # to 10 Mb of chromosome 1
    found = _omnibus_lambda(
        gathered(uniform_log10p(linked), [("1", MEGABASE, 9 * MEGABASE)]), "omnibus", 1.4
    )
    assert found.level == NOTE
    assert "for the 3,000 variants more than 1 Mb from its loci: linkage" in found.text


def test_inflation_everywhere_is_a_warning_whatever_the_loci():
    everywhere = np.arange(N) % 2 == 0
    loci = [("1", 2 * MEGABASE, 9 * MEGABASE), ("X", 1, 10)]
    found = _omnibus_lambda(gathered(uniform_log10p(everywhere), loci), "omnibus", 1.4)
    assert found.level == WARNING
    assert "its loci may be false" in found.text


def test_loci_over_the_whole_genome_leave_nothing_to_tell_by():
    loci = [(name, 1, 30 * MEGABASE) for name in ("1", "X")]
    found = _omnibus_lambda(gathered(uniform_log10p(slice(0, N)), loci), "omnibus", 3.0)
    assert found.level == WARNING
    assert "no variant lies away" in found.text


@pytest.mark.parametrize("seed", range(5))
def test_variants_near_any_interval_are_those_near_one_of_them(seed):
    generator = np.random.default_rng(seed)
    sweep = gathered(np.zeros(N), []).sweep
    starts, widths = generator.integers(0, [[20 * MEGABASE], [MEGABASE]], (2, 30)).tolist()
    found = [(start, start + width) for start, width in zip(starts, widths, strict=True)]
    expected = np.zeros(N, dtype=bool)
    for start, end in found:
        expected[sweep.rows_near("X", start, end)] = True
    np.testing.assert_array_equal(sweep.is_near({"X": found}), expected)
