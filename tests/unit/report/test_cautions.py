"""Lambda above what chance gives; inflation of the omnibus test told from linkage with its loci."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from igwas.report.cautions import GOOD, NOTE, WARNING, _lambdas, _omnibus_lambda
from igwas.report.lambda_limits import LambdaLimits, lambda_error
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


def phenotypes(lambdas, n_tested):
    """Phenotypes with these lambdas, each over its own number of variants."""
    n = np.array(n_tested)
    names = [f"p{k}" for k in range(len(lambdas))]
    loci = SimpleNamespace(lambdas=np.array(lambdas), tested=names)
    return SimpleNamespace(
        loci=loci, tested=np.arange(len(lambdas)), omnibus={}, lambda_limits=LambdaLimits.of(n),
        sweep=SimpleNamespace(n_tested=n),
    )  # fmt: skip


def test_the_error_of_lambda_is_that_of_simulated_tests():
    generator = np.random.default_rng(1)
    n, repeats = 2000, 1500
    lambdas = np.median(generator.normal(size=(repeats, n)) ** 2, axis=1) / 0.45494
    # The standard error of a standard deviation is 1 / sqrt(2 repeats) of it.
    assert lambdas.std() == pytest.approx(lambda_error(n), rel=4 / np.sqrt(2 * repeats))


def test_no_warning_of_what_chance_gives():
    """The largest of 48 phenotypes over 10,600 variants, a standard error of 0.023."""
    found = _lambdas(phenotypes([*[1.0] * 47, 1.12], [10_600] * 48))
    assert [one.level for one in found] == [GOOD]
    assert "above 1.168 or below 0.832 (1.1 or 0.9 and three standard errors" in found[0].text


def test_lambda_beyond_its_limit_is_a_warning_that_says_the_limit():
    found = _lambdas(phenotypes([1.0, 1.18, 1.17, 0.8], [10_600] * 4))
    assert [one.level for one in found] == [WARNING, WARNING]
    assert "above 1.168 (1.1 or 0.9 and" in found[0].text
    assert "for 2 of 4 tested phenotypes (largest 1.180, p1)" in found[0].text
    assert "below 0.832" in found[1].text
    assert "for 1 of 4 tested phenotypes" in found[1].text


def test_each_phenotype_has_the_limit_of_its_variants():
    found = _lambdas(phenotypes([1.2, 1.15], [1000, 1_000_000]))
    assert "above 1.107 to 1.321" in found[0].text
    assert "for 1 of 2 tested phenotypes (largest 1.150, p1)" in found[0].text


def test_few_variants_have_wide_limits_and_none_have_none():
    assert LambdaLimits.of(np.array([10, 0])).small.tolist() == [0.0, 0.0]
    assert _lambdas(phenotypes([1.5, np.nan], [10, 0]))[0].level == GOOD
