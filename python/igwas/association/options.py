"""What a scan is asked to do; checked when made, so that no later stage meets nonsense."""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.errors import OptionError

MISSING_CALLS = ("mean", "drop")
PRECISIONS = ("standard", "full")
TRANSFORMS = ("none", "rank-inverse-normal")


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count` equal parts of the variants; numbers start at 1."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `i/n`.

        Raises
        ------
        OptionError
            If the text is not two whole numbers with 1 <= i <= n.

        Examples
        --------
        >>> Shard.parse("2/10")
        Shard(number=2, count=10)
        """
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise OptionError(
                f"--shard is {text!r}; expected i/n with 1 <= i <= n. Give for example 2/10."
            )
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """Options of `igwas-fast assoc`; names and defaults are those of the command line.

    Parameters
    ----------
    covariates : Path, optional
        Table of covariates; None regresses out the intercept only.
    covariate_columns, categorical_columns, phenotype_columns : tuple of str, optional
        Columns to use; None is all of them (no categorical ones).
    missing_values : tuple of str
        Texts of tables that also mean missing, such as `-9`.
    keep, remove : Path, optional
        Sample lists.
    extract, exclude : Path, optional
        Variant id lists.
    chromosomes : str, optional
        Such as `1-22,X`; None is all.
    mac, maf, geno, hwe, info : float
        Smallest minor allele count and frequency, largest missing rate, smallest
        Hardy-Weinberg p, smallest imputation information.
    missing : str
        `mean` puts the variant's mean in place of a missing call; `drop` leaves the sample out.
    transform : str
        `none` or `rank-inverse-normal`, of the phenotypes before covariates are removed.
    precision : str
        Of phenotypes and covariates in sums over hard calls: `standard` moves a z score by about
        1e-6, never by 1e-4; `full` is as float64, and slower.
    loco : Path, optional
        loco.h5 or regenie's _pred.list.
    skip_untestable : bool
        Leave out phenotypes that are constant or explained by the covariates instead of failing.
    hit_log10p : float
        -log10 p from which a test enters the table of hits.
    shard : Shard
        The part of the variants to scan.
    resume, overwrite : bool
        Go on with an interrupted run; replace an existing output.
    """

    covariates: Path | None = None
    covariate_columns: tuple[str, ...] | None = None
    categorical_columns: tuple[str, ...] = ()
    phenotype_columns: tuple[str, ...] | None = None
    missing_values: tuple[str, ...] = ()
    keep: Path | None = None
    remove: Path | None = None
    extract: Path | None = None
    exclude: Path | None = None
    chromosomes: str | None = None
    mac: float = 20.0
    maf: float = 0.0
    geno: float = 0.1
    hwe: float = 0.0
    info: float = 0.0
    missing: str = "mean"
    transform: str = "none"
    precision: str = "standard"
    loco: Path | None = None
    skip_untestable: bool = False
    hit_log10p: float = 5.0
    shard: Shard = Shard()
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        _check_range("--mac", self.mac, 0, float("inf"))
        _check_range("--maf", self.maf, 0, 0.5)
        _check_range("--geno", self.geno, 0, 1)
        _check_range("--hwe", self.hwe, 0, 1)
        _check_range("--info", self.info, 0, 1)
        _check_range("--hit-log10p", self.hit_log10p, 0, float("inf"))
        _check_choice("--missing", self.missing, MISSING_CALLS)
        _check_choice("--precision", self.precision, PRECISIONS)
        _check_choice("--transform", self.transform, TRANSFORMS)
        if self.covariates is None and (self.covariate_columns or self.categorical_columns):
            raise OptionError(
                "covariate columns are named but no table of covariates is given; "
                "expected both. Add --covariates FILE."
            )
        if self.resume and self.overwrite:
            raise OptionError(
                "--resume and --overwrite are both given; expected one: the first keeps what an "
                "interrupted run finished, the second discards it."
            )

    def result_options(self) -> dict[str, Any]:
        """The options that decide the numbers, as JSON types; where to run is left out."""
        left_out = {"resume", "overwrite", "shard"}
        return {
            field.name: _as_json(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name not in left_out
        }


def _as_json(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(f"{name} is {value:g}; expected {low:g} to {high:g}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}; expected {' or '.join(choices)}.")
