"""A scan by correlation in PyTorch on the CPU, after the formulas of TorchGWAS; our own words.

Covariates are projected out of the phenotypes only; phenotypes and genotypes are standardised;
r = g'y / n, t = r sqrt((n - 2) / (1 - r^2)), p from the normal tail. Missing calls take the
variant's mean. All of it in float32, as there. Rows of the .fam and of phenotypes.h5 must be the
same people in the same order.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    import torch

_CODES = np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3
_COPIES = np.array([2, np.nan, 1, 0], dtype=np.float32)[_CODES]


def read_arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bed", type=Path, required=True)
    parser.add_argument("--phenotypes", type=Path, required=True)
    parser.add_argument("--covariates", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--block", type=int, default=256)
    return parser.parse_args()


def read_phenotypes(arguments: argparse.Namespace) -> "torch.Tensor":
    """Residual phenotypes with mean 0 and variance 1, float32 (samples, phenotypes)."""
    import torch

    with h5py.File(arguments.phenotypes) as file:
        values = torch.from_numpy(file["/values"][:].astype(np.float64))
    design = torch.ones((len(values), 1), dtype=torch.float64)
    if arguments.covariates:
        with arguments.covariates.open() as stream:
            n_columns = len(stream.readline().split("\t"))
            table = np.loadtxt(stream, delimiter="\t", usecols=range(2, n_columns), ndmin=2)
        design = torch.hstack([design, torch.from_numpy(table)])
    basis = torch.linalg.qr(design)[0]
    values -= basis @ (basis.T @ values)
    values /= values.std(dim=0, correction=0)
    return values.to(torch.float32)


def main() -> None:
    """Scan and write."""
    import torch

    arguments = read_arguments()
    torch.set_num_threads(arguments.threads)
    copies = torch.from_numpy(_COPIES)
    values = read_phenotypes(arguments)
    n_samples, n_phenotypes = values.shape
    rows = np.memmap(arguments.bed, np.uint8, "r", offset=3).reshape(-1, -(-n_samples // 4))
    arguments.output.mkdir(exist_ok=True)
    out = {
        name: np.lib.format.open_memmap(
            arguments.output / f"{name}.npy", "w+", np.float32, (len(rows), n_phenotypes)
        )
        for name in ("t", "p")
    }
    for start in range(0, len(rows), arguments.block):
        part = slice(start, start + arguments.block)
        codes = torch.from_numpy(np.array(rows[part])).to(torch.int32)
        dosage = torch.nn.functional.embedding(codes, copies).flatten(1)[:, :n_samples]
        dosage = dosage - dosage.nanmean(dim=1, keepdim=True)
        dosage = dosage.nan_to_num_(nan=0.0)
        dosage /= dosage.square().mean(dim=1, keepdim=True).sqrt()
        r = dosage @ values / n_samples
        t = r * torch.sqrt((n_samples - 2) / (1 - r.square()))
        out["t"][part] = t.numpy()
        out["p"][part] = torch.special.erfc(t.abs() * 0.5**0.5).numpy()


if __name__ == "__main__":
    main()
