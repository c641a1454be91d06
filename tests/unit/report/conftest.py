"""A scanned cohort of eyes with its loci, made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.reference.eye_cohort import EyeCohort, write_eye_cohort

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.loci.options import LociOptions
from igwas.loci.run import run_loci


@dataclass(frozen=True)
class Scanned:
    cohort: EyeCohort
    statistics: Path
    loci: Path


@pytest.fixture(scope="package")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    cohort = write_eye_cohort(folder)
    run_scan(cohort.bed, cohort.phenotypes, folder / "statistics.h5", options=ScanOptions())
    run_loci(
        folder / "statistics.h5", folder / "loci.tsv", json_output=folder / "loci.json",
        options=LociOptions(genotypes=cohort.bed, phenotypes=cohort.phenotypes),
    )  # fmt: skip
    return Scanned(cohort, folder / "statistics.h5", folder / "loci.json")
