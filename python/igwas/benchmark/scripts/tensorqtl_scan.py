"""tensorQTL's map_trans on a .bed: every phenotype against every variant, on the CPU.

Genotypes are decoded to the dosage table that tensorQTL wants (float32, -9 is missing); all pairs
are kept (pval_threshold 1), which is what the others write too.
"""

import argparse
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

_CODES = np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3
_COPIES = np.array([2, -9, 1, 0], dtype=np.int8)[_CODES]


def main() -> None:
    """Scan and write."""
    import tensorqtl
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--bed", type=Path, required=True)
    parser.add_argument("--phenotypes", type=Path, required=True)
    parser.add_argument("--covariates", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with h5py.File(arguments.phenotypes) as file:
        values = file["/values"][:].astype(np.float32)
        ids = file["/participants/participant_id"].asstr()[:]
        names = file["/phenotypes/name"].asstr()[:]
    rows = np.fromfile(arguments.bed, np.uint8, offset=3).reshape(-1, -(-len(ids) // 4))
    dosage = _COPIES[rows].reshape(len(rows), -1)[:, : len(ids)]
    genotypes = pd.DataFrame(dosage, index=range(len(rows)), columns=ids)
    covariates = None
    if arguments.covariates:
        covariates = pd.read_csv(arguments.covariates, sep="\t").set_index("IID")
        covariates = covariates.drop(columns="FID").loc[ids]
    pairs = tensorqtl.trans.map_trans(
        genotypes, pd.DataFrame(values.T, index=names, columns=ids), covariates,
        return_sparse=True, pval_threshold=1.0, maf_threshold=0, return_r2=False, verbose=False,
    )  # fmt: skip
    pairs.to_parquet(arguments.output)


if __name__ == "__main__":
    main()
