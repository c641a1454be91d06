"""Where variants lie, how frequent they are and what their alleles are called."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.simulate.options import CohortOptions

# GRCh38, base pairs.
CHROMOSOME_BP: dict[str, int] = {
    "1": 248_956_422, "2": 242_193_529, "3": 198_295_559, "4": 190_214_555, "5": 181_538_259,
    "6": 170_805_979, "7": 159_345_973, "8": 145_138_636, "9": 138_394_717, "10": 133_797_422,
    "11": 135_086_622, "12": 133_275_309, "13": 114_364_328, "14": 107_043_718,
    "15": 101_991_189, "16": 90_338_345, "17": 83_257_441, "18": 80_373_285, "19": 58_617_616,
    "20": 64_444_167, "21": 46_709_983, "22": 50_818_468, "X": 156_040_895,
}  # fmt: skip
PAR1_BP = (10_001, 2_781_479)
_FIRST_BP = 1_000_000
_REGION_BP = 1_000_000
# Between large enough for linkage disequilibrium and small enough for several a chromosome.
_REGION_VARIANTS = (20, 500)
# Share of variants in each band of allele frequency, as in imputed genotypes of a biobank.
FREQUENCY_BANDS = ((0.55, 0.001, 0.01), (0.20, 0.01, 0.05), (0.13, 0.05, 0.2), (0.12, 0.2, 0.5))
PLANTED_FREQUENCY = (0.1, 0.45)
_COMMON = 0.05
_BRANCHES = 16
_INDEL_SHARE = 0.05
_EFFECT_IS_MAJOR_SHARE = 0.1
_KEY_RANGE = 2.0**32


@dataclass(frozen=True)
class Region:
    """A stretch of a chromosome in linkage equilibrium with all others."""

    index: int
    chromosome: str
    first_bp: int
    last_bp: int
    n_variants: int


@dataclass(frozen=True)
class RegionVariants:
    """Variants of one region; every array has axis (variants,).

    `interval_start` and `interval_width` (uint32) say which haplotype keys carry the derived
    allele; `effect_is_derived` is false where the effect allele is the other one.
    """

    position: npt.NDArray[np.int64]
    interval_start: npt.NDArray[np.uint32]
    interval_width: npt.NDArray[np.uint32]
    effect_is_derived: npt.NDArray[np.bool_]
    effect_allele: list[str]
    other_allele: list[str]

    def ids(self, chromosome: str) -> list[str]:
        """chromosome:position:other:effect, with X for its pseudo-autosomal region."""
        name = "X" if chromosome == "PAR1" else chromosome
        columns = zip(self.position, self.other_allele, self.effect_allele, strict=True)
        return [f"{name}:{position}:{other}:{effect}" for position, other, effect in columns]


def plan_regions(options: CohortOptions) -> list[Region]:
    """Share the variants out over the chromosomes by length, in regions of at most 1 Mb."""
    lengths = np.array([CHROMOSOME_BP[name] for name in options.chromosomes], dtype=float)
    edges = np.round(np.cumsum(lengths) / lengths.sum() * options.n_variants).astype(int)
    counts = np.diff(edges, prepend=0)
    regions: list[Region] = []
    for name, count in zip(options.chromosomes, counts, strict=True):
        n_par = int(count) // 20 if name == "X" else 0
        if n_par:
            regions += _split(len(regions), "PAR1", n_par, *PAR1_BP, options.n_variants)
        first = PAR1_BP[1] + 1 if name == "X" else _FIRST_BP
        last = CHROMOSOME_BP[name] - _FIRST_BP
        regions += _split(len(regions), name, int(count) - n_par, first, last, options.n_variants)
    return regions


def _split(
    index: int, chromosome: str, count: int, first_bp: int, last_bp: int, n_total: int
) -> list[Region]:
    least, most = _REGION_VARIANTS
    n_regions = -(-count // min(most, max(least, n_total // 46)))
    if not n_regions:
        return []
    span = (last_bp - first_bp) // n_regions
    # A megabase, or the chromosome's share of one; never less than the variants need.
    width = max(min(span, _REGION_BP), min(span, 4 * most))
    counts = np.diff(np.linspace(0, count, n_regions + 1).astype(int))
    starts = first_bp + span * np.arange(n_regions)
    return [
        Region(index + number, chromosome, int(start), int(start) + width - 1, int(n))
        for number, (start, n) in enumerate(zip(starts, counts, strict=True))
    ]


def draw_variants(
    region: Region, planted: npt.NDArray[np.int64], generator: np.random.Generator
) -> RegionVariants:
    """Draw positions, frequencies and alleles; `planted` rows get a common frequency.

    The interval [start, start + width) of haplotype keys that carries the derived allele stands for
    a clade of the region's genealogy: clades that share a branch are in strong linkage
    disequilibrium, disjoint ones in weak negative.
    """
    n = region.n_variants
    gaps = generator.exponential(size=n + 1)
    free_bp = region.last_bp - region.first_bp + 1 - n
    offset = np.floor(np.cumsum(gaps)[:-1] / gaps.sum() * free_bp).astype(np.int64)
    position = region.first_bp + offset + np.arange(n)

    frequency = draw_frequencies(n, generator)
    frequency[planted] = generator.uniform(*PLANTED_FREQUENCY, size=len(planted))
    start = generator.random(n)
    is_common = frequency >= _COMMON
    start[is_common] = np.floor(start[is_common] * _BRANCHES) / _BRANCHES
    effect_allele, other_allele = _draw_alleles(n, generator)
    return RegionVariants(
        position=position,
        interval_start=(start * _KEY_RANGE).astype(np.uint32),
        interval_width=(frequency * _KEY_RANGE).astype(np.uint32),
        effect_is_derived=generator.random(n) >= _EFFECT_IS_MAJOR_SHARE,
        effect_allele=effect_allele,
        other_allele=other_allele,
    )


def draw_frequencies(n: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw allele frequencies (variants,) of imputed genotypes, log-uniform in bands."""
    share, low, high = np.array(FREQUENCY_BANDS).T
    band = generator.choice(len(share), size=n, p=share)
    ratio = generator.random(n)
    frequency: npt.NDArray[np.float64] = low[band] * (high[band] / low[band]) ** ratio
    return frequency


def _draw_alleles(n: int, generator: np.random.Generator) -> tuple[list[str], list[str]]:
    bases = np.array(list("ACGT"))
    first = generator.integers(4, size=n)
    second = (first + generator.integers(1, 4, size=n)) % 4
    effect, other = bases[first].tolist(), bases[second].tolist()
    for row in np.flatnonzero(generator.random(n) < _INDEL_SHARE):
        # An insertion: the longer allele starts with the base before it, as in VCF.
        effect[row] = other[row] + "".join(bases[generator.integers(4, size=3)])
    return effect, other
