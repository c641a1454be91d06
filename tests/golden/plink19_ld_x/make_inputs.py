"""Genotypes of X that plink is run on: python make_inputs.py OUT_DIR; the tests make them again."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED, N_SAMPLES, N_VARIANTS, LEAD = 11, 400, 40, 20
_CODE_OF_COPIES = np.array([3, 2, 0, 1], np.uint8)


def simulate() -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Copies of allele 1, int64 (variants, samples), -1 missing, males 0 or 2; who is male."""
    rng = np.random.default_rng(SEED)
    is_male = rng.random(N_SAMPLES) < 0.5
    haplotypes = np.empty((2, N_SAMPLES, N_VARIANTS), bool)
    for copy in range(2):
        allele = rng.random(N_SAMPLES) < 0.4
        for variant in range(N_VARIANTS):
            fresh = rng.random(N_SAMPLES) < rng.uniform(0.2, 0.6)
            allele = np.where(rng.random(N_SAMPLES) < 0.85, allele, fresh)
            haplotypes[copy, :, variant] = allele
    copies = haplotypes.astype(np.int64)
    dosage = np.where(is_male[:, None], 2 * copies[0], copies.sum(axis=0)).T
    errors = rng.random(dosage.shape) < 0.01
    dosage[errors & is_male] = 1
    dosage[rng.random(dosage.shape) < 0.03] = -1
    return dosage, is_male


def p_values() -> NDArray[np.float64]:
    """What --clump ranks by, as it is written: float64 (variants,)."""
    drawn = np.random.default_rng(SEED + 1).uniform(1e-9, 1e-3, N_VARIANTS)
    return np.array([float(f"{p:.6g}") for p in drawn])


def write(folder: Path) -> None:
    """Write x.bed, x.bim, x.fam and x.assoc."""
    dosage, is_male = simulate()
    quads = _CODE_OF_COPIES[dosage].reshape(N_VARIANTS, -1, 4)
    packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
    (folder / "x.bed").write_bytes(b"\x6c\x1b\x01" + packed.astype(np.uint8).tobytes())
    rows = [f"23\tv{j}\t0\t{1000 * (j + 1)}\tA\tC\n" for j in range(N_VARIANTS)]
    (folder / "x.bim").write_text("".join(rows))
    people = [f"F{i} S{i} 0 0 {1 if is_male[i] else 2} -9\n" for i in range(N_SAMPLES)]
    (folder / "x.fam").write_text("".join(people))
    tests = [f"v{j}\t{p:.6g}\n" for j, p in enumerate(p_values())]
    (folder / "x.assoc").write_text("SNP\tP\n" + "".join(tests))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
