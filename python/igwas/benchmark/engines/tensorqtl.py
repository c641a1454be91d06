"""tensorQTL's trans scan."""

import importlib.metadata

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.benchmark.engines.engine import MEAN, Job, empty_answers
from igwas.benchmark.engines.scripts import _Script
from igwas.benchmark.oracle import Answers


class TensorQtl(_Script):
    """map_trans, all pairs kept."""

    name = "tensorqtl"
    title = "tensorQTL map_trans"
    oracle = MEAN
    relative = 1e-3
    rate = 30.0
    file_name = "tensorqtl_scan.py"
    modules = ("tensorqtl", "torch", "pandas", "h5py")
    note = "float32"

    def version(self) -> str:
        """Of the package."""
        return importlib.metadata.version("tensorqtl")

    def read(self, job: Job, variants: npt.NDArray[np.int64]) -> Answers:
        """From its table of pairs."""
        pairs = pd.read_parquet(job.folder / "out").set_index(["variant_id", "phenotype_id"])
        found = empty_answers(len(variants), job.cohort.shape.n_phenotypes)
        for column, name in enumerate(job.cohort.phenotype_names):
            of_phenotype = pairs.xs(name, level=1).reindex(variants)
            found.beta[:, column] = of_phenotype["b"]
            found.t[:, column] = of_phenotype["b"] / of_phenotype["b_se"]
        return found
