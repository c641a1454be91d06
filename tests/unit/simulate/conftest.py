"""One small cohort that the tests of this folder share."""

import numpy as np
import pytest

from igwas.simulate import CohortFiles, CohortOptions, simulate_cohort

OPTIONS = CohortOptions(
    n_samples=1203, n_variants=3000, n_phenotypes=16, seed=5, related_fraction=0.2
)
_COPIES = np.array([2, np.nan, 1, 0])


def read_bed(path, n_samples: int) -> np.ndarray:
    """Dosage of allele 1 (variants, samples), decoded independently of the writer."""
    content = path.read_bytes()
    assert content[:3] == b"\x6c\x1b\x01"
    rows = np.frombuffer(content[3:], dtype=np.uint8).reshape(-1, (n_samples + 3) // 4)
    calls = (rows[:, :, np.newaxis] >> np.array([0, 2, 4, 6], dtype=np.uint8)) & 3
    return _COPIES[calls.reshape(len(rows), -1)[:, :n_samples]]


@pytest.fixture(scope="session")
def options() -> CohortOptions:
    return OPTIONS


@pytest.fixture(scope="session")
def cohort(tmp_path_factory) -> CohortFiles:
    return simulate_cohort(tmp_path_factory.mktemp("simulated") / "cohort", OPTIONS)


@pytest.fixture(scope="session")
def dosage(cohort) -> np.ndarray:
    return read_bed(cohort.bed, OPTIONS.n_samples)
