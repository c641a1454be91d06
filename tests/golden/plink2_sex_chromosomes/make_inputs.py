"""A small cohort with X, Y and MT, the same on every machine: .bed, phenotypes, covariates.

python make_inputs.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np

N_SAMPLES = 240
CHROMOSOMES = ["1"] * 6 + ["X"] * 8 + ["Y"] * 8 + ["MT"] * 8
_CODE = {0: 3, 1: 2, 2: 0, -1: 1}


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(2026))


def write(folder: Path) -> None:
    """Write c.bed, c.bim, c.fam, p.tsv and q.tsv."""
    rng = _generator()
    sex = rng.permutation(np.repeat([1, 2], N_SAMPLES // 2))
    rows = bytearray([0x6C, 0x1B, 0x01])
    for chromosome in CHROMOSOMES:
        frequency = rng.uniform(0.1, 0.9)
        copies = rng.binomial(2, frequency, N_SAMPLES)
        one = 2 * rng.binomial(1, frequency, N_SAMPLES)
        has_one = np.ones(N_SAMPLES, bool) if chromosome in ("Y", "MT") else sex == 1
        if chromosome != "1":
            copies = np.where(has_one, one, copies)
        copies[rng.random(N_SAMPLES) < 0.03] = -1
        if chromosome == "Y":
            copies[sex == 2] = -1
        for start in range(0, N_SAMPLES, 4):
            four = enumerate(copies[start : start + 4])
            rows.append(sum(_CODE[int(c)] << 2 * i for i, c in four))
    (folder / "c.bed").write_bytes(rows)
    (folder / "c.bim").write_text(
        "".join(f"{c}\tv{i}\t0\t{i + 1}\tA\tG\n" for i, c in enumerate(CHROMOSOMES))
    )
    (folder / "c.fam").write_text("".join(f"0\tS{i}\t0\t0\t{s}\t-9\n" for i, s in enumerate(sex)))
    for name, columns in (("p", ("Y1", "Y2")), ("q", ("age",))):
        values = rng.normal(size=(N_SAMPLES, len(columns))).round(4)
        lines = ["\t".join(["#FID", "IID", *columns])]
        lines += [f"0\tS{i}\t" + "\t".join(f"{x:.4f}" for x in row) for i, row in enumerate(values)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
