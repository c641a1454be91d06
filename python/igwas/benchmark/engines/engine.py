"""What a benchmark needs to know of a program: is it here, its command, what it wrote."""

import dataclasses
import importlib.util
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from igwas.benchmark.child import Command
from igwas.benchmark.cohort import BenchmarkCohort
from igwas.benchmark.oracle import Answers

MEAN, DROP, PHENOTYPES_ONLY = "mean", "drop", "phenotypes only"
ORACLES = (MEAN, DROP, PHENOTYPES_ONLY)


@dataclasses.dataclass(frozen=True)
class Job:
    """A scan to do.

    Attributes
    ----------
    cohort : BenchmarkCohort
    n_variants : int
        The first variants of the cohort.
    folder : Path
        Empty, for whatever the program writes.
    threads : int
    """

    cohort: BenchmarkCohort
    n_variants: int
    folder: Path
    threads: int


class Engine(ABC):
    """A program that tests every variant against every phenotype.

    Attributes
    ----------
    name : str
        What it is called on the command line.
    title : str
        What it is called in tables.
    oracle : str
        The float64 answers it is held to: MEAN, DROP or PHENOTYPES_ONLY.
    tolerance : float
        Largest error allowed, in t (in beta over its size where `compares` says so).
    compares : str
        `t`: absolute, plus `relative` times |t|. `beta`: relative to the variant's largest |beta|.
    relative : float
        For what is printed with few digits.
    is_ours : bool
    rate : float or None
        Variants a second expected at 65,629 samples x 128 phenotypes; decides only how many
        variants a slow program is given. None gives it all of them.
    n_tested_phenotypes : int or None
        Phenotypes it tests, if not all.
    note : str
        What a reader of the table must know.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    oracle: ClassVar[str] = MEAN
    tolerance: ClassVar[float] = 1e-3
    compares: ClassVar[str] = "t"
    relative: ClassVar[float] = 0.0
    is_ours: ClassVar[bool] = False
    rate: ClassVar[float | None] = None
    n_tested_phenotypes: ClassVar[int | None] = None
    note: ClassVar[str] = ""

    def missing_reason(self) -> str | None:
        """Why it cannot be run here; None if it can."""
        return None

    @abstractmethod
    def version(self) -> str:
        """Version of the program."""

    def prepare(self, job: Job) -> None:  # noqa: B027 - most need nothing
        """Make the files it reads, before the clock starts."""

    @abstractmethod
    def command(self, job: Job) -> Command:
        """The command line."""

    @abstractmethod
    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """What it wrote of some variants."""


def find_program(*names: str) -> str | None:
    """Full path of the first of these programs that is on PATH."""
    return next((found for name in names if (found := shutil.which(name))), None)


def python_with(*modules: str) -> str | None:
    """Name of the first module that this Python lacks; None if it has all."""
    return next((name for name in modules if importlib.util.find_spec(name) is None), None)


def empty_answers(n_variants: int, n_phenotypes: int) -> Answers:
    """Answers that are not known yet."""
    shape = (n_variants, n_phenotypes)
    return Answers(np.full(shape, np.nan), np.full(shape, np.nan))


def variant_names(variants: Iterable[int]) -> list[str]:
    """Ids of rows of a simulated cohort."""
    return [f"v{variant}" for variant in variants]


def relative_path(path: Path, folder: Path) -> str:
    """A path as seen from a folder: recorded commands name no home of anybody."""
    return os.path.relpath(path, folder)
