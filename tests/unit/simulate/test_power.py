import numpy as np
import pytest
from scipy import stats

from igwas.simulate.power import omnibus_power, power

N_DRAWS = 4000
# Five binomial standard errors of a share among 4,000 draws.
TOLERANCE = 0.04


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
def test_power_is_the_share_of_draws_that_reach_the_level(share):
    generator = np.random.default_rng(3)
    n, level = 300, 1e-3
    g = generator.binomial(2, 0.3, size=n).astype(float)
    g = (g - g.mean()) / g.std()
    y = np.sqrt(share) * g + np.sqrt(1 - share) * generator.normal(size=(N_DRAWS, n))
    y -= y.mean(axis=1, keepdims=True)
    beta = y @ g / n
    t2 = beta**2 * n / (((y - beta[:, None] * g) ** 2).sum(axis=1) / (n - 2))
    found = np.mean(stats.f.sf(t2, 1, n - 2) < level)
    assert power(share, n, n_covariates=1, p=level) == pytest.approx(found, abs=TOLERANCE)


def test_power_grows_with_people_and_effect():
    assert power(0.02, 1000) < power(0.02, 2000) < power(0.03, 2000) <= 1


def test_nothing_explained_or_nobody_left_is_the_level():
    assert power(0.0, 1000, p=1e-3) == 1e-3
    assert power(0.1, 10, n_covariates=12, p=1e-3) == 1e-3


@pytest.mark.parametrize("scale", [0.08, 0.14, 0.2])
def test_power_of_the_omnibus_is_the_share_of_draws_that_reach_the_level(scale):
    """Wilks' lambda of three correlated phenotypes, of which the variant moves two."""
    generator = np.random.default_rng(5)
    n, level = 300, 1e-3
    g = generator.binomial(2, 0.3, size=n).astype(float)
    g = (g - g.mean()) / g.std()
    covariance = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    effect = scale * np.array([1.0, -0.5, 0.0])
    noise = np.linalg.cholesky(covariance - np.outer(effect, effect))
    n_found = 0
    for _ in range(N_DRAWS):
        y = np.outer(g, effect) + generator.normal(size=(n, 3)) @ noise.T
        y -= y.mean(axis=0)
        c = y.T @ g
        explained = c @ np.linalg.solve(y.T @ y, c) / (g @ g)
        n_found += stats.f.sf(explained / (1 - explained) * (n - 4) / 3, 3, n - 4) < level
    found = omnibus_power(effect, covariance, n, n_covariates=1, p=level)
    assert found == pytest.approx(n_found / N_DRAWS, abs=TOLERANCE)


def test_the_omnibus_of_one_phenotype_is_its_test():
    one = omnibus_power(np.array([-0.2]), np.eye(1), 500, n_covariates=3)
    assert one == pytest.approx(power(0.04, 500, n_covariates=3), rel=1e-12)


def test_an_omnibus_of_nothing_or_of_nobody_is_the_level():
    assert omnibus_power(np.zeros(2), np.eye(2), 100, p=1e-3) == 1e-3
    assert omnibus_power(np.array([0.5, 0.0]), np.eye(2), 3, n_covariates=2, p=1e-3) == 1e-3
