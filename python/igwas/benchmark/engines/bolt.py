"""BOLT-LMM's plain linear regression: one phenotype a run."""

import re
import subprocess

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.benchmark.child import Command
from igwas.benchmark.engines.engine import (
    MEAN,
    Engine,
    Job,
    empty_answers,
    find_program,
    relative_path,
    variant_names,
)
from igwas.benchmark.oracle import Answers


class Bolt(Engine):
    """LINREG of the first phenotype only."""

    name = "bolt"
    title = "BOLT-LMM LINREG, one phenotype"
    oracle = MEAN
    compares = "beta"
    tolerance = 1e-3
    rate = 600.0
    n_tested_phenotypes = 1
    note = "one phenotype a run; residual variance of the null model"

    def missing_reason(self) -> str | None:
        """Whether it is on PATH."""
        return None if find_program("bolt") else "no bolt on PATH"

    def version(self) -> str:
        """From its banner."""
        said = subprocess.run(["bolt", "--help"], capture_output=True, text=True, check=False)
        found = re.search(r"v(\d+(?:\.\d+)+)", said.stdout)
        return found[1] if found else "unknown"

    def prepare(self, job: Job) -> None:
        """It reads text tables."""
        job.cohort.genotypes(job.n_variants)
        job.cohort.phenotype_table()

    def command(self, job: Job) -> Command:
        """Without the mixed model."""
        cohort, folder = job.cohort, job.folder
        prefix = cohort.genotypes(job.n_variants).with_suffix("")
        covariates: tuple[str, ...] = ()
        if cohort.has_covariates:
            last = cohort.shape.n_covariates - 1
            covariates = ("--covarFile", relative_path(cohort.covariates, folder),
                          f"--qCovarCol=covariate{{1:{last}}}")  # fmt: skip
        words = (
            "bolt", "--bfile", relative_path(prefix, folder),
            "--phenoFile", relative_path(cohort.phenotype_table(), folder),
            f"--phenoCol={cohort.phenotype_names[0]}", *covariates,
            "--numThreads", str(job.threads), "--verboseStats", "--statsFile", "bolt.tsv",
            "--maxMissingPerSnp", "1",
        )  # fmt: skip
        return Command(words, folder)

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From its one table."""
        found = empty_answers(len(variants), job.cohort.shape.n_phenotypes)
        table = pd.read_csv(job.folder / "bolt.tsv", sep="\t", index_col="SNP")
        table = table.reindex(variant_names(variants))
        found.beta[:, 0] = table["BETA"]
        found.t[:, 0] = np.sign(table["BETA"]) * np.sqrt(table["CHISQ_LINREG"])
        return found
