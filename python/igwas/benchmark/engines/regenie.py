"""regenie's second step without the first: a plain scan."""

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


class Regenie(Engine):
    """--step 2 --ignore-pred --qt."""

    name = "regenie"
    title = "regenie step 2 --ignore-pred"
    oracle = MEAN
    # Its standard error is the null model's; beta is mean-imputed least squares to six digits.
    compares = "beta"
    tolerance = 1e-4
    rate = 90.0
    note = "residual variance of the null model: its chi-square is not the exact one"

    def missing_reason(self) -> str | None:
        """Whether it is on PATH."""
        return None if find_program("regenie") else "no regenie on PATH"

    def version(self) -> str:
        """What --version says."""
        said = subprocess.run(["regenie", "--version"], capture_output=True, text=True, check=False)
        return said.stdout.strip() or "unknown"

    def prepare(self, job: Job) -> None:
        """It reads text tables."""
        job.cohort.genotypes(job.n_variants)
        job.cohort.phenotype_table()

    def command(self, job: Job) -> Command:
        """Counts allele 1 as we do; no filter on the allele count."""
        cohort, folder = job.cohort, job.folder
        prefix = cohort.genotypes(job.n_variants).with_suffix("")
        covariates = (
            ("--covarFile", relative_path(cohort.covariates, folder))
            if cohort.has_covariates
            else ()
        )
        words = (
            "regenie", "--step", "2", "--bed", relative_path(prefix, folder),
            "--phenoFile", relative_path(cohort.phenotype_table(), folder), *covariates,
            "--qt", "--ignore-pred", "--bsize", "400", "--minMAC", "0.5",
            "--threads", str(job.threads), "--out", "regenie",
        )  # fmt: skip
        return Command(words, folder)

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From one text file a phenotype; it calls our effect allele ALLELE0 or ALLELE1."""
        found = empty_answers(len(variants), job.cohort.shape.n_phenotypes)
        ids = variant_names(variants)
        for column, name in enumerate(job.cohort.phenotype_names):
            table = pd.read_csv(
                job.folder / f"regenie_{name}.regenie", sep=" ", index_col="ID"
            ).reindex(ids)
            sign = np.where(table["ALLELE1"] == "A", 1.0, -1.0)
            found.beta[:, column] = sign * table["BETA"]
            found.t[:, column] = sign * table["BETA"] / table["SE"]
        return found
