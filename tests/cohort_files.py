"""Cohorts of random genotypes written as files, for tests of the program rather than of numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

BED_HEADER = b"\x6c\x1b\x01"

# Codes of two bits in a .bed: two copies of allele 1, missing, one copy, none.
BED_CODE_OF_COPIES = np.array([3, 2, 0], np.uint8)
BED_MISSING = 1


@dataclass(frozen=True)
class CohortPaths:
    """The files of one cohort."""

    bed: Path
    phenotypes: Path
    covariates: Path

    @property
    def bim(self):
        return self.bed.with_suffix(".bim")

    @property
    def fam(self):
        return self.bed.with_suffix(".fam")


def write_bed(path, dosage, *, chromosomes=None, ids=None):
    """Write copies of allele 1 (variants, samples), -1 missing, as .bed, .bim and .fam."""
    dosage = np.asarray(dosage)
    codes = np.where(dosage < 0, BED_MISSING, BED_CODE_OF_COPIES[np.maximum(dosage, 0)])
    padded = np.zeros((len(codes), -(-codes.shape[1] // 4) * 4), np.uint8)
    padded[:, : codes.shape[1]] = codes
    quads = padded.reshape(len(codes), -1, 4)
    packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
    path.write_bytes(BED_HEADER + packed.astype(np.uint8).tobytes())
    write_bim(path.with_suffix(".bim"), len(dosage), chromosomes=chromosomes)
    write_fam(path.with_suffix(".fam"), dosage.shape[1], ids=ids)


def write_bim(path, n_variants, *, chromosomes=None):
    """Variants v0, v1, ... at positions 1, 2, ...; all on chromosome 1 unless told otherwise."""
    names = chromosomes if chromosomes is not None else ["1"] * n_variants
    path.write_text("".join(f"{c}\tv{i}\t0\t{i + 1}\tA\tC\n" for i, c in enumerate(names)))


def write_fam(path, n_samples, *, ids=None):
    """Families F0, F1, ... of samples S0, S1, ..., sexes in turn."""
    ids = ids if ids is not None else [f"S{i}" for i in range(n_samples)]
    path.write_text("".join(f"F{i} {name} 0 0 {1 + i % 2} -9\n" for i, name in enumerate(ids)))


def write_table(path, values, names):
    """Write FID, IID and columns, tab-separated; NaN is NA."""
    lines = ["\t".join(["FID", "IID", *names])]
    for i, row in enumerate(values):
        cells = ("NA" if np.isnan(value) else f"{value:.6g}" for value in row)
        lines.append("\t".join([f"F{i}", f"S{i}", *cells]))
    path.write_text("\n".join(lines) + "\n")


def write_random_cohort(
    folder, *, n_samples, n_variants, n_phenotypes, n_covariates=2, n_chromosomes=1, seed=1
):
    """Write random bytes as genotypes (a quarter of the calls missing), normal phenotypes.

    The .bed is written in slabs, so that cohorts of hundreds of megabytes cost no memory.
    """
    rng = np.random.default_rng(seed)
    paths = CohortPaths(folder / "g.bed", folder / "phenotypes.tsv", folder / "covariates.tsv")
    stride = -(-n_samples // 4)
    with paths.bed.open("wb") as stream:
        stream.write(BED_HEADER)
        for start in range(0, n_variants, 1000):
            n_rows = min(1000, n_variants - start)
            stream.write(rng.integers(0, 256, (n_rows, stride), dtype=np.uint8).tobytes())
    chromosomes = [str(1 + i * n_chromosomes // n_variants) for i in range(n_variants)]
    write_bim(paths.bim, n_variants, chromosomes=chromosomes)
    write_fam(paths.fam, n_samples)
    write_table(
        paths.phenotypes,
        rng.normal(size=(n_samples, n_phenotypes)),
        [f"e{i}" for i in range(n_phenotypes)],
    )
    write_table(
        paths.covariates,
        rng.normal(size=(n_samples, n_covariates)),
        [f"x{i}" for i in range(n_covariates)],
    )
    return paths
