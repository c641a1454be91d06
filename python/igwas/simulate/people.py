"""Who is in the cohort: sex, ancestry, families; parents who are not genotyped stand at the end."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.simulate.options import CohortOptions

MALE, FEMALE = 1, 2
NO_PARENT = -1


@dataclass(frozen=True)
class Relative:
    """A pair of samples, by row, and how they are related."""

    first: int
    second: int
    relation: str


@dataclass(frozen=True)
class People:
    """Samples, in the order of the file, then the parents needed to make them.

    Attributes
    ----------
    n_samples : int
        Genotyped people; the rest are parents that only pass on their haplotypes.
    sex : uint8 (people,)
        1 male, 2 female.
    ancestry : float32 (people, ancestries)
        Share of each ancestry; rows sum to 1.
    mother, father : int64 (people,)
        Rows of the parents, or NO_PARENT. A parent never has parents here.
    family_id, sample_id : list of str (samples,)
        Ids of the genotyped people.
    relatives : list of Relative
        Every related pair of samples.
    """

    n_samples: int
    sex: npt.NDArray[np.uint8]
    ancestry: npt.NDArray[np.float32]
    mother: npt.NDArray[np.int64]
    father: npt.NDArray[np.int64]
    family_id: list[str]
    sample_id: list[str]
    relatives: list[Relative]

    @property
    def n_people(self) -> int:
        """Samples and their parents."""
        return len(self.sex)

    @property
    def children(self) -> npt.NDArray[np.int64]:
        """Rows of those with parents."""
        return np.flatnonzero(self.mother != NO_PARENT)


def make_people(options: CohortOptions, generator: np.random.Generator) -> People:
    """Draw the people: half the related samples are sibling pairs, half parent and child."""
    n = options.n_samples
    n_pairs = int(n * options.related_fraction) // 4
    rows = generator.permutation(n)[: 4 * n_pairs].reshape(4, n_pairs)
    older, younger, parent, child = rows
    # Ungenotyped: both parents of each sibling pair, the other parent of each child.
    mothers, fathers, others = np.arange(n, n + 3 * n_pairs).reshape(3, n_pairs)
    n_people = n + 3 * n_pairs

    sex = generator.integers(MALE, FEMALE, size=n_people, endpoint=True).astype(np.uint8)
    sex[mothers], sex[fathers] = FEMALE, MALE
    sex[others] = MALE + FEMALE - sex[parent]
    mother = np.full(n_people, NO_PARENT, dtype=np.int64)
    father = mother.copy()
    for sibling in (older, younger):
        mother[sibling], father[sibling] = mothers, fathers
    is_mother = sex[parent] == FEMALE
    mother[child] = np.where(is_mother, parent, others)
    father[child] = np.where(is_mother, others, parent)

    ancestry = _draw_ancestry(options, n_people, generator)
    ancestry[fathers] = ancestry[mothers]
    ancestry[others] = ancestry[parent]
    children = np.flatnonzero(mother != NO_PARENT)
    ancestry[children] = (ancestry[mother[children]] + ancestry[father[children]]) / 2

    relatives = _pairs(older, younger, "siblings") + _pairs(parent, child, "parent-child")
    sample_id, family_id = _name_samples(n, relatives)
    return People(n, sex, ancestry, mother, father, family_id, sample_id, relatives)


def _pairs(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], relation: str
) -> list[Relative]:
    rows = zip(first.tolist(), second.tolist(), strict=True)
    return [Relative(one, other, relation) for one, other in rows]


def _draw_ancestry(
    options: CohortOptions, n_people: int, generator: np.random.Generator
) -> npt.NDArray[np.float32]:
    n_ancestries = len(options.ancestry_fractions)
    own = generator.choice(n_ancestries, size=n_people, p=options.ancestry_fractions)
    ancestry = np.eye(n_ancestries, dtype=np.float32)[own]
    admixed = generator.random(n_people) < options.admixed_fraction
    ancestry[admixed] = generator.dirichlet(np.ones(n_ancestries), size=int(admixed.sum()))
    return ancestry


def _name_samples(n: int, relatives: list[Relative]) -> tuple[list[str], list[str]]:
    width = max(5, len(str(n)))
    sample_id = [f"P{row + 1:0{width}d}" for row in range(n)]
    family_id = [f"F{row + 1:0{width}d}" for row in range(n)]
    for pair in relatives:
        family_id[pair.second] = family_id[pair.first]
    return sample_id, family_id
