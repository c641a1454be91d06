"""A statistics.h5 of any size with random numbers, to time what reads one.

python benchmarks/simulated_statistics.py OUT.h5 --variants 1000000 --phenotypes 128
"""

import argparse
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from igwas.association import statistics_writer
from igwas.association.statistics_writer import HIT_DTYPE, Layout, Paths
from igwas.association.tails import log10p_f
from igwas.provenance import root_attributes
from igwas.schema import STATISTICS

N_SAMPLES, N_COVARIATES, BLOCK = 60_000, 20, 4096
SLAB = 65_536


def write_simulated(path: Path, n_variants: int, n_phenotypes: int, seed: int = 1) -> None:
    """Null effects of correlated phenotypes on variants of 22 chromosomes, one mask, one model."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_phenotypes, n_phenotypes)) / np.sqrt(n_phenotypes)
    mixing += np.eye(n_phenotypes)
    dof = N_SAMPLES - N_COVARIATES - 1
    gram = dof * mixing.T @ mixing
    block_start = np.arange(0, n_variants, BLOCK, dtype=np.int64)
    layout = Layout(
        n_variants=n_variants, n_phenotypes=n_phenotypes, n_masks=1, n_models=1,
        n_blocks=len(block_start), has_se=False, has_info=False,
    )  # fmt: skip
    small = {
        "/models/chromosomes": [",".join(str(c) for c in range(1, 23))],
        "/models/n_samples": [[N_SAMPLES]],
        "/models/n_covariates": [[N_COVARIATES]],
        "/models/omnibus_dof": [[n_phenotypes]],
        "/phenotypes/name": [f"mean_dim_{k:03d}" for k in range(n_phenotypes)],
        "/phenotypes/mask": np.zeros(n_phenotypes, np.int32),
        "/phenotypes/residual_sum_of_squares": np.diag(gram)[None],
        "/phenotypes/degrees_of_freedom": np.full((1, n_phenotypes), dof),
        "/phenotypes/covariance": gram[None],
        "/progress/block_start": block_start,
    }
    attributes = root_attributes(STATISTICS) | {
        "missing": "mean", "transform": "none", "hit_threshold": 5.0, "plan_digest": "simulated",
        "n_genotype_samples": N_SAMPLES, "account": "[]", "covariate_names": "[]",
        "dropped_covariates": "[]", "shard": "1/1", "first_block": 0, "first_variant": 0,
    }  # fmt: skip
    paths = Paths(path)
    statistics_writer.create(paths, layout, attributes, small, _variants(n_variants))
    with h5py.File(paths.partial, "r+") as file:
        for start in range(0, n_variants, SLAB):
            stop = min(start + SLAB, n_variants)
            _fill(file, rng, start, stop, mixing, np.linalg.cholesky(gram), dof)
        file["/progress/done"][...] = 1
    statistics_writer.write_hits(paths.partial, np.zeros(0, HIT_DTYPE))
    paths.partial.replace(paths.output)
    paths.journal.unlink()


def _variants(n_variants: int):
    for start in range(0, n_variants, SLAB):
        rows = np.arange(start, min(start + SLAB, n_variants))
        chromosome = 1 + rows * 22 // n_variants
        yield pd.DataFrame(
            {
                "chromosome": chromosome.astype(str),
                "position": 1 + rows * 300,
                "id": [f"rs{row}" for row in rows],
                "effect_allele": "A",
                "other_allele": "G",
                "model": np.zeros(len(rows), np.int16),
            }
        )


def _fill(file, rng, start, stop, mixing, cholesky, dof) -> None:
    n = stop - start
    frequency = rng.uniform(0.01, 0.5, n)
    s = 2 * N_SAMPLES * frequency * (1 - frequency)
    z = rng.normal(size=(n, len(mixing))) @ mixing
    beta = z / np.sqrt(s)[:, None]
    folder = "/variant_statistics"
    per_mask = {
        "n": N_SAMPLES, "missing_count": 0, "effect_allele_frequency": frequency[:, None],
        "minor_allele_count": (2 * N_SAMPLES * frequency)[:, None],
        "genotype_sum_of_squares": s[:, None], "degrees_of_freedom": dof, "reason": 0,
    }  # fmt: skip
    for name, values in per_mask.items():
        file[f"{folder}/{name}"][start:stop] = np.broadcast_to(values, (n, 1))
    file["/beta"][start:stop] = beta.astype(np.float32)
    r2 = (np.linalg.solve(cholesky, beta.T) ** 2).sum(axis=0) * s
    k = len(mixing)
    f = r2 / (1 - r2) * (dof + 1 - k) / k
    file["/omnibus/f_statistic"][start:stop, 0] = f
    file["/omnibus/log10p"][start:stop, 0] = log10p_f(f, k, dof + 1 - k)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--variants", type=int, default=1_000_000)
    parser.add_argument("--phenotypes", type=int, default=128)
    arguments = parser.parse_args()
    write_simulated(arguments.output, arguments.variants, arguments.phenotypes)
