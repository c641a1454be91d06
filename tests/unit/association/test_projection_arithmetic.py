import numpy as np

from igwas.association.projection_arithmetic import Combination


def test_one_variant_alone_is_tested_as_among_others():
    # Where samples were dropped, sums of squares are the variant's own: also with one row.
    random = np.random.default_rng(1)
    n_samples, n_phenotypes, n_variants = 200, 5, 4
    phenotypes = random.normal(size=(n_samples, n_phenotypes))
    weights = random.normal(size=(n_phenotypes, 3))
    combination = Combination(weights, phenotypes.T @ phenotypes)
    beta = random.normal(scale=0.1, size=(n_variants, n_phenotypes))
    s = random.uniform(50, 80, n_variants)
    dof = np.full(n_variants, n_samples - 12.0)
    se = np.sqrt((np.diag(phenotypes.T @ phenotypes) * 0.9 - beta**2 * s[:, None])
                 / (dof * s)[:, None])  # fmt: skip
    together = combination.effects(beta, s, dof, se)
    for row in range(n_variants):
        one = slice(row, row + 1)
        alone = combination.effects(beta[one], s[one], dof[one], se[one])
        np.testing.assert_allclose(alone.f_statistic, together.f_statistic[one], rtol=1e-12)
        np.testing.assert_allclose(alone.se, together.se[one], rtol=1e-12)
