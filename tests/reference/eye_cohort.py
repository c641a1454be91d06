"""A cohort with known loci: both eyes of each person, their mean and their difference."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.cohort_files import write_bed

from igwas.phenotypes.phenotypes_file import write_phenotypes

N_SAMPLES, N_DIMENSIONS = 900, 3
LEFT_RIGHT_CORRELATION = 0.6
BLOCK = 12
POSITION_STEP, BLOCK_STEP = 2_000, 3_000_000


@dataclass(frozen=True)
class EyeCohort:
    """Where the files are, and which variants act."""

    bed: Path
    phenotypes: Path
    causal: dict[str, int]
    dosage: np.ndarray


def blocks_of_linked_variants(rng, n_blocks):
    """Variants in blocks: neighbours share four fifths of their haplotypes."""
    rows = []
    for _ in range(n_blocks):
        haplotype = rng.random((2, N_SAMPLES)) < rng.uniform(0.25, 0.5)
        for _ in range(BLOCK):
            fresh = rng.random((2, N_SAMPLES)) < rng.uniform(0.25, 0.5)
            haplotype = np.where(rng.random((2, N_SAMPLES)) < 0.8, haplotype, fresh)
            rows.append(haplotype.sum(axis=0))
    return np.array(rows)


def write_eye_cohort(
    folder: Path, *, n_blocks=8, effect=0.5, one_eye=0.15, chromosomes=("1", "2"), seed=6
) -> EyeCohort:
    """Three acting variants: on both eyes, on the left eye alone, and a second one near the first.

    Some people miss an eye, so that left, right, mean and difference are four masks.
    """
    rng = np.random.default_rng(seed)
    dosage = blocks_of_linked_variants(rng, n_blocks)
    causal = {"both": BLOCK // 2, "left": 3 * BLOCK + 4, "second": BLOCK - 1}
    shared = rng.normal(size=(N_SAMPLES, N_DIMENSIONS)) * np.sqrt(LEFT_RIGHT_CORRELATION)
    own = rng.normal(size=(2, N_SAMPLES, N_DIMENSIONS)) * np.sqrt(1 - LEFT_RIGHT_CORRELATION)
    eyes = shared + own
    eyes[:, :, 0] += effect * dosage[causal["both"]] + 0.8 * effect * dosage[causal["second"]]
    eyes[0, :, 1] += effect * dosage[causal["left"]]
    mean, difference = eyes.mean(axis=0), eyes[0] - eyes[1]
    for side in (0, 1):
        lost = rng.random(N_SAMPLES) < one_eye
        eyes[side, lost] = difference[lost] = np.nan
    names = [f"{eye}_dim_{k:03d}" for eye in ("left", "right", "mean", "difference")
             for k in range(N_DIMENSIONS)]  # fmt: skip
    write_bed(folder / "g.bed", dosage)
    block = np.arange(len(dosage)) // BLOCK
    place = 1 + block * BLOCK_STEP + np.arange(len(dosage)) % BLOCK * POSITION_STEP
    number = block * len(chromosomes) // n_blocks
    (folder / "g.bim").write_text(
        "".join(
            f"{chromosomes[c]}\tv{i}\t0\t{p}\tA\tC\n"
            for i, (c, p) in enumerate(zip(number, place, strict=True))
        )
    )
    labels = [n.split("_", 1) for n in names]
    values = np.hstack([eyes[0], eyes[1], mean, difference])
    ids = [f"S{i}" for i in range(N_SAMPLES)]
    write_phenotypes(
        folder / "phenotypes.h5", ids, names, values, overwrite=True,
        extra={"/phenotypes/eye": [eye for eye, _ in labels],
               "/phenotypes/dimension": [dimension for _, dimension in labels]},
    )  # fmt: skip
    return EyeCohort(folder / "g.bed", folder / "phenotypes.h5", causal, dosage)
