import numpy as np
import pytest
import statsmodels.api as sm

from igwas import self_test
from igwas.context import Context


def test_every_check_passes():
    checks = self_test.run_self_test()
    assert len([check for check in checks if "GPU" not in check.name]) == 4
    assert all(check.is_passed for check in checks), checks


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_the_plain_twin_is_ordinary_least_squares(missing):
    dosage, phenotypes, covariates = self_test.make_data()
    plain = self_test.plain_scan(dosage[:3], phenotypes, covariates, missing)
    for row in range(3):
        calls = dosage[row].astype(float)
        keep = ~np.isnan(calls) if missing == "drop" else np.ones(len(calls), dtype=bool)
        calls = np.where(np.isnan(calls), np.nanmean(calls), calls)
        design = np.column_stack([calls, np.ones(len(calls)), covariates])[keep]
        fit = sm.OLS(phenotypes[keep, 1], design).fit()
        assert plain["beta"][row, 1] == pytest.approx(fit.params[0], rel=1e-9)
        assert plain["se"][row, 1] == pytest.approx(fit.bse[0], rel=1e-9)
        assert plain["log10p"][row, 1] == pytest.approx(-np.log10(fit.pvalues[0]), rel=1e-9)


def test_a_wrong_result_fails_the_check(monkeypatch):
    right = self_test.plain_scan

    def wrong(*arguments):
        return {name: values * 1.001 for name, values in right(*arguments).items()}

    monkeypatch.setattr(self_test, "plain_scan", wrong)
    with pytest.raises(AssertionError, match="differs from the float64 twin"):
        self_test.check_scan("mean", Context())
    failed = [check for check in self_test.run_self_test() if not check.is_passed]
    assert [check.name[:4] for check in failed] == ["scan", "scan"]


def test_nan_fails_the_check(monkeypatch):
    right = self_test.plain_scan

    def broken(*arguments):
        return {name: values * np.nan for name, values in right(*arguments).items()}

    monkeypatch.setattr(self_test, "plain_scan", broken)
    with pytest.raises(AssertionError):
        self_test.check_scan("mean", Context())
