"""What a benchmark is asked to do; checked when made."""

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from igwas.benchmark.spectrum import SPECTRA
from igwas.errors import OptionError

PARTS = ("limits", "commands", "kernel", "dosages", "startup", "subset")
CURVES = ("samples", "variants", "phenotypes", "threads", "missing", "frequency")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise OptionError(f"{name} is {value}; expected {least} or more. Raise it.")


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}; expected {', '.join(choices)}. Choose of those.")


@dataclass(frozen=True, kw_only=True)
class CohortShape:
    """Everything that decides the bytes of a simulated cohort.

    Parameters
    ----------
    n_samples, n_variants, n_phenotypes : int
    n_covariates : int
        Columns of the design, the intercept counted.
    spectrum : str
        `imputed`, or one bin: `rare`, `low`, `mid`, `common`.
    missing_rate : tuple of two floats
        Smallest and largest share of missing calls of a variant; uniform between.
    seed : int
    """

    n_samples: int = 65_629
    n_variants: int = 20_000
    n_phenotypes: int = 128
    n_covariates: int = 14
    spectrum: str = "imputed"
    missing_rate: tuple[float, float] = (0.001, 0.01)
    seed: int = 1

    def __post_init__(self) -> None:
        _at_least("--variants", self.n_variants, 20)
        _at_least("--phenotypes", self.n_phenotypes, 1)
        _at_least("--covariates", self.n_covariates, 1)
        _at_least("--samples", self.n_samples, max(200, 2 * self.n_covariates))
        _at_least("--seed", self.seed, 0)
        _one_of("--spectrum", self.spectrum, tuple(SPECTRA))
        low, high = self.missing_rate
        if not 0 <= low <= high <= 0.5:
            raise OptionError(
                f"--missing-rate is {low:g} {high:g}; expected LOW HIGH, 0 <= LOW <= HIGH <= 0.5. "
                "Give for example 0.001 0.01."
            )

    def with_changes(self, **changes: Any) -> "CohortShape":
        """Make a copy with other values."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions:
    """What to measure.

    Parameters
    ----------
    shape : CohortShape
    engines : tuple of str, optional
        Names of programs to run; None is all.
    parts : tuple of str
        Some of PARTS.
    curves : tuple of str
        Some of CURVES.
    repeats : int
        Rounds; the engines take turns within each.
    threads : int
        Threads every program may use.
    engine_seconds : float
        About how long one run of a slow program may take; decides how many variants it gets.
    curve_variants : int
        Variants of the cohorts of curves.
    file_samples : int
        People in the wide file of the part `subset`; those of the cohort are among them.
    is_quick : bool
        Small curves and short limits.
    """

    shape: CohortShape = CohortShape()
    engines: tuple[str, ...] | None = None
    parts: tuple[str, ...] = PARTS
    curves: tuple[str, ...] = ()
    repeats: int = 3
    threads: int = 2
    engine_seconds: float = 30.0
    curve_variants: int = 4_000
    file_samples: int = 500_000
    is_quick: bool = False

    def __post_init__(self) -> None:
        from igwas.benchmark.engines import ENGINE_NAMES

        _at_least("--repeats", self.repeats, 1)
        _at_least("--threads", self.threads, 1)
        _at_least("--curve-variants", self.curve_variants, 100)
        if not 0.1 <= self.engine_seconds <= 1e5:
            raise OptionError(
                f"--engine-seconds is {self.engine_seconds:g}; expected 0.1 to 100000. "
                "Give for example 30."
            )
        cores = len(os.sched_getaffinity(0))
        if self.threads > cores:
            raise OptionError(
                f"--threads is {self.threads}; expected at most {cores}, the cores of this "
                "process: more would time their turns. Lower it."
            )
        for name, values, choices in (
            ("--engines", self.engines or (), ENGINE_NAMES),
            ("--parts", self.parts, PARTS),
            ("--curve", self.curves, CURVES),
        ):
            for value in values:
                _one_of(name, value, choices)
        if "subset" in self.parts and self.file_samples < self.shape.n_samples:
            raise OptionError(
                f"--file-samples is {self.file_samples}; expected at least {self.shape.n_samples}, "
                "the cohort's samples. Raise it, or leave subset out of --parts."
            )
        if not self.parts and not self.curves:
            raise OptionError("nothing to measure; expected a part or a curve. Give --curve NAME.")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


QUICK_SHAPE = CohortShape(n_samples=2_000, n_variants=600, n_phenotypes=16, n_covariates=4)
# What a quick benchmark sets, unless told otherwise.
_QUICK: dict[str, Any] = {
    "engines": ("igwas", "igwas-drop", "numpy", "torch", "plink2", "plink2-residualize",
                "regenie", "tensorqtl", "bolt"),
    "engine_seconds": 1.0,
    "curve_variants": 400,
    "file_samples": 8_000,
}  # fmt: skip


def choose_options(*, is_quick: bool, threads: int, **chosen: Any) -> BenchmarkOptions:
    """Options from those that were given; None is not given.

    Parameters
    ----------
    is_quick : bool
        Start from the quick preset in place of the full one.
    threads : int
        0 is all cores this process may use.
    **chosen
        Fields of CohortShape and BenchmarkOptions.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> choose_options(is_quick=True, threads=1, n_samples=500).shape.n_samples
    500
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    of_shape = {field.name for field in dataclasses.fields(CohortShape)}
    shape = {name: value for name, value in given.items() if name in of_shape}
    rest = {name: value for name, value in given.items() if name not in of_shape}
    return BenchmarkOptions(
        shape=(QUICK_SHAPE if is_quick else CohortShape()).with_changes(**shape),
        threads=threads or len(os.sched_getaffinity(0)),
        is_quick=is_quick,
        **({**_QUICK, **rest} if is_quick else rest),
    )
