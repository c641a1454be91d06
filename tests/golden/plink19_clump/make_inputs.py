"""What plink is run on: phenotypes with planted effects, and genotypes with calls taken out.

python make_inputs.py DATA_DIR OUT_DIR. The golden tests make the same files again: a fixed seed
and NumPy's PCG64 give the same numbers everywhere.
"""

import shutil
import sys
from pathlib import Path

import numpy as np

EUR_SEED, EAS_SEED, MISSING_SEED = 20261124, 7, 37
# Standardised effects; large, since there are few people.
EFFECTS = (0.65, 0.6, 0.55, 0.5, -0.6, 0.45)
MISSING_RATE = 0.04


def simulate_phenotype(dosage, seed):
    """Sum of standardised effects of evenly spaced common variants, and noise.

    Parameters
    ----------
    dosage : float (variants, samples)

    Returns
    -------
    phenotype and one covariate (samples, 2), rounded to 6 digits
    """
    rng = np.random.default_rng(seed)
    frequency = dosage.mean(axis=1) / 2
    common = np.flatnonzero((frequency > 0.15) & (frequency < 0.85))
    places = (np.linspace(0.07, 0.93, len(EFFECTS)) * len(common)).astype(int)
    causal = common[places]
    standard = dosage[causal] - dosage[causal].mean(axis=1, keepdims=True)
    standard /= standard.std(axis=1, keepdims=True)
    covariate = rng.normal(size=dosage.shape[1])
    value = np.array(EFFECTS) @ standard + 0.4 * covariate + rng.normal(size=dosage.shape[1])
    return np.round(np.stack([value, covariate], axis=1), 6)


def take_out_calls(source, target, n_samples):
    """Copy a .bed with about 4 % of its calls set to missing; .bim and .fam beside it."""
    rng = np.random.default_rng(MISSING_SEED)
    content = np.frombuffer(source.read_bytes(), np.uint8)
    rows = content[3:].reshape(-1, -(-n_samples // 4))
    calls = (rows[:, :, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    calls = calls.reshape(len(rows), -1)
    is_out = rng.random((len(rows), n_samples), dtype=np.float32) < MISSING_RATE
    calls[:, :n_samples][is_out] = 1
    quads = calls.reshape(len(rows), -1, 4)
    packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
    target.write_bytes(content[:3].tobytes() + packed.astype(np.uint8).tobytes())
    for suffix in (".bim", ".fam"):
        shutil.copyfile(source.with_suffix(suffix), target.with_suffix(suffix))


def write_tables(folder, name, ids, values):
    """Write NAME.tsv with FID, IID, Y and NAME_covariate.tsv with FID, IID, C."""
    for file, column, header in ((f"{name}.tsv", 0, "Y"), (f"{name}_covariate.tsv", 1, "C")):
        rows = zip(ids, values[:, column].tolist(), strict=True)
        lines = [f"FID\tIID\t{header}", *(f"{f}\t{i}\t{v:.6f}" for (f, i), v in rows)]
        (folder / file).write_text("\n".join(lines) + "\n")


def make_eur(data_dir, folder):
    """Phenotype of the 379 Europeans, and their genotypes with calls taken out."""
    from igwas.genotypes.genotype_file import open_genotypes

    source = data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed"
    with open_genotypes(source) as genotypes:
        values = simulate_phenotype(genotypes[:].astype(np.float64), EUR_SEED)
        ids = list(zip(genotypes.samples.family_id, genotypes.samples.sample_id, strict=True))
        n_samples = genotypes.n_samples
    write_tables(folder, "eur", ids, values)
    take_out_calls(source, folder / "eur_missing.bed", n_samples)


def make_eas(data_dir, folder):
    """Genotypes of the 504 East Asians as genotypes.h5, and a phenotype."""
    from igwas.genotypes.convert import convert
    from igwas.genotypes.genotype_file import open_genotypes

    name = "1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"
    convert(data_dir / "genotypes" / "kg_eas504_chr7" / name, folder / "eas.h5")
    with open_genotypes(folder / "eas.h5") as genotypes:
        values = simulate_phenotype(genotypes[:].astype(np.float64), EAS_SEED)
        ids = [("0", name) for name in genotypes.samples.sample_id]
    write_tables(folder, "eas", ids, values)


if __name__ == "__main__":
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    make_eur(data, out)
    make_eas(data, out)
