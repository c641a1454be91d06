"""Small cohorts on disk: a .bed in place, tables of phenotypes and covariates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from igwas.context import Context
from igwas.genotypes.encoding import encode_dosages
from igwas.genotypes.sample_tables import read_fam
from igwas.genotypes.writer import GenotypeWriter
from igwas.provenance import root_attributes
from igwas.schema import GENOTYPES

# PLINK 1: two bits a call; column 5 of the .bim is the allele that dosage counts.
_CODE_OF_COPIES = {0.0: 3, 1.0: 2, 2.0: 0}


@dataclass(frozen=True)
class CohortFiles:
    """Where the files are, and what is in them."""

    bed: Path
    phenotypes: Path
    covariates: Path
    dosage: np.ndarray
    values: np.ndarray
    covariate_values: np.ndarray
    chromosomes: list[str]
    sex: np.ndarray


def write_bed(
    path: Path, dosage: np.ndarray, chromosomes: Sequence[str], sex: Sequence[int]
) -> None:
    """Write .bed, .bim and .fam; dosage is (variants, samples), NaN is missing."""
    n_samples = dosage.shape[1]
    rows = bytearray([0x6C, 0x1B, 0x01])
    for row in dosage:
        packed = bytearray((n_samples + 3) // 4)
        for i, copies in enumerate(row):
            packed[i // 4] |= _CODE_OF_COPIES.get(float(copies), 1) << 2 * (i % 4)
        rows += packed
    path.write_bytes(rows)
    path.with_suffix(".bim").write_text(
        "".join(f"{c}\tv{i}\t0\t{i + 1}\tA\tG\n" for i, c in enumerate(chromosomes))
    )
    path.with_suffix(".fam").write_text(
        "".join(f"F{i}\tS{i}\t0\t0\t{s}\t-9\n" for i, s in enumerate(sex))
    )


def write_table(path: Path, values: np.ndarray, name: str) -> None:
    """Write FID, IID and the columns `name`0, `name`1..., 17 digits, NA where missing."""
    header = ["FID", "IID", *(f"{name}{k}" for k in range(values.shape[1]))]
    lines = ["\t".join(header)]
    for i, row in enumerate(values):
        numbers = ("NA" if np.isnan(x) else f"{x:.17g}" for x in row)
        lines.append("\t".join([f"F{i}", f"S{i}", *numbers]))
    path.write_text("\n".join(lines) + "\n")


def write_cohort(
    folder: Path,
    *,
    n_samples: int = 60,
    chromosomes: Sequence[str] = ("1",) * 8,
    n_phenotypes: int = 2,
    missing_rate: float = 0.05,
    unknown_sex: int = 0,
    seed: int = 1,
) -> CohortFiles:
    """Random genotypes with effects; every third sample is male, the first few of unknown sex."""
    rng = np.random.default_rng(seed)
    n_variants = len(chromosomes)
    dosage = rng.binomial(2, rng.uniform(0.2, 0.8, n_variants)[:, None], (n_variants, n_samples))
    dosage = dosage.astype(float)
    covariates = rng.normal(size=(n_samples, 2))
    values = (
        dosage.T @ rng.normal(scale=0.3, size=(n_variants, n_phenotypes))
        + covariates @ rng.normal(size=(2, n_phenotypes))
        + rng.normal(size=(n_samples, n_phenotypes))
    )
    dosage[rng.random(dosage.shape) < missing_rate] = np.nan
    sex = np.where(np.arange(n_samples) % 3 == 0, 1, 2)
    sex[:unknown_sex] = 0
    files = CohortFiles(
        folder / "cohort.bed", folder / "phenotypes.tsv", folder / "covariates.tsv",
        dosage, values, covariates, list(chromosomes), sex,
    )  # fmt: skip
    write_bed(files.bed, dosage, chromosomes, sex.tolist())
    write_table(files.phenotypes, values, "Y")
    write_table(files.covariates, covariates, "C")
    return files


def write_dosages(cohort: CohortFiles, path: Path, encoding: str = "dosage16") -> None:
    """The cohort's calls, every third one a fraction, as dosages."""
    dosage = cohort.dosage.astype(np.float32)
    dosage[::3] *= np.float32(0.83)
    samples = read_fam(cohort.bed.with_suffix(".fam"))
    attributes = root_attributes(GENOTYPES)
    names = list(dict.fromkeys(cohort.chromosomes))
    n = len(dosage)
    with GenotypeWriter(
        path, samples, encoding, attributes=attributes, context=Context()
    ) as writer:
        writer.append(
            encode_dosages(dosage, encoding).view(np.uint8),
            codes=np.array([names.index(c) for c in cohort.chromosomes], np.int16),
            positions=np.arange(1, n + 1), ids=[f"v{i}" for i in range(n)],
            effect_alleles=["A"] * n, other_alleles=["G"] * n,
        )  # fmt: skip
        writer.finish(names)
