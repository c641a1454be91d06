"""Phenotypes and covariates of a simulated cohort, with the effects that were put in."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.simulate.genome import Region, RegionVariants
from igwas.simulate.options import CohortOptions
from igwas.simulate.people import MALE, People

N_PRINCIPAL_COMPONENTS = 10
CENTRES = ("north", "south", "west")
_AGE_YEARS = (40.0, 70.0)
_MOST_FACTORS = 16
_FACTOR_SHARE = 0.6
_LEAST_NOISE = 0.05
_ANCESTRY_NOISE = 0.02


@dataclass
class GeneticEffects:
    """Effects planted into phenotypes, gathered while the genotypes stream past.

    Attributes
    ----------
    value : float64 (samples, phenotypes)
        Sum of dosage times effect, centred.
    explained : float64 (phenotypes,)
        Share of variance that the planted and polygenic variants explain, taken as independent.
    truth : list of dict
        One row a planted variant and phenotype.
    """

    value: npt.NDArray[np.float64]
    explained: npt.NDArray[np.float64]
    truth: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def none(cls, options: CohortOptions) -> "GeneticEffects":
        """No effect yet."""
        shape = (options.n_samples, options.n_phenotypes)
        return cls(np.zeros(shape), np.full(options.n_phenotypes, options.heritability))

    def plant(
        self,
        dosage: npt.NDArray[np.uint8],
        variants: RegionVariants,
        row: int,
        chromosome: str,
        options: CohortOptions,
        generator: np.random.Generator,
    ) -> None:
        """Let variant `row` of its region, dosage uint8 (samples,), act on some phenotypes."""
        spread = float(dosage.std())
        count = min(options.planted_phenotypes, options.n_phenotypes)
        chosen = np.sort(generator.choice(options.n_phenotypes, size=count, replace=False))
        low, high = options.variance_explained
        strength = low * (high / low) ** generator.random()
        share = np.maximum(low, strength * generator.uniform(0.5, 1, size=count))
        sign = generator.choice([-1.0, 1.0], size=count)
        if not spread:
            return
        effect = sign * np.sqrt(share) / spread
        centred = dosage - dosage.mean()
        self.value[:, chosen] += centred[:, np.newaxis] * effect
        self.explained[chosen] += share
        identifier = variants.ids(chromosome)[row]
        for phenotype, beta, part in zip(chosen, effect, share, strict=True):
            self.truth.append(
                {
                    "variant_id": identifier,
                    "chromosome": chromosome,
                    "position": int(variants.position[row]),
                    "effect_allele": variants.effect_allele[row],
                    "other_allele": variants.other_allele[row],
                    "phenotype": phenotype_names(options.n_phenotypes)[phenotype],
                    "effect": beta,
                    "variance_explained": part,
                }
            )

    def add_polygenic(
        self,
        dosage: npt.NDArray[np.uint8],
        n_polygenic: int,
        heritability: float,
        generator: np.random.Generator,
    ) -> None:
        """Add small effects on every phenotype; dosage is uint8 (variants, samples)."""
        spread = dosage.std(axis=1, keepdims=True)
        varying = spread[:, 0] > 0
        scaled = (dosage[varying] - dosage[varying].mean(axis=1, keepdims=True)) / spread[varying]
        effect = generator.normal(size=(len(dosage), self.value.shape[1]))[varying]
        self.value += scaled.T @ (effect * np.sqrt(heritability / n_polygenic))


def phenotype_names(n: int) -> list[str]:
    """Names of simulated phenotypes: phenotype_000, phenotype_001, ..."""
    width = max(3, len(str(n - 1)))
    return [f"phenotype_{number:0{width}d}" for number in range(n)]


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
