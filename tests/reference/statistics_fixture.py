"""A small statistics.h5 with known numbers, written by the registry alone, without the scan."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from igwas.provenance import root_attributes
from igwas.schema import STATISTICS, TEXT

N_SAMPLES = (500, 460)
"""Samples of the two masks."""
N_COVARIATES = 4
BLOCK_VARIANTS = 64
REASON_CYCLE = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


@dataclass
class Truth:
    """The numbers behind a file; arrays are named as in the registry, by the end of their path."""

    path: Path
    names: list[str]
    mask: np.ndarray
    model: np.ndarray
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, path: str) -> np.ndarray:
        return self.arrays[path]

    @property
    def tested(self) -> np.ndarray:
        """bool (variants, phenotypes)"""
        return self["/variant_statistics/reason"][:, self.mask] == 0

    def dof(self) -> np.ndarray:
        """float64 (variants, phenotypes)"""
        return self["/variant_statistics/degrees_of_freedom"][:, self.mask].astype(float)

    def se(self) -> np.ndarray:
        """float64 (variants, phenotypes), pair by pair with the formula of the design."""
        if "/se" in self.arrays:
            return self["/se"].astype(float)
        beta = self["/beta"].astype(float)
        out = np.full(beta.shape, np.nan)
        tested, dof = self.tested, self.dof()
        for v in range(beta.shape[0]):
            for p in range(beta.shape[1]):
                if tested[v, p]:
                    yy = self["/phenotypes/residual_sum_of_squares"][self.model[v], p]
                    s = self["/variant_statistics/genotype_sum_of_squares"][v, self.mask[p]]
                    out[v, p] = np.sqrt((yy - beta[v, p] ** 2 * s) / (dof[v, p] * s))
        return out


def write_statistics(
    path: Path,
    *,
    n_variants: int = 200,
    n_phenotypes: int = 5,
    missing: str = "mean",
    with_info: bool = True,
    done: float = 1.0,
    seed: int = 1,
    chromosomes: tuple[str, ...] = ("1", "2", "10", "PAR1", "X", "MT"),
    every_untested: int = 17,
) -> Truth:
    """Write a file of two masks and two models (autosomes; the rest).

    Parameters
    ----------
    done : float
        Share of blocks that are done; below 1 the file is incomplete.
    every_untested : int
        Every so many variants one is not tested, with reasons in turn; 0 is never.
    """
    rng = np.random.default_rng(seed)
    mask = np.arange(n_phenotypes) % 2 if n_phenotypes > 1 else np.zeros(1, int)
    n_masks = int(mask.max()) + 1
    names = [f"dimension_{i:03d}" for i in range(n_phenotypes)]
    chromosome = np.sort(np.arange(n_variants) % len(chromosomes))
    model = np.array([0 if chromosomes[c].isdigit() else 1 for c in chromosome], np.int16)
    truth = Truth(path, names, mask, model)
    arrays = truth.arrays
    _variants(arrays, rng, n_variants, [chromosomes[c] for c in chromosome], with_info=with_info)
    arrays["/variants/model"] = model
    _phenotypes(arrays, rng, names, mask, n_masks)
    _per_mask(arrays, rng, n_variants, n_masks, missing, every_untested)
    _tests(truth, rng, missing, is_complete=done >= 1)
    n_blocks = -(-n_variants // BLOCK_VARIANTS)
    arrays["/progress/block_start"] = np.arange(n_blocks, dtype=np.int64) * BLOCK_VARIANTS
    arrays["/progress/done"] = (np.arange(n_blocks) < round(done * n_blocks)).astype(np.uint8)
    _write(path, arrays, _attributes(missing, is_complete=done >= 1))
    return truth


def _variants(
    arrays: dict[str, Any], rng: Any, n: int, chromosome: list[str], *, with_info: bool
) -> None:
    pairs = rng.permutation([("A", "G"), ("C", "T"), ("ACG", "A"), ("G", "GTT")] * n)[:n]
    arrays["/variants/chromosome"] = chromosome
    arrays["/variants/position"] = (1000 + 37 * np.arange(n)).astype(np.int64)
    arrays["/variants/id"] = [f"rs{10 * i + 1}" if i % 5 else f"variant:{i}" for i in range(n)]
    arrays["/variants/effect_allele"] = [str(pair[0]) for pair in pairs]
    arrays["/variants/other_allele"] = [str(pair[1]) for pair in pairs]
    if with_info:
        arrays["/variants/info"] = rng.uniform(0.3, 1, n).astype(np.float32)


def _phenotypes(
    arrays: dict[str, Any], rng: Any, names: list[str], mask: np.ndarray, n_masks: int
) -> None:
    samples = np.array([N_SAMPLES[:n_masks], [n - 20 for n in N_SAMPLES[:n_masks]]], np.int64)
    dof = samples[:, mask] - N_COVARIATES - 1
    residual = dof * rng.uniform(0.5, 2.0, dof.shape)
    arrays["/models/chromosomes"] = ["1,2,10", "PAR1,X,MT"]
    arrays["/models/n_samples"] = samples
    arrays["/models/n_covariates"] = np.full((2, n_masks), N_COVARIATES, np.int64)
    sizes = np.bincount(mask, minlength=n_masks)
    arrays["/models/omnibus_dof"] = np.tile(sizes, (2, 1)).astype(np.int64)
    arrays["/phenotypes/name"] = names
    arrays["/phenotypes/mask"] = mask.astype(np.int32)
    arrays["/phenotypes/residual_sum_of_squares"] = residual
    arrays["/phenotypes/degrees_of_freedom"] = dof.astype(np.int64)
    arrays["/phenotypes/covariance"] = np.stack([np.diag(row) for row in residual])


def _per_mask(
    arrays: dict[str, Any], rng: Any, n: int, n_masks: int, missing: str, every_untested: int
) -> None:
    shape = (n, n_masks)
    model = arrays["/variants/model"]
    samples = arrays["/models/n_samples"][model]
    absent = rng.integers(0, 10, shape)
    used = samples - absent if missing == "drop" else samples
    frequency = rng.uniform(0.05, 0.95, shape)
    reason = np.zeros(shape, np.uint8)
    if every_untested:
        for turn, variant in enumerate(range(3, n, every_untested)):
            reason[variant] = REASON_CYCLE[turn % len(REASON_CYCLE)]
        reason[every_untested // 2 : every_untested // 2 + 1, 0] = 8  # untested in one mask only
    tested = reason == 0
    folder = "/variant_statistics"
    arrays[f"{folder}/n"] = used.astype(np.int32)
    arrays[f"{folder}/missing_count"] = absent.astype(np.int32)
    arrays[f"{folder}/effect_allele_frequency"] = frequency
    arrays[f"{folder}/minor_allele_count"] = 2 * used * np.minimum(frequency, 1 - frequency)
    s = 2 * used * frequency * (1 - frequency)
    arrays[f"{folder}/genotype_sum_of_squares"] = np.where(tested, s, np.nan)
    arrays[f"{folder}/degrees_of_freedom"] = np.where(tested, used - N_COVARIATES - 1, 0).astype(
        np.int32
    )
    arrays[f"{folder}/reason"] = reason
    arrays["/omnibus/f_statistic"] = np.where(tested, rng.gamma(2, 0.5, shape), np.nan)
    arrays["/omnibus/log10p"] = np.where(tested, rng.gamma(1, 1, shape), np.nan)


def _tests(truth: Truth, rng: Any, missing: str, *, is_complete: bool) -> None:
    arrays = truth.arrays
    tested = truth.tested
    s = arrays["/variant_statistics/genotype_sum_of_squares"][:, truth.mask]
    residual = arrays["/phenotypes/residual_sum_of_squares"][truth.model]
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(residual / (truth.dof() * s))
    t = rng.normal(size=tested.shape)
    t[:: max(1, tested.shape[0] // 5), 0] += 9.0  # a few strong ones, in the first phenotype
    dof = np.maximum(truth.dof(), 1)
    beta = (t / np.sqrt(1 + t**2 / dof)) * scale
    arrays["/beta"] = np.where(tested, beta, np.nan).astype(np.float32)
    if missing == "drop":
        arrays["/se"] = np.where(tested, scale * 1.01, np.nan).astype(np.float32)
    se = truth.se()
    with np.errstate(invalid="ignore"):
        row, column = np.nonzero(np.abs(arrays["/beta"] / se) > 6)
    arrays["/hits/count"] = np.array([row.size if is_complete else -1], np.int64)
    padding = 3  # the table is allocated larger than it is used
    arrays["/hits/variant"] = np.pad(row.astype(np.int64), (0, padding))
    arrays["/hits/phenotype"] = np.pad(column.astype(np.int32), (0, padding))
    arrays["/hits/beta"] = np.pad(arrays["/beta"][row, column].astype(float), (0, padding))
    arrays["/hits/se"] = np.pad(se[row, column], (0, padding))
    arrays["/hits/log10p"] = np.pad(np.linspace(12, 20, row.size), (0, padding))


def _attributes(missing: str, *, is_complete: bool) -> dict[str, Any]:
    attributes = root_attributes(STATISTICS, command="igwas-fast assoc a.bed b.tsv -o c.h5")
    return attributes | {
        "missing": missing,
        "transform": "none",
        "block_variants": BLOCK_VARIANTS,
        "hit_threshold": 8.0,
        "plan_digest": "0" * 64,
        "n_genotype_samples": 520,
        "account": '[{"step": "genotypes", "n_before": 520, "n_after": 500}]',
        "covariate_names": '["age", "sex"]',
        "dropped_covariates": "[]",
        "shard": "1/1",
        "first_block": 0,
        "is_complete": np.uint8(is_complete),
    }


def _write(path: Path, arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for array in STATISTICS.arrays:
            if array.path not in arrays:
                assert not array.required, array.path
                continue
            values = arrays[array.path]
            dtype = h5py.string_dtype() if array.dtype == TEXT else array.dtype
            file.create_dataset(array.path, data=values, dtype=dtype)
        file.attrs.update(attributes)
