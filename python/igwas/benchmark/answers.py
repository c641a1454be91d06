"""Every engine against its oracle, before anything is timed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.benchmark import child
from igwas.benchmark.cohort import BenchmarkCohort
from igwas.benchmark.engines.engine import DROP, PHENOTYPES_ONLY, Engine, Job
from igwas.benchmark.oracle import Answers, ordinary_least_squares, phenotypes_residualised_only
from igwas.errors import IgwasError

# The first variants of a cohort are planted: their z scores are the largest.
_N_PLANTED = 8


class WrongAnswer(IgwasError):  # noqa: N818
    """A program computed something else than it should: timing it would mean nothing."""


@dataclass(frozen=True)
class Comparison:
    """One set of answers against another.

    Attributes
    ----------
    what : str
        The quantity: `t`, or `beta over the variant's largest`.
    largest_error : float
        Largest absolute difference of it.
    largest_value : float
        Largest |t| of the reference.
    excess : float
        Largest error as a multiple of what is allowed; at most 1 is right.
    n_tests : int
        Pairs compared.
    n_absent : int
        Pairs that the reference has and the engine has not.
    """

    what: str
    largest_error: float
    largest_value: float
    excess: float
    n_tests: int
    n_absent: int

    @property
    def is_right(self) -> bool:
        """Whether every pair is there and near enough."""
        return self.n_absent == 0 and self.n_tests > 0 and self.excess <= 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "is_right": self.is_right}


class Oracle:
    """Float64 answers of a cohort, each computed once.

    Parameters
    ----------
    cohort : BenchmarkCohort
    """

    def __init__(self, cohort: BenchmarkCohort) -> None:
        self._cohort = cohort
        self._values = cohort.values()
        self._design = cohort.design()
        self._known: dict[tuple[str, bytes], Answers] = {}

    def answers(self, kind: str, variants: npt.NDArray[np.int64]) -> Answers:
        """Answers of some variants in one of the ORACLES."""
        key = (kind, variants.tobytes())
        if key not in self._known:
            dosage = self._cohort.dosage(variants)
            if kind == PHENOTYPES_ONLY:
                found = phenotypes_residualised_only(dosage, self._values, self._design)
            else:
                found = ordinary_least_squares(
                    dosage, self._values, self._design, drops_missing=kind == DROP
                )
            self._known[key] = found
        return self._known[key]


def sample_variants(n_variants: int, n_checked: int) -> npt.NDArray[np.int64]:
    """Variants to check: the planted ones and others evenly between.

    Examples
    --------
    >>> sample_variants(100, 12)
    array([ 0,  1,  2,  3,  4,  5,  6,  7,  9, 18, 27, 36, 45, 54, 63, 72, 81,
           90, 99])
    """
    spread = np.linspace(0, n_variants - 1, n_checked).astype(np.int64)
    return np.union1d(np.arange(min(_N_PLANTED, n_variants)), spread)


def compare(
    engine: Engine, found: Answers, expected: Answers, *, relative: float | None = None
) -> Comparison:
    """Compare what an engine wrote with what it should have.

    Parameters
    ----------
    engine : Engine
        Says what to compare and how near it must be.
    found, expected : Answers
    relative : float, optional
        In place of the engine's own.
    """
    columns = slice(engine.n_tested_phenotypes)
    size = np.abs(expected.t[:, columns])
    if engine.compares == "t":
        what = "t"
        error = np.abs(found.t - expected.t)[:, columns]
        relative = engine.relative if relative is None else relative
        allowed = engine.tolerance + relative * size
    else:
        what = "beta over the variant's largest"
        beta = expected.beta[:, columns]
        largest = np.max(np.abs(beta), axis=1, keepdims=True, initial=0.0)
        error = np.abs(found.beta[:, columns] - beta) / np.where(largest > 0, largest, 1.0)
        allowed = np.full(error.shape, engine.tolerance)
    is_known = np.isfinite(size)
    is_absent = is_known & ~np.isfinite(error)
    compared = is_known & ~is_absent
    return Comparison(
        what,
        float(error[compared].max(initial=0.0)),
        float(size[is_known].max(initial=0.0)),
        float((error / allowed)[compared].max(initial=0.0)),
        int(compared.sum()),
        int(is_absent.sum()),
    )


def check(
    engine: Engine, job: Job, oracle: Oracle, variants: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Run an engine and compare what it wrote with its oracle.

    Returns
    -------
    dict
        For JSON: the engine, the oracle, how many variants, and the comparison.

    Raises
    ------
    WrongAnswer
        If they differ by more than the engine's tolerance.
    """
    engine.prepare(job)
    child.run(engine.command(job))
    comparison = compare(
        engine, engine.read(job, variants), oracle.answers(engine.oracle, variants)
    )
    _require(engine.title, f"its float64 twin ({engine.oracle})", comparison)
    return {
        "engine": engine.name,
        "against": f"float64 twin: {engine.oracle}",
        "n_variants": len(variants),
        "n_scanned": job.n_variants,
        **comparison.as_dict(),
    }


def check_against(
    engine: Engine, found: Answers, ours: Engine, expected: Answers
) -> dict[str, Any]:
    """Compare what a peer wrote with what we wrote of the same variants.

    Raises
    ------
    WrongAnswer
    """
    comparison = compare(engine, found, expected)
    _require(engine.title, ours.title, comparison)
    return {
        "engine": engine.name,
        "against": ours.title,
        "n_variants": len(found.t),
        "n_scanned": len(found.t),
        **comparison.as_dict(),
    }


def _require(title: str, reference: str, comparison: Comparison) -> None:
    if comparison.is_right:
        return
    if comparison.n_absent or not comparison.n_tests:
        reason = f"{comparison.n_absent} of its tests are absent"
    else:
        reason = (
            f"{comparison.what} is off by up to {comparison.largest_error:.3g}, "
            f"{comparison.excess:.3g} times what is allowed"
        )
    raise WrongAnswer(
        f"{title} disagrees with {reference}: {reason}; expected agreement before anything is "
        "timed. Leave it out with --engines, or find out why."
    )


def empty_folder(parent: Path, name: str) -> Path:
    """Make a folder for what a program writes."""
    folder = parent / name
    folder.mkdir()
    return folder
