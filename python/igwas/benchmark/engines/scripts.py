"""Our own NumPy and PyTorch scripts."""

import importlib.metadata
import sys
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from igwas.benchmark.child import Command, blas_threads, script
from igwas.benchmark.engines.engine import (
    MEAN,
    PHENOTYPES_ONLY,
    Engine,
    Job,
    python_with,
    relative_path,
)
from igwas.benchmark.oracle import Answers


class _Script(Engine):
    file_name: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    options: ClassVar[tuple[str, ...]] = ()

    def missing_reason(self) -> str | None:
        """The modules it imports."""
        absent = python_with(*self.modules)
        return f"needs {absent}, which this Python lacks" if absent else None

    def version(self) -> str:
        """Of the library it stands on."""
        return f"{self.modules[0]} {importlib.metadata.version(self.modules[0])}"

    def prepare(self, job: Job) -> None:
        """The part of the genotypes."""
        job.cohort.genotypes(job.n_variants)

    def command(self, job: Job) -> Command:
        """Python, the script's path, the files."""
        cohort, folder = job.cohort, job.folder
        covariates = (
            ("--covariates", relative_path(cohort.covariates, folder))
            if cohort.has_covariates
            else ()
        )
        words = (
            sys.executable, script(self.file_name),
            "--bed", relative_path(cohort.genotypes(job.n_variants), folder),
            "--phenotypes", relative_path(cohort.phenotypes, folder),
            *covariates, "--output", "out", "--threads", str(job.threads), *self.options,
        )  # fmt: skip
        return Command(words, folder, blas_threads(job.threads))

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From the .npy files."""
        t = np.load(job.folder / "out" / "t.npy", mmap_mode="r")[variants].astype(float)
        path = job.folder / "out" / "beta.npy"
        beta = (
            np.load(path, mmap_mode="r")[variants].astype(float)
            if path.exists()
            else np.full(t.shape, np.nan)
        )
        return Answers(beta, t)


class NumpyScript(_Script):
    """Decode, sgemm, t, p."""

    name = "numpy"
    title = "NumPy script: decode, sgemm, t, p"
    oracle = MEAN
    file_name = "numpy_scan.py"
    modules = ("numpy", "scipy", "h5py")
    options: ClassVar[tuple[str, ...]] = ("--with-p",)


class NumpyScriptWithoutP(NumpyScript):
    """The same without p: what statistics.h5 stores."""

    name = "numpy-no-p"
    title = "NumPy script without p"
    options = ()


class TorchScript(_Script):
    """Correlation, covariates out of the phenotypes only."""

    name = "torch"
    title = "PyTorch script after TorchGWAS"
    oracle = PHENOTYPES_ONLY
    # Float32 throughout: 1e-4 of a z of 40 is lost in the standardisation.
    relative = 1e-4
    rate = 2000.0
    file_name = "torch_scan.py"
    modules = ("torch", "numpy", "h5py")
    note = "covariates out of the phenotypes only: |t| is too small; all in float32"
