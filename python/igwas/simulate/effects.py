"""Which planted variant acts on which phenotype, by how much; gathered as genotypes stream past."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from igwas.simulate.genome import RegionVariants
from igwas.simulate.options import CohortOptions


@dataclass(frozen=True)
class PlantedEffects:
    """What one planted variant does; every array has axis (phenotypes acted on,).

    Parameters
    ----------
    columns : int64
        Phenotypes.
    share : float64
        Share of each one's variance that the variant explains.
    sign : float64
        1 or -1.
    """

    columns: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]
    sign: npt.NDArray[np.float64]


class Architecture(Protocol):
    """Says what planted variants do, one after the other."""

    names: list[str]
    n_planted: int

    def next_effects(self) -> PlantedEffects:
        """Effects of the next planted variant in the order of the genome."""
        ...


class ManyPhenotypes:
    """Each planted variant acts on some phenotypes drawn at random; strengths are log-uniform.

    Parameters
    ----------
    options : CohortOptions
    generator : Generator
    """

    def __init__(self, options: CohortOptions, generator: np.random.Generator) -> None:
        self._options, self._generator = options, generator
        self.names = phenotype_names(options.n_phenotypes)
        self.n_planted = options.n_planted

    def next_effects(self) -> PlantedEffects:
        """Draw the phenotypes, a strength for all of them and a share for each."""
        options, generator = self._options, self._generator
        count = min(options.planted_phenotypes, options.n_phenotypes)
        chosen = np.sort(generator.choice(options.n_phenotypes, size=count, replace=False))
        low, high = options.variance_explained
        strength = low * (high / low) ** generator.random()
        share = np.maximum(low, strength * generator.uniform(0.5, 1, size=count))
        return PlantedEffects(chosen, share, generator.choice([-1.0, 1.0], size=count))


@dataclass
class GeneticEffects:
    """Effects planted into phenotypes.

    Attributes
    ----------
    names : list of str
        Of the phenotypes.
    value : float64 (samples, phenotypes)
        Sum of dosage times effect, centred.
    explained : float64 (phenotypes,)
        Share of variance that the planted and polygenic variants explain, taken as independent.
    truth : list of dict
        One row a planted variant and phenotype.
    """

    names: list[str]
    value: npt.NDArray[np.float64]
    explained: npt.NDArray[np.float64]
    truth: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def none(cls, names: Sequence[str], n_samples: int, heritability: float) -> "GeneticEffects":
        """No effect yet, but for the polygenic share that is to come."""
        shape = (n_samples, len(names))
        return cls(list(names), np.zeros(shape), np.full(len(names), heritability))

    def plant(
        self,
        effects: PlantedEffects,
        dosage: npt.NDArray[np.uint8],
        variants: RegionVariants,
        row: int,
        chromosome: str,
    ) -> None:
        """Let variant `row` of its region, dosage uint8 (samples,), act as drawn."""
        spread = float(dosage.std())
        if not spread:
            return
        effect = effects.sign * np.sqrt(effects.share) / spread
        centred = dosage - dosage.mean()
        self.value[:, effects.columns] += centred[:, np.newaxis] * effect
        self.explained[effects.columns] += effects.share
        identifier = variants.ids(chromosome)[row]
        for column, beta, part in zip(effects.columns, effect, effects.share, strict=True):
            self.truth.append(
                {
                    "variant_id": identifier,
                    "chromosome": chromosome,
                    "position": int(variants.position[row]),
                    "effect_allele": variants.effect_allele[row],
                    "other_allele": variants.other_allele[row],
                    "phenotype": self.names[column],
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
