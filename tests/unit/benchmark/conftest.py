"""One small cohort and engines that run nothing, for every test of the benchmark."""

import numpy as np
import pytest

from igwas.benchmark.child import Command
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.engines.engine import MEAN, Engine
from igwas.benchmark.options import CohortShape
from igwas.benchmark.oracle import Answers, ordinary_least_squares

SHAPE = CohortShape(n_samples=230, n_variants=60, n_phenotypes=3, n_covariates=3)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """230 samples, 60 variants, 3 phenotypes; not to be written to."""
    return make_cohort(tmp_path_factory.mktemp("work"), SHAPE)


class Honest(Engine):
    """Writes nothing and answers with least squares."""

    name = "honest"
    title = "Honest"
    oracle = MEAN
    factor = 1.0

    def version(self):
        return "1"

    def command(self, job):
        return Command(("true",), job.folder)

    def read(self, job, variants):
        found = ordinary_least_squares(
            job.cohort.dosage(variants), job.cohort.values(), job.cohort.design(),
            drops_missing=False,
        )  # fmt: skip
        return Answers(found.beta, found.t * self.factor)


class Dishonest(Honest):
    """Off by a thousandth of t."""

    name = "dishonest"
    title = "Dishonest"
    factor = 1.001


def random_answers(shape=(4, 3), seed=1):
    """Answers of no cohort."""
    generator = np.random.default_rng(seed)
    return Answers(generator.normal(size=shape), generator.normal(size=shape))
