import numpy as np
import pandas as pd
import pytest

from igwas.simulate import CohortOptions
from igwas.simulate.effects import GeneticEffects, phenotype_names
from igwas.simulate.genome import plan_regions
from igwas.simulate.people import make_people
from igwas.simulate.phenotypes import choose_planted, make_covariates, make_values

OPTIONS = CohortOptions(n_samples=4000, n_variants=4000, n_phenotypes=40, n_planted=0)


@pytest.fixture(scope="module")
def covariates():
    return make_covariates(make_people(OPTIONS, np.random.default_rng(1)), np.random.default_rng(2))


def test_names_sort_in_order():
    assert phenotype_names(3) == ["phenotype_000", "phenotype_001", "phenotype_002"]
    assert phenotype_names(2000) == sorted(phenotype_names(2000))


def test_each_planted_variant_has_a_region_of_its_own_while_they_last():
    regions = plan_regions(OPTIONS)
    planted = choose_planted(regions, 10, np.random.default_rng(1))
    assert [len(rows) for rows in planted.values()] == [1] * 10
    for index, rows in planted.items():
        assert 0 <= rows[0] < regions[index].n_variants


def test_more_planted_variants_than_regions_share_them():
    regions = plan_regions(CohortOptions(n_samples=10, n_variants=30, chromosomes=("22",)))
    planted = choose_planted(regions, 7, np.random.default_rng(1))
    assert sum(len(rows) for rows in planted.values()) == 7


def test_covariates_have_the_promised_columns(covariates):
    components = [f"PC{number}" for number in range(1, 11)]
    assert list(covariates) == ["FID", "IID", "age", "sex", "centre", *components]
    assert set(covariates["sex"]) == {1, 2}
    assert covariates["age"].between(40, 70).all()


def test_phenotypes_are_correlated_and_of_unit_variance_beside_covariates(covariates):
    none = GeneticEffects.none(phenotype_names(40), OPTIONS.n_samples, heritability=0)
    values = make_values(covariates, none, OPTIONS, np.random.default_rng(3)).astype(float)
    columns = pd.get_dummies(
        covariates.drop(columns=["FID", "IID"]), columns=["centre"], dtype=float
    )
    q, _ = np.linalg.qr(columns.to_numpy(float))
    residual = values - q @ (q.T @ values)
    np.testing.assert_allclose(residual.var(axis=0), 1, atol=0.15)
    correlation = np.corrcoef(residual.T)[np.triu_indices(40, 1)]
    assert 0.1 < np.abs(correlation).mean() < 0.6
    assert values.std(axis=0).min() > residual.std(axis=0).max() * 0.9
