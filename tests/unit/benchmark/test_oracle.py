import numpy as np
import pytest
import statsmodels.api as sm

from igwas.benchmark.oracle import ordinary_least_squares, phenotypes_residualised_only


@pytest.fixture
def case():
    generator = np.random.default_rng(6)
    dosage = generator.binomial(2, 0.3, (3, 90)).astype(float)
    dosage[1, :9] = np.nan
    design = np.column_stack([np.ones(90), generator.normal(size=(90, 2))])
    values = generator.normal(size=(90, 4)) + design @ generator.normal(size=(3, 4))
    return dosage, values, design


def regression(dosage, values, design):
    fit = sm.OLS(values, np.column_stack([dosage, design])).fit()
    return fit.params[0], fit.tvalues[0]


@pytest.mark.parametrize("drops_missing", [False, True])
def test_answers_are_those_of_statsmodels(case, drops_missing):
    dosage, values, design = case
    found = ordinary_least_squares(dosage, values, design, drops_missing=drops_missing)
    for variant, row in enumerate(dosage):
        kept = ~np.isnan(row) if drops_missing else np.ones(90, bool)
        filled = np.where(np.isnan(row), np.nanmean(row), row)[kept]
        for column in range(values.shape[1]):
            beta, t = regression(filled, values[kept, column], design[kept])
            assert found.beta[variant, column] == pytest.approx(beta, rel=1e-9)
            assert found.t[variant, column] == pytest.approx(t, rel=1e-9)


def test_residualising_the_phenotypes_alone_is_the_plain_regression_of_residuals(case):
    dosage, values, design = case
    residuals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    found = phenotypes_residualised_only(dosage[:1], values, design)
    _, t = regression(dosage[0], residuals[:, 2], np.ones((90, 1)))
    assert found.t[0, 2] == pytest.approx(t, rel=1e-9)


def test_a_variant_that_does_not_vary_has_no_answer(case):
    _, values, design = case
    found = ordinary_least_squares(np.ones((1, 90)), values, design, drops_missing=False)
    assert np.isnan(found.beta).all()
    assert np.isnan(found.t).all()
