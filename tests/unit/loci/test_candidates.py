import h5py
import numpy as np
import pytest
from tests.reference.statistics_fixture import write_statistics

from igwas.association.statistics_file import open_statistics
from igwas.errors import InputError
from igwas.loci.candidates import find_candidates

LEVEL = 1.5


@pytest.fixture(params=["mean", "drop"])
def statistics(request, tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=700, missing=request.param)
    with open_statistics(truth.path) as file:
        file.slab_rows = 128
        yield file


def test_the_tests_that_reach_the_level_are_found(statistics):
    found = find_candidates(statistics, LEVEL)
    log10p = statistics.log10p[:]
    row, column = np.nonzero(log10p >= LEVEL)
    assert found.tests["variant"].tolist() == row.tolist()
    assert found.tests["column"].tolist() == column.tolist()
    np.testing.assert_allclose(found.tests["log10p"], log10p[row, column])
    np.testing.assert_allclose(found.tests["beta"], statistics.beta[row, column])


def test_the_omnibus_tests_of_each_mask_are_found(statistics):
    found = find_candidates(statistics, LEVEL)
    for mask, table in enumerate(found.omnibus):
        log10p = statistics.omnibus_log10p[:, mask]
        assert table["variant"].tolist() == np.flatnonzero(log10p >= LEVEL).tolist()
    median = np.nanmedian(statistics.omnibus_log10p[:], axis=0)
    assert np.isfinite(median).all()
    assert np.isfinite(found.omnibus_lambda_gc).all()


def test_lambda_agrees_with_the_exact_one(statistics):
    found = find_candidates(statistics, LEVEL)
    exact = [statistics.lambda_gc(k) for k in range(statistics.n_phenotypes)]
    # 700 values leave gaps wider than a bin.
    np.testing.assert_allclose(found.lambda_gc, exact, rtol=0.01)
    tested = np.isfinite(statistics.beta[:]).sum(axis=0)
    np.testing.assert_array_equal(found.n_tested, tested)


def test_correlations_leave_strong_tests_out(statistics):
    found = find_candidates(statistics, LEVEL, [(0, 2), (1, 3)])
    t = statistics.t[:]
    for (a, b), value in zip([(0, 2), (1, 3)], found.pair_correlation, strict=True):
        null = (np.abs(t[:, a]) < 5) & (np.abs(t[:, b]) < 5)
        x, y = t[null, a], t[null, b]
        assert value == pytest.approx((x @ y) / np.sqrt((x @ x) * (y @ y)))


def test_a_file_without_a_tested_variant_is_refused(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=20)
    with h5py.File(truth.path, "r+") as file:
        file["/beta"][...] = np.nan
    with open_statistics(truth.path) as file, pytest.raises(InputError, match="no tested variant"):
        find_candidates(file, LEVEL)
