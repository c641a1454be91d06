"""What a statistics file holds before its first block: phenotypes, variants, their models."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association import statistics_writer
from igwas.association.model import Model
from igwas.association.options import ScanOptions
from igwas.association.plan import ScanPlan
from igwas.association.statistics_writer import Layout, Paths
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.phenotypes.masks import mask_numbers
from igwas.provenance import root_attributes
from igwas.schema import STATISTICS

_log = logging.getLogger("igwas")

_SLAB = 65_536


class Models:
    """Builds models, and keeps the last: most scans have one, needed both to lay out and to run."""

    def __init__(self, plan: ScanPlan) -> None:
        self.plan = plan
        self._last: tuple[int, Model] | None = None

    def __getitem__(self, number: int) -> Model:
        if self._last is None or self._last[0] != number:
            self._last = None  # before the next is built: each is large
            self._last = (number, self.plan.model(number))
        return self._last[1]


def input_paths(genotypes: Path, phenotypes: Path, options: ScanOptions) -> dict[str, Path]:
    """Every file of the command line, and what belongs to a .bed, by role."""
    inputs = {"genotypes": genotypes, "phenotypes": phenotypes}
    for suffix in (".bim", ".fam"):
        if genotypes.with_suffix(suffix).exists():
            inputs[f"genotypes ({suffix})"] = genotypes.with_suffix(suffix)
    for role in ("covariates", "keep", "remove", "extract", "exclude", "loco"):
        path = getattr(options, role)
        if path is not None:
            inputs[role] = path
    return inputs


def layout_of(plan: ScanPlan, file: GenotypeFile) -> Layout:
    """How large the file will be."""
    return Layout(
        n_variants=plan.n_variants,
        n_phenotypes=len(plan.cohort.names),
        n_masks=len(plan.masks),
        n_models=len(plan.segments.keys),
        n_blocks=len(plan.segments.blocks),
        has_se=plan.options.missing == "drop",
        has_info=file.has_info,
        has_eyes=True,
    )


def create(
    paths: Paths, models: Models, layout: Layout, file: GenotypeFile, phenotypes: Path
) -> None:
    """Lay out `<output>.partial`, all but the statistics filled in."""
    plan = models.plan
    paths.discard()
    small: dict[str, Any] = {
        "/models/chromosomes": [",".join(group) for group in plan.segments.chromosomes],
        "/phenotypes/name": list(plan.cohort.names),
        "/phenotypes/mask": mask_numbers(plan.masks, layout.n_phenotypes),
        "/phenotypes/eye": [eye for eye, _ in plan.cohort.labels],
        "/phenotypes/dimension": [dimension for _, dimension in plan.cohort.labels],
        "/progress/block_start": plan.segments.blocks[:, 1],
    }
    dropped: list[str] = []
    for number in range(layout.n_models):
        dropped += models[number].dropped_covariates
        _warn_of_no_omnibus(plan.segments.chromosomes[number], models[number])
        for path, values in _model_arrays(models[number]).items():
            shape = (layout.n_models, *values.shape)
            small.setdefault(path, np.zeros(shape, values.dtype))[number] = values
    attributes = _attributes(plan, file, phenotypes, list(dict.fromkeys(dropped)))
    statistics_writer.create(paths, layout, attributes, small, _variant_slabs(file, plan))


def _warn_of_no_omnibus(chromosomes: tuple[str, ...], model: Model) -> None:
    left = model.n_samples - model.n_covariates - model.omnibus_dof
    for mask in np.flatnonzero((left < 1) & (model.n_samples > 0)):
        _log.warning(
            "chromosomes %s: no omnibus test of mask %d: %d samples, %d covariates, %d phenotypes",
            ",".join(chromosomes), mask, model.n_samples[mask], model.n_covariates[mask],
            model.omnibus_dof[mask],
        )  # fmt: skip


def _model_arrays(model: Model) -> dict[str, NDArray[Any]]:
    return {
        "/models/n_samples": model.n_samples,
        "/models/n_covariates": model.n_covariates,
        "/models/omnibus_dof": model.omnibus_dof,
        "/phenotypes/residual_sum_of_squares": model.residual_sum_of_squares,
        "/phenotypes/degrees_of_freedom": model.degrees_of_freedom,
        "/phenotypes/covariance": model.covariance,
    }


def _attributes(
    plan: ScanPlan, file: GenotypeFile, phenotypes: Path, dropped: list[str]
) -> dict[str, Any]:
    options = plan.options
    inputs = input_paths(file.path, phenotypes, options)
    return {
        **root_attributes(STATISTICS, inputs=inputs, options=options.result_options()),
        "missing": options.missing,
        "transform": options.transform,
        "hit_threshold": options.hit_log10p,
        "plan_digest": plan.digest,
        "n_genotype_samples": file.n_samples,
        "account": json.dumps(
            [
                {"step": line.step, "n_before": line.n_before, "n_after": line.n_after}
                for line in plan.account
            ]
        ),
        "covariate_names": json.dumps(list(plan.covariate_names)),
        "dropped_covariates": json.dumps(dropped),
        "shard": str(options.shard),
        "first_block": plan.first_block,
        "first_variant": plan.first_row,
    }


def _variant_slabs(file: GenotypeFile, plan: ScanPlan) -> Iterator[pd.DataFrame]:
    """Columns of the chosen variants, some thousands at a time."""
    rows = plan.variant_rows
    for start in range(0, len(rows), _SLAB):
        part = rows[start : start + _SLAB]
        # Chosen rows may lie far apart: read the stretches that hold them, piece by piece.
        frames = []
        for first in range(int(part[0]), int(part[-1]) + 1, _SLAB):
            last = min(first + _SLAB, int(part[-1]) + 1)
            inside = part[(part >= first) & (part < last)] - first
            if len(inside):
                frames.append(file.variants(first, last).iloc[inside])
        slab = pd.concat(frames, ignore_index=True)
        yield slab.assign(model=plan.segments.model_of_row[start : start + len(part)])
