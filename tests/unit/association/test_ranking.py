import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.reference.statistics_fixture import write_statistics

from igwas.association.lazy_array import slabs
from igwas.association.ranking import (
    MEDIAN_CHISQ_1DF,
    OMNIBUS,
    at_least,
    critical_t,
    lambda_gc,
    select,
    top,
)
from igwas.association.statistics_file import open_statistics
from igwas.association.tails import log10p_student_t
from igwas.errors import OptionError


@pytest.fixture(scope="module", params=["mean", "drop"])
def statistics(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("ranking") / "statistics.h5"
    write_statistics(path, n_variants=3000, missing=request.param, seed=4)
    with open_statistics(path) as opened:
        opened.slab_rows = 97  # many slabs, the last one short
        yield opened


def test_strongest_of_a_phenotype_are_those_of_a_full_sort(statistics):
    log10p = statistics.log10p[:, 2]
    expected = np.sort(np.argsort(-np.nan_to_num(log10p, nan=-1), kind="stable")[:25])
    chosen = select(statistics, "dimension_002", top=25)
    np.testing.assert_array_equal(chosen.rows, expected)
    np.testing.assert_array_equal(chosen.log10p, log10p[expected])


def test_strongest_of_all_phenotypes_are_those_of_a_full_sort(statistics):
    log10p = np.nan_to_num(statistics.log10p[:], nan=-1)
    expected = np.sort(np.argsort(-log10p.ravel(), kind="stable")[:40])
    chosen = select(statistics, None, top=40)
    np.testing.assert_array_equal(chosen.rows * 5 + chosen.columns, expected)


def test_strongest_omnibus_are_those_of_a_full_sort(statistics):
    log10p = np.nan_to_num(statistics.omnibus_log10p[:, 1], nan=-1)
    chosen = select(statistics, OMNIBUS, top=7, mask=1)
    np.testing.assert_array_equal(chosen.rows, np.sort(np.argsort(-log10p, kind="stable")[:7]))


@pytest.mark.parametrize("level", [0.0, 1.0, 2.5, 8.0, 1e6])
def test_tests_that_reach_a_level_are_all_found(statistics, level):
    log10p = statistics.log10p[:]
    with np.errstate(invalid="ignore"):
        rows, columns = np.nonzero(log10p >= level)
    parts = list(at_least(statistics, None, level))
    np.testing.assert_array_equal(np.concatenate([part.rows for part in parts]), rows)
    np.testing.assert_array_equal(np.concatenate([part.columns for part in parts]), columns)


def test_table_of_the_strongest_is_sorted_and_complete(statistics):
    table = top(statistics, 12)
    assert (np.diff(table["log10p"]) <= 0).all()
    first = table.iloc[0]
    assert first["beta"] == statistics.beta[int(table.index[0]), first["phenotype"]]
    assert len(statistics.top(5, "dimension_000")) == 5
    assert {"f_statistic", "dof1", "dof2"} <= set(top(statistics, 3, OMNIBUS).columns)


def test_more_wanted_than_tested_gives_all_tested(statistics):
    tested = int(np.isfinite(statistics.log10p[:, 0]).sum())
    assert select(statistics, 0, top=10**6).rows.size == tested


def test_ties_go_to_the_earlier_variant(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", every_untested=0)
    with h5py.File(truth.path, "r+") as file:
        file["/omnibus/log10p"][:] = 1.0
    with open_statistics(truth.path) as statistics:
        statistics.slab_rows = 16
        np.testing.assert_array_equal(select(statistics, OMNIBUS, top=5).rows, np.arange(5))


def test_a_count_below_one_is_refused(statistics):
    with pytest.raises(OptionError, match=r"top is 0; expected 1"):
        select(statistics, 0, top=0)


@given(level=st.floats(1e-3, 1e4), dof=st.sampled_from([1.0, 3.0, 50.0, 500_000.0]))
def test_critical_t_never_excludes_a_test_that_reaches_the_level(level, dof):
    t = critical_t(level, dof)
    if t < 1e150:
        below = log10p_student_t(np.array([t * (1 - 1e-6)]), np.array([dof]))
        above = log10p_student_t(np.array([t * (1 + 1e-6)]), np.array([dof]))
        assert below[0] < level <= above[0]


def test_lambda_gc_is_the_exact_median_over_all_tested(statistics):
    for phenotype in range(5):
        expected = np.nanmedian(statistics.chisq[:, phenotype]) / MEDIAN_CHISQ_1DF
        assert lambda_gc(statistics, phenotype) == pytest.approx(expected, rel=1e-14)
    assert statistics.lambda_gc("dimension_001") == lambda_gc(statistics, 1)


def test_lambda_gc_of_nothing_tested_is_nan(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=30)
    with h5py.File(truth.path, "r+") as file:
        file["/beta"][:] = np.nan
    with open_statistics(truth.path) as statistics:
        assert np.isnan(lambda_gc(statistics, 1))


def test_median_constant_is_that_of_chi_square():
    assert stats.chi2.ppf(0.5, 1) == pytest.approx(MEDIAN_CHISQ_1DF, rel=1e-12)


def test_slabs_cover_each_row_once():
    assert list(slabs(10, 4)) == [(0, 4), (4, 8), (8, 10)]
    assert list(slabs(0, 4)) == []
