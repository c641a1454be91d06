"""A small data set with every kind of chromosome, and writers for each format."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pgenlib
import pytest
from bgen import BgenWriter

from igwas.context import Context

N_SAMPLES = 13  # not a multiple of four: padding bits exist
CHROMOSOMES = ["1"] * 9 + ["2"] * 5 + ["X"] * 4 + ["MT"] * 2


@dataclass
class Cohort:
    """Counts of ALT (variants, samples), -9 missing, and names."""

    counts: np.ndarray
    chromosomes: list[str]
    positions: list[int]
    ids: list[str]
    references: list[str]
    alternates: list[str]
    samples: list[str]
    sex: list[int] = field(default_factory=list)

    @property
    def dosage(self) -> np.ndarray:
        return np.where(self.counts < 0, np.nan, self.counts).astype(np.float32)


def make_cohort() -> Cohort:
    generator = np.random.default_rng(20)
    n = len(CHROMOSOMES)
    counts = generator.choice([0, 1, 2, -9], size=(n, N_SAMPLES), p=[0.5, 0.3, 0.15, 0.05])
    sex = [1 + i % 2 for i in range(N_SAMPLES)]
    haploid = np.array([[c == "MT" or (c == "X" and s == 1) for s in sex] for c in CHROMOSOMES])
    counts[haploid & (counts == 1)] = 2
    return Cohort(
        counts=counts.astype(np.int8),
        chromosomes=list(CHROMOSOMES),
        positions=[100 + 10 * i for i in range(n)],
        ids=[f"rs{i}" for i in range(n)],
        references=["A", "CT"] * (n // 2),
        alternates=["G", "C"] * (n // 2),
        samples=[f"P{i}" for i in range(N_SAMPLES)],
        sex=sex,
    )


@pytest.fixture
def cohort() -> Cohort:
    return make_cohort()


@pytest.fixture
def context() -> Context:
    return Context(threads=2)


def write_bed(prefix: Path, cohort: Cohort) -> Path:
    """Effect allele A1 = ALT; packed here independently of the package."""
    n_samples = len(cohort.samples)
    code = {2: 0, -9: 1, 1: 2, 0: 3}
    rows = bytearray(b"\x6c\x1b\x01")
    for counts in cohort.counts.tolist():
        row = bytearray((n_samples + 3) // 4)
        for i, count in enumerate(counts):
            row[i // 4] |= code[count] << (2 * (i % 4))
        rows += row
    bed = prefix.with_suffix(".bed")
    bed.write_bytes(rows)
    bed.with_suffix(".bim").write_text(
        "".join(
            f"{c}\t{name}\t0\t{p}\t{alt}\t{ref}\n"
            for c, name, p, alt, ref in zip(
                cohort.chromosomes, cohort.ids, cohort.positions, cohort.alternates,
                cohort.references, strict=True,
            )
        )
    )  # fmt: skip
    bed.with_suffix(".fam").write_text(
        "".join(f"F{s} {s} 0 0 {x} -9\n" for s, x in zip(cohort.samples, cohort.sex, strict=True))
    )
    return bed


def write_pgen(prefix: Path, cohort: Cohort, dosages: np.ndarray | None = None) -> Path:
    pgen = prefix.with_suffix(".pgen")
    with pgenlib.PgenWriter(
        bytes(pgen), len(cohort.samples), variant_ct=len(cohort.ids), nonref_flags=False,
        dosage_present=dosages is not None,
    ) as writer:  # fmt: skip
        for i, counts in enumerate(cohort.counts):
            if dosages is None:
                writer.append_biallelic(np.ascontiguousarray(counts))
            else:
                writer.append_dosages(np.where(np.isnan(dosages[i]), -9, dosages[i]))
    write_pvar(pgen.with_suffix(".pvar"), cohort)
    pgen.with_suffix(".psam").write_text(
        "#FID\tIID\tSEX\n"
        + "".join(f"F{s}\t{s}\t{x}\n" for s, x in zip(cohort.samples, cohort.sex, strict=True))
    )
    return pgen


def write_pvar(path: Path, cohort: Cohort) -> None:
    path.write_text(
        "##source=test\n#CHROM\tPOS\tID\tREF\tALT\n"
        + "".join(
            f"{c}\t{p}\t{name}\t{ref}\t{alt}\n"
            for c, p, name, ref, alt in zip(
                cohort.chromosomes, cohort.positions, cohort.ids, cohort.references,
                cohort.alternates, strict=True,
            )
        )
    )  # fmt: skip


VCF_HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">\n'
)
VCF_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


def write_vcf_lines(path: Path, samples: list[str], lines: list[str]) -> Path:
    """Each line: CHROM POS ID REF ALT FORMAT call call ..., separated by blanks."""
    body = []
    for line in lines:
        chrom, pos, name, ref, alt, keys, *calls = line.split(" ")
        body.append("\t".join([chrom, pos, name, ref, alt, ".", ".", ".", keys, *calls]))
    header = VCF_HEADER + "\t".join([VCF_COLUMNS, *samples])
    path.write_text("\n".join([header, *body]) + "\n")
    return path


def write_vcf(path: Path, cohort: Cohort) -> Path:
    diploid = {0: "0/0", 1: "0|1", 2: "1/1", -9: "./."}
    haploid = {0: "0", 2: "1", -9: "."}
    lines = []
    for i, chrom in enumerate(cohort.chromosomes):
        calls = [
            (haploid if chrom == "MT" or (chrom == "X" and sex == 1) else diploid)[count]
            for count, sex in zip(cohort.counts[i].tolist(), cohort.sex, strict=True)
        ]
        lines.append(
            f"{chrom} {cohort.positions[i]} {cohort.ids[i]} {cohort.references[i]} "
            f"{cohort.alternates[i]} GT {' '.join(calls)}"
        )
    return write_vcf_lines(path, cohort.samples, lines)


def write_bgen(path: Path, cohort: Cohort, *, bit_depth: int = 8, ids: bool = True) -> Path:
    """Hard calls as certain probabilities, diploid throughout, reference first."""
    with BgenWriter(
        path, len(cohort.samples), cohort.samples if ids else None, compression="zlib"
    ) as writer:
        for i, counts in enumerate(cohort.counts):
            probabilities = np.full((len(counts), 3), np.nan)
            called = counts >= 0
            probabilities[called] = np.eye(3)[counts[called]]
            writer.add_variant(
                cohort.ids[i], cohort.ids[i], cohort.chromosomes[i], cohort.positions[i],
                [cohort.references[i], cohort.alternates[i]], probabilities, bit_depth=bit_depth,
            )  # fmt: skip
    return path


class Writers:
    """The functions above, handed to tests (test files cannot import this one)."""

    bed = staticmethod(write_bed)
    pgen = staticmethod(write_pgen)
    pvar = staticmethod(write_pvar)
    vcf = staticmethod(write_vcf)
    vcf_lines = staticmethod(write_vcf_lines)
    bgen = staticmethod(write_bgen)


@pytest.fixture(scope="session")
def write() -> type[Writers]:
    return Writers
