"""`igwas-fast assoc`, from file to statistics.h5."""

import sys
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from igwas._version import __version__
from igwas.association.statistics_file import open_statistics
from igwas.benchmark.child import Command
from igwas.benchmark.engines.engine import DROP, MEAN, Engine, Job, relative_path
from igwas.benchmark.oracle import Answers


class Assoc(Engine):
    """The scan with every filter off: each variant is computed."""

    name = "igwas"
    title = "igwas-fast assoc"
    oracle = MEAN
    tolerance = 1e-4
    is_ours = True
    options: ClassVar[tuple[str, ...]] = ()
    reads_text: ClassVar[bool] = False

    def version(self) -> str:
        """Ours."""
        return __version__

    def prepare(self, job: Job) -> None:
        """The part of the genotypes, and the text table where it is read."""
        job.cohort.genotypes(job.n_variants)
        if self.reads_text:
            job.cohort.phenotype_table()

    def command(self, job: Job) -> Command:
        """From the .bed in place; `python -m igwas` is what the command `igwas-fast` runs."""
        cohort = job.cohort
        phenotypes = cohort.phenotype_table() if self.reads_text else cohort.phenotypes
        inputs = (cohort.genotypes(job.n_variants), phenotypes)
        covariates = (
            ("--covariates", relative_path(cohort.covariates, job.folder))
            if cohort.has_covariates
            else ()
        )
        words = (
            sys.executable, "-m", "igwas", "assoc",
            *(relative_path(path, job.folder) for path in inputs),
            "-o", "statistics.h5", *covariates, "--mac", "0", "--geno", "1",
            *self.options, "--threads", str(job.threads), "-q",
        )  # fmt: skip
        return Command(words, job.folder)

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From statistics.h5."""
        with open_statistics(job.folder / "statistics.h5") as file:
            return Answers(
                np.array([file.beta[int(row), :] for row in variants], dtype=float),
                np.array([file.t[int(row), :] for row in variants], dtype=float),
            )


class AssocDrop(Assoc):
    """Missing calls left out, exactly."""

    name = "igwas-drop"
    title = "igwas-fast assoc --missing drop"
    oracle = DROP
    options = ("--missing", "drop")


class AssocFull(Assoc):
    """Sums as float64."""

    name = "igwas-full"
    title = "igwas-fast assoc --precision full"
    options = ("--precision", "full")


class AssocDropFull(Assoc):
    """Missing calls left out, sums as float64."""

    name = "igwas-drop-full"
    title = "igwas-fast assoc --missing drop --precision full"
    oracle = DROP
    options = ("--missing", "drop", "--precision", "full")


class AssocText(Assoc):
    """Phenotypes from a text table: for the start-up only."""

    name = "igwas-text"
    title = "igwas-fast assoc, phenotypes from text"
    reads_text = True
