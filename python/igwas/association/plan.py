"""A scan made ready: who, which variants, which models, which blocks. Nothing is computed yet."""

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.association.account import AccountLine
from igwas.association.cohort import Cohort, join_cohort
from igwas.association.model import Model, ModelInputs, build_model, one_blas_thread
from igwas.association.options import ScanOptions
from igwas.association.segments import ModelKey, Segments, segment
from igwas.association.variant_filter import select_variants
from igwas.errors import InputError
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.phenotypes.covariates import design_matrix, orthonormal_basis
from igwas.phenotypes.loco import Loco, read_loco
from igwas.phenotypes.masks import Mask, group_by_missingness
from igwas.phenotypes.residualise import find_untestable, residualise
from igwas.phenotypes.table import read_covariates, read_phenotypes
from igwas.phenotypes.transform import rank_inverse_normal
from igwas.provenance import file_digest

_log = logging.getLogger("igwas")

# Results of so many variants, and so many numbers of a kind, are the most that a thread holds.
BLOCK_VARIANTS = 4096
_BLOCK_CELLS = 1 << 20
# Raised whenever the same inputs give other numbers: an older run is then not gone on with. 2: on Y
# and MT beta is of one copy.
_ARITHMETIC = 2

MALE, FEMALE = 1, 2

# Options that a run to resume, or shards to merge, must share; the others show in the arrays.
_DECIDE_NUMBERS = frozenset(
    {"mac", "maf", "geno", "hwe", "info", "missing", "transform", "precision", "hit_log10p"}
)


@dataclass(frozen=True)
class ScanPlan:
    """Everything a scan needs, except the open genotype file's bytes.

    Parameters
    ----------
    options : ScanOptions
    cohort : Cohort
        Samples and phenotypes analysed; untestable phenotypes are already left out.
    masks : list of Mask
    covariates : float64 (samples, covariates)
        Intercept first.
    covariate_names : tuple of str
    loco : Loco or None
    variant_rows : int64 (rows,)
        Rows of the genotype file, of this shard.
    excluded_reason : uint8 (rows,) or (0,)
        Reason code of variants that are not tested, 0 for the others; empty: none.
    segments : Segments
        Blocks of this shard; rows count from its first.
    first_block, first_row : int
        Of this shard within the whole scan.
    digest : str
        Identifies the whole scan: equal digests, equal numbers.
    account : list of AccountLine
        Of samples, then of variants.
    n_scale_covariates : int, optional
        Covariates, the first of them, that a whole-genome regression knew when it scaled its
        predictions; all by default.
    tolerates_untestable : bool
        Phenotypes of which the covariates leave nothing get no statistics instead of an error.
    """

    options: ScanOptions
    cohort: Cohort
    masks: list[Mask]
    covariates: NDArray[np.float64]
    covariate_names: tuple[str, ...]
    loco: Loco | None
    variant_rows: NDArray[np.int64]
    excluded_reason: NDArray[np.uint8]
    segments: Segments
    first_block: int
    first_row: int
    digest: str
    account: list[AccountLine]
    n_scale_covariates: int | None = None
    tolerates_untestable: bool = False

    @property
    def n_variants(self) -> int:
        """Rows of this shard."""
        return len(self.variant_rows)

    def model(self, number: int) -> Model:
        """Build the model of one chromosome group; large, so one at a time."""
        with one_blas_thread():
            return self._build(number)

    def _build(self, number: int) -> Model:
        key = self.segments.keys[number]
        raw = self.cohort.values
        if self.loco is None or self.loco.is_standardised:
            # regenie predicts the transformed phenotype: transform, then subtract.
            values = self._left(_transformed(raw, self.options), key)
        else:
            values = _transformed(self._left(raw, key), self.options)
        inputs = ModelInputs(
            values=values,
            names=self.cohort.names,
            masks=self.masks,
            omnibus_values=None if self.options.transform == "none" else self._left(raw, key),
            covariates=self.covariates,
            covariate_names=self.covariate_names,
            genotype_rows=self.cohort.genotype_rows,
            is_male=self.cohort.sex == MALE,
        )
        rules = _sex_rules(key, self.cohort.sex)
        if self.tolerates_untestable:
            rules.setdefault("is_allowed", np.ones(self.cohort.n_samples, dtype=bool))
        return build_model(inputs, **rules)

    def _left(self, values: NDArray[np.float64], key: ModelKey) -> NDArray[np.float64]:
        """What the predictions without a chromosome leave of `values`."""
        if self.loco is None:
            return values
        predictions = self.loco.predictions(key.left_out, self.cohort)
        assert predictions.shape == values.shape
        return values - predictions * self._prediction_scale(values)

    def _prediction_scale(self, values: NDArray[np.float64]) -> NDArray[np.float64] | float:
        """Regenie predicts phenotypes residualised and scaled to SD 1: bring them back."""
        if self.loco is None or not self.loco.is_standardised:
            return 1.0
        scale = np.ones(len(self.cohort.names))
        known = slice(0, self.n_scale_covariates)
        for mask in self.masks:
            rows = np.flatnonzero(mask.is_present)
            q = orthonormal_basis(self.covariates[rows, known], self.covariate_names[known]).q
            residuals = residualise(mask.take(values, rows), q)
            variance = (residuals**2).sum(axis=0) / (len(rows) - q.shape[1])
            scale[mask.phenotype_index] = np.sqrt(variance)
        return scale


def make_plan(genotypes: GenotypeFile, phenotypes: Path, options: ScanOptions) -> ScanPlan:
    """Read the tables, join the samples, choose the variants, cut the blocks.

    Raises
    ------
    InputError
        For every problem of the inputs that can be known before genotypes are read.
    """
    with one_blas_thread():
        return _make_plan(genotypes, phenotypes, options)


def _make_plan(genotypes: GenotypeFile, phenotypes: Path, options: ScanOptions) -> ScanPlan:
    cohort, loco = _read_cohort(genotypes, phenotypes, options)
    covariates, names = _covariate_matrix(cohort)
    cohort, masks = _testable(cohort, covariates, names, options)
    if loco is not None and options.loco is not None and cohort.names != loco.names:
        loco = read_loco(options.loco, cohort.names)
    selection = select_variants(
        genotypes,
        extract=options.extract,
        exclude=options.exclude,
        chromosomes=options.chromosomes,
    )
    rows = selection.rows
    chromosome_names, code = genotypes.chromosomes
    block_variants = max(1, min(BLOCK_VARIANTS, _BLOCK_CELLS // len(cohort.names)))
    segments = segment(
        chromosome_names, code[rows], has_loco=loco is not None, block_variants=block_variants
    )
    _warn_of_unknown_sex(segments, cohort)
    digest = _digest(genotypes, cohort, covariates, rows, segments, options, loco)
    first_block, last_block = _shard_blocks(segments, options)
    part, first_row, n_rows = _take_blocks(segments, first_block, last_block)
    rows = rows[first_row : first_row + n_rows]
    return ScanPlan(
        options=options,
        cohort=cohort,
        masks=masks,
        covariates=covariates,
        covariate_names=names,
        loco=loco,
        variant_rows=rows,
        excluded_reason=_excluded(genotypes, rows, options),
        segments=part,
        first_block=first_block,
        first_row=first_row,
        digest=digest,
        account=[*cohort.account, *selection.account],
    )


def _read_cohort(
    genotypes: GenotypeFile, phenotypes: Path, options: ScanOptions
) -> tuple[Cohort, Loco | None]:
    table = read_phenotypes(
        phenotypes, options.phenotype_columns, missing_values=options.missing_values
    )
    covariates = None
    if options.covariates is not None:
        covariates = read_covariates(
            options.covariates,
            options.covariate_columns,
            options.categorical_columns,
            missing_values=options.missing_values,
        )
    loco = read_loco(options.loco, table.names) if options.loco is not None else None
    cohort = join_cohort(
        genotypes.samples,
        table,
        covariates,
        keep=options.keep,
        remove=options.remove,
        loco=loco,
        genotypes_name=str(genotypes.path),
    )
    return cohort, loco


def _covariate_matrix(cohort: Cohort) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    intercept = np.ones((cohort.n_samples, 1))
    if cohort.covariates is None:
        return intercept, ("intercept",)
    design = design_matrix(cohort.covariates)
    return np.hstack([intercept, design.columns]), ("intercept", *design.names)


def _transformed(values: NDArray[np.float64], options: ScanOptions) -> NDArray[np.float64]:
    return values if options.transform == "none" else rank_inverse_normal(values)


def _testable(
    cohort: Cohort, covariates: NDArray[np.float64], names: tuple[str, ...], options: ScanOptions
) -> tuple[Cohort, list[Mask]]:
    """Group phenotypes by mask; stop at, or leave out, those with nothing to explain."""
    masks = group_by_missingness(cohort.values)
    # A covariate may explain the transformed phenotype alone.
    tested = [cohort.values]
    if options.transform != "none":
        tested.append(_transformed(cohort.values, options))
    reasons: dict[str, str] = {}
    for mask in masks:
        rows = np.flatnonzero(mask.is_present)
        labels = [cohort.names[i] for i in mask.phenotype_index]
        if len(rows) == 0:
            reasons |= dict.fromkeys(labels, "has no value among the analysed samples")
            continue
        _require_samples(labels[0], len(rows), covariates.shape[1])
        q = orthonormal_basis(covariates[rows], names).q
        for values in tested:
            found = find_untestable(mask.take(values, rows), q, labels)
            reasons |= {name: why for name, why in found.items() if name not in reasons}
    if not reasons:
        return cohort, masks
    name, reason = next(iter(reasons.items()))
    if not options.skip_untestable or len(reasons) == len(cohort.names):
        others = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise InputError(
            f"phenotype {name!r} {reason}{others}; expected variation that the covariates leave. "
            "Leave it out of --phenotype-columns, or give --skip-untestable."
        )
    _log.warning("phenotypes left out: %s", "; ".join(f"{n} {r}" for n, r in reasons.items()))
    kept = np.array([name not in reasons for name in cohort.names])
    cohort = replace(
        cohort,
        names=tuple(n for n in cohort.names if n not in reasons),
        labels=tuple(label for label, k in zip(cohort.labels, kept, strict=True) if k),
        values=np.ascontiguousarray(cohort.values[:, kept]),
    )
    return cohort, group_by_missingness(cohort.values)


def _require_samples(name: str, n_samples: int, n_covariates: int) -> None:
    if n_samples < n_covariates + 2:
        raise InputError(
            f"phenotype {name!r} has {n_samples:,} samples for {n_covariates} covariates "
            f"(intercept counted); expected at least {n_covariates + 2}. "
            "Use fewer covariates or more samples."
        )


def _sex_rules(key: ModelKey, sex: NDArray[np.uint8]) -> dict[str, Any]:
    """Who may be analysed, and the sex covariate: the further arguments of build_model."""
    if key.sex_chromosome == "X":
        is_male = (sex == MALE).astype(np.float64)
        return {"is_allowed": sex != 0, "extra_covariates": {"sex (male)": is_male}}
    if key.sex_chromosome == "Y":
        return {"is_allowed": sex == MALE}
    return {}


def _warn_of_unknown_sex(segments: Segments, cohort: Cohort) -> None:
    chromosomes = [key.sex_chromosome for key in segments.keys if key.sex_chromosome]
    n_unknown = int((cohort.sex == 0).sum())
    if chromosomes and n_unknown:
        _log.warning(
            "%s of %s samples have no sex and are left out on chromosome %s.",
            f"{n_unknown:,}", f"{cohort.n_samples:,}", " and ".join(dict.fromkeys(chromosomes)),
        )  # fmt: skip


def refuse_hwe_of_dosages(genotypes: GenotypeFile, options: ScanOptions) -> None:
    """Refuse a filter that dosages cannot pass or fail.

    Raises
    ------
    InputError
        If there is one.
    """
    if options.hwe > 0 and genotypes.chunks.encoding != "hardcalls":
        raise InputError(
            f"{genotypes.path} holds dosages, which have no genotype counts; expected hard calls "
            f"for --hwe {options.hwe:g}. Leave --hwe out, or convert hard calls."
        )


def _excluded(
    genotypes: GenotypeFile, rows: NDArray[np.int64], options: ScanOptions
) -> NDArray[np.uint8]:
    if options.info <= 0:
        return np.zeros(0, dtype=np.uint8)
    if genotypes.info is None:
        raise InputError(
            f"{genotypes.path} has no imputation information; expected it for --info "
            f"{options.info:g}. Leave --info out, or convert dosages instead of hard calls."
        )
    below = ~(genotypes.info[rows] >= options.info)
    return np.where(below, np.uint8(7), np.uint8(0)).astype(np.uint8)


def _shard_blocks(segments: Segments, options: ScanOptions) -> tuple[int, int]:
    n, shard = len(segments.blocks), options.shard
    if shard.count > n:
        # Every shard refuses, not only the empty ones: the others could never be merged.
        raise InputError(
            f"--shard {shard} asks for {shard.count} shards of {n} blocks of variants; expected at "
            f"most {n} shards. Use fewer shards."
        )
    return n * (shard.number - 1) // shard.count, n * shard.number // shard.count


def _take_blocks(segments: Segments, first: int, last: int) -> tuple[Segments, int, int]:
    """Blocks [first, last) with rows, and block numbers, counted from the first of them."""
    blocks = segments.blocks[first:last].copy()
    first_row = int(blocks[0, 1])
    n_rows = int(blocks[-1, 1] + blocks[-1, 2]) - first_row
    blocks[:, 0] -= first
    blocks[:, 1] -= first_row
    model_of_row = segments.model_of_row[first_row : first_row + n_rows]
    return replace(segments, blocks=blocks, model_of_row=model_of_row), first_row, n_rows


def _digest(
    genotypes: GenotypeFile,
    cohort: Cohort,
    covariates: NDArray[np.float64],
    rows: NDArray[np.int64],
    segments: Segments,
    options: ScanOptions,
    loco: Loco | None,
) -> str:
    """Digest of all that decides the numbers, so that a resumed or merged run cannot mix two."""
    digest = hashlib.sha256(genotypes.digest.encode())
    numbers = {
        name: value for name, value in options.result_options().items() if name in _DECIDE_NUMBERS
    }
    digest.update(json.dumps([_ARITHMETIC, numbers, cohort.names], sort_keys=True).encode())
    for path in loco.source_paths if loco is not None else ():
        digest.update(file_digest(path).encode())
    for array in (cohort.genotype_rows, cohort.values, cohort.sex, covariates, rows):
        digest.update(np.ascontiguousarray(array).data)
    digest.update(np.ascontiguousarray(segments.blocks).data)
    return digest.hexdigest()
