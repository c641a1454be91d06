"""What the core is given: residuals, bases and cross-products of every mask."""

import dataclasses

import numpy as np
import pytest

from igwas.association.model import ModelInputs, build_model
from igwas.errors import InputError
from igwas.phenotypes.masks import group_by_missingness

# Projections of columns of size 1 over a hundred samples.
ROUNDING = 1e-10


def inputs_of(values, covariates=None, **changes):
    n = len(values)
    columns = np.ones((n, 1)) if covariates is None else np.column_stack([np.ones(n), covariates])
    inputs = ModelInputs(
        values=values,
        names=tuple(f"p{k}" for k in range(values.shape[1])),
        masks=group_by_missingness(values),
        omnibus_values=None,
        covariates=columns,
        covariate_names=("intercept", *(f"c{i}" for i in range(columns.shape[1] - 1))),
        genotype_rows=np.arange(n, dtype=np.int64),
        is_male=np.zeros(n, dtype=bool),
    )
    return dataclasses.replace(inputs, **changes)


@pytest.fixture
def values():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(100, 4))
    values[:30, 2] = np.nan
    return values


@pytest.fixture
def covariates():
    return np.random.default_rng(2).normal(size=(100, 3))


def residuals(values, columns):
    design = np.column_stack([np.ones(len(values)), columns])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def test_numbers_of_each_mask_equal_a_regression_of_its_samples(values, covariates):
    model = build_model(inputs_of(values, covariates))
    full = residuals(values[:, [0, 1, 3]], covariates)
    part = residuals(values[30:, 2], covariates[30:])
    assert model.n_samples.tolist() == [100, 70]
    assert model.n_covariates.tolist() == [4, 4]
    assert model.degrees_of_freedom.tolist() == [95, 95, 65, 95]
    assert model.omnibus_dof.tolist() == [3, 1]
    np.testing.assert_allclose(
        model.residual_sum_of_squares[[0, 1, 3]], (full**2).sum(axis=0), rtol=ROUNDING
    )
    assert model.residual_sum_of_squares[2] == pytest.approx((part**2).sum(), rel=ROUNDING)
    index = np.ix_([0, 1, 3], [0, 1, 3])
    np.testing.assert_allclose(model.covariance[index], full.T @ full, rtol=0, atol=ROUNDING * 100)
    assert np.isnan(model.covariance[2, [0, 1, 3]]).all()
    assert model.dropped_covariates == ()


def test_covariates_that_others_explain_are_dropped_by_name(values, covariates):
    doubled = np.column_stack([covariates, covariates[:, 0] - 2 * covariates[:, 1]])
    model = build_model(inputs_of(values, doubled))
    assert model.n_covariates.tolist() == [4, 4]
    assert model.dropped_covariates == ("c3",)


def test_repeated_phenotypes_do_not_count_in_the_omnibus(values):
    repeated = np.column_stack([values[:, :2], values[:, 0] * -3, values[:, :2].sum(axis=1)])
    assert build_model(inputs_of(repeated)).omnibus_dof.tolist() == [2]


def test_the_omnibus_rank_does_not_depend_on_the_units(values):
    scaled = values[:, [0, 1, 3]] * [1e-9, 1.0, 1e9]
    assert build_model(inputs_of(scaled)).omnibus_dof.tolist() == [3]


def test_the_omnibus_may_use_other_values_than_the_tests(values):
    other = np.column_stack([values[:, 0], values[:, 0]])
    inputs = inputs_of(values[:, :2], omnibus_values=other)
    model = build_model(inputs)
    assert model.omnibus_dof.tolist() == [1]
    expected = residuals(values[:, :2], np.zeros((100, 0)))
    np.testing.assert_allclose(model.residual_sum_of_squares, (expected**2).sum(axis=0))


def test_only_allowed_samples_are_analysed(values, covariates):
    is_allowed = np.arange(100) % 2 == 0
    model = build_model(inputs_of(values, covariates), is_allowed=is_allowed)
    assert model.n_samples.tolist() == [50, 35]
    expected = residuals(values[::2, 0], covariates[::2])
    assert model.residual_sum_of_squares[0] == pytest.approx((expected**2).sum(), rel=ROUNDING)


def test_further_covariates_count_unless_explained(values, covariates):
    inputs = inputs_of(values, covariates)
    sex = (np.arange(100) % 3 == 0).astype(float)
    with_sex = build_model(inputs, extra_covariates={"sex": sex})
    assert with_sex.n_covariates.tolist() == [5, 5]
    explained = build_model(inputs, extra_covariates={"sex": covariates @ [1.0, 2.0, 3.0] + 4})
    assert explained.n_covariates.tolist() == [4, 4]
    constant = build_model(inputs, extra_covariates={"sex": np.ones(100)})
    assert constant.n_covariates.tolist() == [4, 4]


def test_a_mask_without_enough_allowed_samples_is_empty_and_the_others_stay(values):
    is_allowed = np.arange(100) < 32
    model = build_model(inputs_of(values), is_allowed=is_allowed)
    assert model.n_samples.tolist() == [32, 0]
    assert model.omnibus_dof.tolist() == [3, 0]
    assert model.degrees_of_freedom.tolist() == [30, 30, 0, 30]


def test_a_phenotype_constant_among_allowed_samples_has_no_residual(values):
    values[:50, 1] = 3.0
    model = build_model(inputs_of(values), is_allowed=np.arange(100) < 50)
    assert model.residual_sum_of_squares[1] == 0
    assert model.omnibus_dof.tolist() == [2, 1]


def test_too_many_covariates_are_an_error():
    rng = np.random.default_rng(3)
    inputs = inputs_of(rng.normal(size=(10, 1)), rng.normal(size=(10, 9)))
    with pytest.raises(InputError, match="degrees of freedom"):
        build_model(inputs)


def test_an_explained_phenotype_is_named_by_its_name(values, covariates):
    values[:, 3] = covariates[:, 0] * 2
    with pytest.raises(InputError, match="'p3' is explained"):
        build_model(inputs_of(values, covariates))
