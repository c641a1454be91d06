"""Phenotypes and covariates of a simulated cohort."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.simulate.effects import GeneticEffects
from igwas.simulate.genome import Region
from igwas.simulate.options import CohortOptions
from igwas.simulate.people import MALE, People

N_PRINCIPAL_COMPONENTS = 10
CENTRES = ("north", "south", "west")
_AGE_YEARS = (40.0, 70.0)
_MOST_FACTORS = 16
_FACTOR_SHARE = 0.6
_LEAST_NOISE = 0.05
_ANCESTRY_NOISE = 0.02


def choose_planted(
    regions: list[Region], n_planted: int, generator: np.random.Generator
) -> dict[int, npt.NDArray[np.int64]]:
    """Rows of planted variants by region: one a region while regions last, from its middle half."""
    order = generator.permutation([region.index for region in regions if region.n_variants])
    rows: dict[int, set[int]] = {}
    for number in range(min(n_planted, sum(region.n_variants for region in regions))):
        region = regions[order[number % len(order)]]
        taken = rows.setdefault(region.index, set())
        free = [row for row in range(region.n_variants) if row not in taken]
        if free:
            middle = free[len(free) // 4 : max(len(free) // 4 + 1, 3 * len(free) // 4)]
            taken.add(int(generator.choice(middle)))
    return {index: np.array(sorted(taken)) for index, taken in rows.items()}


def make_covariates(people: People, generator: np.random.Generator) -> pd.DataFrame:
    """Draw age, sex, centre and principal components, one row a sample.

    The first components are the ancestry shares with a little noise, the others noise: what a PCA
    of the genotypes would give, without its cost.
    """
    n = people.n_samples
    components = generator.normal(size=(n, N_PRINCIPAL_COMPONENTS))
    shares = people.ancestry[:n, 1:].astype(float)
    n_axes = min(shares.shape[1], N_PRINCIPAL_COMPONENTS)
    components[:, :n_axes] = shares[:, :n_axes] + _ANCESTRY_NOISE * components[:, :n_axes]
    components -= components.mean(axis=0)
    components /= np.sqrt((components**2).sum(axis=0))
    table = {
        "FID": people.family_id,
        "IID": people.sample_id,
        "age": np.round(generator.uniform(*_AGE_YEARS, size=n), 1),
        "sex": people.sex[:n],
        "centre": generator.choice(CENTRES, size=n, p=(0.5, 0.3, 0.2)),
    }
    for axis in range(N_PRINCIPAL_COMPONENTS):
        table[f"PC{axis + 1}"] = np.round(components[:, axis], 8)
    return pd.DataFrame(table)


def make_values(
    covariates: pd.DataFrame,
    genetic: GeneticEffects,
    options: CohortOptions,
    generator: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Phenotypes float32 (samples, phenotypes): genetics, covariates and correlated noise.

    The unit is the standard deviation of a phenotype before covariates act on it, so that planted
    effects stand in the truth on the scale of the values.
    """
    noise_share = np.maximum(1 - genetic.explained, _LEAST_NOISE)
    values = _correlated_noise(options, generator) * np.sqrt(noise_share)
    values += genetic.value
    values += _covariate_part(covariates, options.n_phenotypes, generator)
    assert values.shape == (options.n_samples, options.n_phenotypes)
    return values.astype(np.float32)


def _correlated_noise(
    options: CohortOptions, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Noise of variance 1, (samples, phenotypes): a few shared factors and an own part."""
    n_factors = max(1, min(_MOST_FACTORS, options.n_phenotypes // 4))
    loading = generator.normal(size=(n_factors, options.n_phenotypes))
    loading *= 0.85 ** np.arange(n_factors)[:, np.newaxis]
    loading *= np.sqrt(_FACTOR_SHARE / (loading**2).sum(axis=0))
    factors = generator.normal(size=(options.n_samples, n_factors))
    own = generator.normal(size=(options.n_samples, options.n_phenotypes))
    own *= np.sqrt(1 - _FACTOR_SHARE)
    noise: npt.NDArray[np.float64] = factors @ loading + own
    return noise


def _covariate_part(
    covariates: pd.DataFrame, n_phenotypes: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    columns = [
        (covariates["age"].to_numpy() - np.mean(_AGE_YEARS)) / 10,
        (covariates["sex"].to_numpy() == MALE).astype(float),
    ]
    columns += [(covariates["centre"].to_numpy() == name).astype(float) for name in CENTRES[1:]]
    spread = np.sqrt(len(covariates))
    columns += [
        covariates[f"PC{axis + 1}"].to_numpy() * spread for axis in range(N_PRINCIPAL_COMPONENTS)
    ]
    effects = generator.normal(scale=0.2, size=(len(columns), n_phenotypes))
    part: npt.NDArray[np.float64] = np.stack(columns, axis=1) @ effects
    return part
