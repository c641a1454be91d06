"""plink2 --glm: exact, and with phenotypes residualised first."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.benchmark.child import Command
from igwas.benchmark.engines.engine import (
    DROP,
    PHENOTYPES_ONLY,
    Engine,
    Job,
    empty_answers,
    find_program,
    relative_path,
    variant_names,
)
from igwas.benchmark.oracle import Answers

_PREFIX = "plink2"


class Plink2Exact(Engine):
    """Complete-case regression of each variant; A1 is the effect allele."""

    name = "plink2"
    title = "plink2 --glm"
    oracle = DROP
    # Six digits are printed.
    relative = 1e-5
    tolerance = 1e-5
    rate = 8.0
    modifiers: ClassVar[tuple[str, ...]] = ("hide-covar", "omit-ref")

    def missing_reason(self) -> str | None:
        """Whether it is on PATH."""
        return None if find_program("plink2") else "no plink2 on PATH"

    def version(self) -> str:
        """First line of --version."""
        said = subprocess.run(["plink2", "--version"], capture_output=True, text=True, check=False)
        return said.stdout.strip().splitlines()[0] if said.stdout.strip() else "unknown"

    def prepare(self, job: Job) -> None:
        """It reads text tables."""
        job.cohort.genotypes(job.n_variants)
        job.cohort.phenotype_table()

    def command(self, job: Job) -> Command:
        """One thread for its BLAS, as its manual advises: the threads are its own."""
        cohort, folder = job.cohort, job.folder
        prefix = cohort.genotypes(job.n_variants).with_suffix("")
        covariates = (
            ("--covar", relative_path(cohort.covariates, folder),
             "--covar-variance-standardize")
            if cohort.has_covariates
            else ()
        )  # fmt: skip
        allow = () if cohort.has_covariates else ("allow-no-covars",)
        words = (
            "plink2", "--bfile", relative_path(prefix, folder),
            "--pheno", relative_path(cohort.phenotype_table(), folder), *covariates,
            "--glm", *self.modifiers, *allow,
            "--threads", str(job.threads), "--out", _PREFIX,
        )  # fmt: skip
        return Command(words, folder, {"OPENBLAS_NUM_THREADS": "1"})

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From one text file a phenotype."""
        found = empty_answers(len(variants), job.cohort.shape.n_phenotypes)
        ids = variant_names(variants)
        for column, name in enumerate(job.cohort.phenotype_names):
            table = _read_table(job.folder / f"{_PREFIX}.{name}.glm.linear").reindex(ids)
            found.beta[:, column] = table["BETA"]
            found.t[:, column] = table["T_STAT"]
        return found


class Plink2Residualize(Plink2Exact):
    """Phenotypes residualised once: fast and approximate; newer plink2 only."""

    name = "plink2-residualize"
    title = "plink2 --glm qt-residualize"
    oracle = PHENOTYPES_ONLY
    # It drops missing calls and its formulas are not ours to know: near is all that is asked.
    tolerance = 0.1
    relative = 0.01
    rate = 200.0
    modifiers = ("hide-covar", "omit-ref", "qt-residualize")
    note = "covariates out of the phenotypes only: |t| is too small"

    def missing_reason(self) -> str | None:
        """Whether the plink2 on PATH knows the modifier."""
        absent = super().missing_reason()
        if absent:
            return absent
        with tempfile.TemporaryDirectory(prefix="igwas-bench-") as folder:
            said = subprocess.run(
                ["plink2", "--glm", "qt-residualize", "--out", str(Path(folder) / "probe")],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        refused = re.search(r"Invalid --glm argument", said.stdout + said.stderr)
        return f"{self.version()} does not know qt-residualize" if refused else None


def _read_table(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, sep="\t", index_col="ID", na_values="NA")
    return table[table["TEST"] == "ADD"] if "TEST" in table else table
