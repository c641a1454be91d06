"""What a simulated cohort should be like."""

from dataclasses import dataclass

from igwas.errors import OptionError
from igwas.genotypes.chromosomes import AUTOSOMES

CHROMOSOMES: tuple[str, ...] = (*AUTOSOMES, "X")
FLAGS = {
    "n_samples": "--samples", "n_variants": "--variants", "n_phenotypes": "--phenotypes",
    "n_planted": "--planted", "related_fraction": "--related",
    "unphenotyped_fraction": "--unphenotyped", "admixed_fraction": "--admixed",
    "ancestry_fractions": "--ancestries", "ancestry_fst": "--fst", "n_clear": "--clear",
    "n_faint": "--faint", "one_eye_fraction": "--one-eye",
}  # fmt: skip
"""Field of CohortOptions or EyeOptions -> its name in `igwas-fast simulate`, where that is another
than the field's with dashes."""


def flag_of(field: str) -> str:
    """An option as a user of the command line knows it.

    Examples
    --------
    >>> flag_of("n_samples"), flag_of("missing_rate")
    ('--samples', '--missing-rate')
    """
    return FLAGS.get(field, "--" + field.replace("_", "-"))


@dataclass(frozen=True, kw_only=True)
class CohortOptions:
    """Shape and truth of a simulated cohort.

    Parameters
    ----------
    n_samples, n_variants, n_phenotypes : int
        Genotyped samples, variants and phenotypes.
    seed : int
        The same options and seed give the same bytes.
    n_planted : int
        Variants with an effect, each in another region.
    planted_phenotypes : int
        Phenotypes that each planted variant acts on; at most `n_phenotypes`.
    variance_explained : tuple of two floats
        Smallest and largest share of a phenotype's variance that a planted variant explains;
        each variant has a strength of its own, log-uniform between, so that some are easy to find
        and some are not.
    heritability : float
        Share of variance due to many small effects, beside the planted ones.
    n_polygenic : int
        Variants that carry those small effects.
    missing_rate : tuple of two floats
        Smallest and largest share of missing calls of a variant; log-uniform between.
    related_fraction : float
        Share of samples that have a sibling, a parent or a child in the cohort.
    unphenotyped_fraction : float
        Share of genotyped samples without phenotypes.
    ancestry_fractions, ancestry_fst : tuple of floats
        Share of each ancestry and its differentiation (Fst) from the ancestral frequencies.
    admixed_fraction : float
        Share of samples whose ancestry is mixed.
    chromosomes : tuple of str
        Chromosomes to place variants on; X brings its pseudo-autosomal regions.
    """

    n_samples: int
    n_variants: int
    n_phenotypes: int = 128
    seed: int = 1
    n_planted: int = 12
    planted_phenotypes: int = 8
    variance_explained: tuple[float, float] = (0.002, 0.04)
    heritability: float = 0.0
    n_polygenic: int = 1000
    missing_rate: tuple[float, float] = (0.001, 0.01)
    related_fraction: float = 0.1
    unphenotyped_fraction: float = 0.01
    ancestry_fractions: tuple[float, ...] = (0.85, 0.1, 0.05)
    ancestry_fst: tuple[float, ...] = (0.002, 0.05, 0.1)
    admixed_fraction: float = 0.03
    chromosomes: tuple[str, ...] = CHROMOSOMES

    def __post_init__(self) -> None:
        self._check_counts()
        self._check_fractions()
        self._check_names()

    def _check_counts(self) -> None:
        smallest = {"n_samples": 4, "n_variants": 1, "n_phenotypes": 1, "n_planted": 0, "seed": 0,
                    "planted_phenotypes": 0, "n_polygenic": 0}  # fmt: skip
        for name, least in smallest.items():
            value = getattr(self, name)
            if value < least:
                raise OptionError(
                    f"{flag_of(name)} is {value}; expected {least} or more. Raise it."
                )

    def _check_fractions(self) -> None:
        for name in ("heritability", "related_fraction", "unphenotyped_fraction",
                     "admixed_fraction"):  # fmt: skip
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise OptionError(
                    f"{flag_of(name)} is {value:g}; expected 0 to below 1. Correct it."
                )
        for name in ("missing_rate", "variance_explained"):
            self._check_range(name)
        if self.variance_explained[0] <= 0:
            raise OptionError("--variance-explained starts at 0; expected above 0. Raise it.")
        self._check_explained()

    def _check_range(self, name: str) -> None:
        low, high = getattr(self, name)
        if not (0 <= low < 1 and 0 <= high < 1):
            raise OptionError(
                f"{flag_of(name)} is {low:g} to {high:g}; expected 0 to below 1. Correct it."
            )
        if low > high:
            raise OptionError(
                f"{flag_of(name)} is {low:g} to {high:g}; expected the smaller first. Swap them."
            )

    def _check_explained(self) -> None:
        explained = self.n_planted * self.variance_explained[1] * self._planted_share
        if self.heritability + explained > 0.9:
            raise OptionError(
                f"planted and polygenic variants would explain up to "
                f"{100 * (self.heritability + explained):.0f} % of a phenotype's variance; "
                "expected at most 90 %. Lower --planted, --variance-explained or --heritability."
            )

    @property
    def _planted_share(self) -> float:
        return min(1.0, self.planted_phenotypes / self.n_phenotypes)

    def _check_names(self) -> None:
        shares, fst = (",".join(f"{value:g}" for value in values)
                       for values in (self.ancestry_fractions, self.ancestry_fst))  # fmt: skip
        if any(not 0 <= share <= 1 for share in self.ancestry_fractions):
            raise OptionError(f"--ancestries is {shares}; expected shares of 0 to 1. Correct them.")
        n_ancestries = len(self.ancestry_fractions)
        if len(self.ancestry_fst) != n_ancestries or abs(sum(self.ancestry_fractions) - 1) > 1e-6:
            raise OptionError(
                f"--ancestries is {shares} with --fst {fst}; expected as many of each, the "
                "ancestries summing to 1. Correct them."
            )
        if any(not 0 < fst < 1 for fst in self.ancestry_fst):
            raise OptionError(f"--fst is {fst}; expected above 0, below 1. Correct it.")
        unknown = [name for name in self.chromosomes if name not in CHROMOSOMES]
        if unknown or not self.chromosomes:
            raise OptionError(
                f"--chromosomes is {','.join(self.chromosomes)!r}; expected some of 1-22 and X. "
                "Remove the others."
            )
