import numpy as np
import pytest
from scipy import stats

from igwas.simulate.power import power

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
