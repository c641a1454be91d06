"""What `igwas-fast loci` is asked to do; checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.errors import OptionError
from igwas.loci.ld import METHODS

GENOME_WIDE_P = 5e-8


@dataclass(frozen=True)
class Rule:
    """How tests become loci.

    Parameters
    ----------
    min_r2 : float
        A clump's members have a larger r^2 with their lead.
    window_bp : int
        And are closer to it than this.
    merge_interval_bp, merge_lead_bp : int or None
        Clumps are then merged; see `merge_clumps`. None merges nothing.
    """

    min_r2: float
    window_bp: int
    merge_interval_bp: int | None = None
    merge_lead_bp: int | None = None


RULES: dict[str, Rule] = {
    "common": Rule(0.1, 1_000_000),
    "paper": Rule(0.8, 1_000_000, 200_000, 400_000),
}


@dataclass(frozen=True, kw_only=True)
class LociOptions:
    """Options of `igwas-fast loci`; names and defaults are those of the command line.

    Parameters
    ----------
    genotypes : Path, optional
        For linkage disequilibrium; without them loci are formed by distance.
    keep : Path, optional
        Samples whose genotypes are used for linkage disequilibrium; all by default.
    phenotypes, covariates : Path, optional
        Phenotypes turn conditional analysis on; everything else is as the scan recorded it.
    tested : tuple of str, optional
        Phenotypes of the tests, and of whose dimensions eyes are compared; by default means of eyes
        where there are such, otherwise all but differences of eyes, and all dimensions.
    per_phenotype : bool
        Also the loci of each phenotype by itself.
    p : float
        Genome-wide level of one test.
    secondary_p : float
        Level that a member of a clump must reach.
    rule : str
        `common` or `paper`; `min_r2` and `window_kb` override its numbers.
    ld : str
        `haplotype` or `genotype`, see `Linkage`.
    condition_kb : float
        Loci this close are of one region of conditional tests, which reach as far beyond it.
    max_signals : int
        Most signals of a region.
    genes, known : Path, optional
        Genes and known loci.
    gene_kb, known_kb : float
        How far from a locus genes are listed, and known loci are taken for the same.
    """

    genotypes: Path | None = None
    keep: Path | None = None
    phenotypes: Path | None = None
    covariates: Path | None = None
    tested: tuple[str, ...] | None = None
    per_phenotype: bool = False
    p: float = GENOME_WIDE_P
    secondary_p: float = 1e-4
    rule: str = "common"
    min_r2: float | None = None
    window_kb: float | None = None
    ld: str = "haplotype"
    condition_kb: float = 500.0
    max_signals: int = 20
    genes: Path | None = None
    known: Path | None = None
    gene_kb: float = 2.0
    known_kb: float = 500.0

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise OptionError(f"--rule is {self.rule!r}; expected {' or '.join(RULES)}.")
        if self.ld not in METHODS:
            raise OptionError(f"--ld is {self.ld!r}; expected {' or '.join(METHODS)}.")
        if not 0 < self.p <= self.secondary_p < 1:
            raise OptionError(
                f"--p is {self.p:g} and --secondary-p {self.secondary_p:g}; expected "
                "0 < p <= secondary p < 1."
            )
        if self.min_r2 is not None and not 0 <= self.min_r2 < 1:
            raise OptionError(f"--r2 is {self.min_r2:g}; expected 0 to less than 1.")
        reaches = {
            "--window-kb": self.window_kb,
            "--condition-kb": self.condition_kb,
            "--gene-kb": self.gene_kb,
            "--known-kb": self.known_kb,
        }
        for name, value in reaches.items():
            if value is not None and not 0 <= value < 1e6:
                raise OptionError(f"{name} is {value:g}; expected 0 to 1,000,000.")
        if self.tested is not None:
            self._check_tested(self.tested)
        if self.max_signals < 1:
            raise OptionError(f"--max-signals is {self.max_signals}; expected 1 or more.")
        if self.genotypes is None:
            self._refuse_without_genotypes()

    @staticmethod
    def _check_tested(names: tuple[str, ...]) -> None:
        if not names:
            raise OptionError(
                "--tested names no phenotype; expected at least one. Leave it out to test all."
            )
        repeated = [name for at, name in enumerate(names) if name in names[:at]]
        if repeated:
            raise OptionError(
                f"--tested names {repeated[0]!r} twice; expected each phenotype once. Remove one."
            )

    def _refuse_without_genotypes(self) -> None:
        needs = {
            "--phenotypes": self.phenotypes, "--covariates": self.covariates, "--keep": self.keep,
            "--r2": self.min_r2,
        }  # fmt: skip
        for name, value in needs.items():
            if value is not None:
                raise OptionError(
                    f"{name} is given without --genotypes; expected both: without genotypes loci "
                    "are formed by distance alone. Add --genotypes FILE."
                )
        if self.rule == "paper":
            raise OptionError(
                "--rule is 'paper' without --genotypes; expected genotypes for its r2 >= 0.8. "
                "Add --genotypes FILE, or use --rule common."
            )

    @property
    def numbers(self) -> Rule:
        """The rule with what the user overrides."""
        rule = RULES[self.rule]
        return Rule(
            rule.min_r2 if self.min_r2 is None else self.min_r2,
            rule.window_bp if self.window_kb is None else round(self.window_kb * 1000),
            rule.merge_interval_bp,
            rule.merge_lead_bp,
        )

    def input_paths(self) -> dict[str, Path]:
        """Files that are read, by role."""
        roles = ("genotypes", "keep", "phenotypes", "covariates", "genes", "known")
        return {role: path for role in roles if (path := getattr(self, role)) is not None}

    def as_dict(self) -> dict[str, Any]:
        """Values that serialise to JSON."""
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
        }
