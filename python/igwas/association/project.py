"""The GWAS of any combination of the phenotypes, from statistics.h5 alone."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association import statistics_writer
from igwas.association.combined_eyes import combined_labels
from igwas.association.lazy_array import slabs
from igwas.association.projection_arithmetic import Combination, Effects
from igwas.association.ranking import critical_t
from igwas.association.statistics_file import StatisticsFile, open_statistics
from igwas.association.statistics_writer import HIT_DTYPE, Layout, Paths
from igwas.association.tails import log10p_student_t
from igwas.association.weights import Weights
from igwas.errors import OptionError
from igwas.provenance import root_attributes
from igwas.schema import STATISTICS
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.whole_file import output_error
from igwas.wording import counted

_log = logging.getLogger("igwas")

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
# Chooses the combinations once the file is open.
ChooseWeights = Callable[[StatisticsFile], Weights]

_SLAB_CELLS = 1 << 21
_TEXT_SLAB = 262_144
_CARRIED = ("missing", "transform", "n_genotype_samples", "account", "covariate_names",
            "dropped_covariates", "caution")  # fmt: skip

# A combination so much smaller than its parts that rounding of float32 effects shows in t.
_NOTICED_CANCELLATION = 1e3
_REFUSED_CANCELLATION = 1e5
# Of a combination over all samples: an effect, which is stored in float32 (1e-38 to 3e38), may be
# a hundred-thousandth of it or as large.
_STORED_SPREADS = (1e-25, 1e25)


@dataclass(frozen=True)
class ProjectionSummary:
    """What was written: path, variants, combinations, hits, and what the user should know."""

    output: Path
    n_variants: int
    names: tuple[str, ...]
    n_hits: int
    notes: list[str]

    def describe(self) -> list[str]:
        """Lines for the screen."""
        shown = ", ".join(self.names[:5]) + (", ..." if len(self.names) > 5 else "")
        return [
            *self.notes,
            f"{self.output}: {counted(self.n_variants, 'variant', 'variants')} x "
            f"{counted(len(self.names), 'combination', 'combinations')} "
            f"({shown}), {counted(self.n_hits, 'hit', 'hits')}",
        ]


def project(
    statistics: Path | str,
    output: Path | str,
    choose: ChooseWeights,
    *,
    hit_log10p: float | None = None,
    inputs: dict[str, Path] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ProjectionSummary:
    """Test linear combinations of the phenotypes, as a scan of the combined phenotypes would.

    Parameters
    ----------
    statistics : Path
        A finished statistics.h5.
    output : Path
        Another statistics.h5; its phenotypes are the combinations, its omnibus test is of them.
    choose : callable(StatisticsFile) -> Weights
        Such as `lambda file: read_weights("weights.tsv", file.phenotype_names)`.
    hit_log10p : float, optional
        -log10 p from which a test enters the table of hits; by default that of the scan.
    inputs : dict of role to path, optional
        Further files that were read, for provenance.
    overwrite : bool
    progress : callable(done, total), optional

    Returns
    -------
    ProjectionSummary

    Raises
    ------
    IncompleteFile
        If the scan did not finish.
    OptionError
        If a combination mixes missingness masks, or is explained by other phenotypes, or a
        threshold is negative or no number.
    OutputError
        If the output exists or cannot be written.
    """
    if hit_log10p is not None and not 0 <= hit_log10p < np.inf:
        raise OptionError(
            f"--hit-log10p is {hit_log10p:g}; expected a number of 0 or more, such as 5."
        )
    paths = Paths(Path(output))
    named = {"statistics": Path(statistics), **(inputs or {})}
    refuse_special(paths.output)
    refuse_inputs(paths.output, named)
    require_folder(paths.output)
    refuse_existing(paths.output, overwrite=overwrite)
    with open_statistics(statistics) as file:
        work = _Projection(file, choose(file), hit_log10p)
        with sole_writer(paths.output):
            return work.write(paths, named, progress)


class _Projection:
    """One projection: which masks and models, and the file that is written."""

    def __init__(self, file: StatisticsFile, weights: Weights, hit_log10p: float | None) -> None:
        self.file = file
        self.weights = weights
        threshold = float(file.attributes.get("hit_threshold", 5.0))
        self.hit_log10p = threshold if hit_log10p is None else hit_log10p
        masks = weights.masks(file.masks)
        self.source_masks, self.mask_of = np.unique(masks, return_inverse=True)
        self.n_models = len(file.array("/models/chromosomes"))
        # By mask of the output: the phenotypes read, the combinations computed.
        self.inputs = [
            np.flatnonzero((file.masks == mask) & weights.matrix.any(axis=1))
            for mask in self.source_masks
        ]
        self.outputs = [np.flatnonzero(self.mask_of == m) for m in range(len(self.source_masks))]
        self.combinations = [
            [self._combination(mask, model) for model in range(self.n_models)]
            for mask in range(len(self.source_masks))
        ]
        self.is_dropping = file.is_dropping
        self.layout = Layout(
            n_variants=file.n_variants,
            n_phenotypes=len(weights.names),
            n_masks=len(self.source_masks),
            n_models=self.n_models,
            n_blocks=file.blocks[1],
            has_se=self.is_dropping,
            has_info=file.has_info,
            n_projected=file.n_phenotypes,
            has_eyes=True,
        )
        self._check_cancellation()
        self._check_scale()

    def _combination(self, mask: int, model: int) -> Combination:
        columns = self.inputs[mask]
        gram = np.nan_to_num(self.file.covariance(model)[np.ix_(columns, columns)])
        return Combination(self.weights.matrix[np.ix_(columns, self.outputs[mask])], gram)

    def _check_cancellation(self) -> None:
        """Effects are stored in float32: a combination that cancels keeps too little of them."""
        for mask, columns in enumerate(self.inputs):
            weights = self.weights.matrix[np.ix_(columns, self.outputs[mask])]
            for model in range(self.n_models):
                gram = np.diag(self.file.covariance(model))[columns]
                parts = np.abs(weights).T @ np.sqrt(np.nan_to_num(gram))
                whole = np.sqrt(np.maximum(self.combinations[mask][model].sum_of_squares, 0))
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio = np.where(parts > 0, parts / whole, 1.0)
                ratio[~self.combinations[mask][model].is_whole] = 1.0
                worst = int(ratio.argmax())
                name = self.weights.names[self.outputs[mask][worst]]
                if ratio[worst] > _REFUSED_CANCELLATION:
                    raise OptionError(
                        f"combination {name!r} keeps 1 / {ratio[worst]:.1g} of the spread of its "
                        "parts; expected more than the rounding of stored effects. The phenotypes "
                        "determine each other: leave the combination out."
                    )
                if ratio[worst] > _NOTICED_CANCELLATION:
                    _log.warning(
                        "combination %r keeps 1 / %.0f of the spread of its parts: rounding of "
                        "stored effects moves its z scores by about %.1g",
                        name, ratio[worst], ratio[worst] * np.finfo(np.float32).eps,
                    )  # fmt: skip

    def _check_scale(self) -> None:
        """Effects that float32 cannot hold would be infinite, or 0 without a word."""
        least, most = _STORED_SPREADS
        for mask, outputs in enumerate(self.outputs):
            for combination in self.combinations[mask]:
                spread = np.sqrt(np.maximum(combination.sum_of_squares, 0))
                is_odd = combination.is_whole & ~((spread >= least) & (spread <= most))
                # Nothing but weights of 0 is another error's matter.
                is_odd &= spread > 0
                if is_odd.any():
                    worst = int(is_odd.argmax())
                    raise OptionError(
                        f"combination {self.weights.names[outputs[worst]]!r} has a root sum of "
                        f"squares of {spread[worst]:.1g}; expected {least:g} to {most:g}, whose "
                        "effects a statistics file can hold. Scale its weights."
                    )

    def notes(self) -> list[str]:
        """Say what is combined, which tests are none, what only a rerun of the scan would give."""
        notes = list(self.weights.notes)
        if self.weights.caution:
            notes.append(self.weights.caution)
        if self.is_dropping:
            notes.append(
                "the scan dropped samples without a call: effects are exact, standard errors and "
                "p-values take the phenotypes' correlation from all samples"
            )
        transform = self.file.attributes.get("transform", "none")
        if transform != "none":
            notes.append(
                f"the scan transformed the phenotypes ({transform}): the combinations, and their "
                "omnibus test, are of the transformed phenotypes"
            )
        return notes

    def write(
        self, paths: Paths, inputs: dict[str, Path], progress: Progress | None
    ) -> ProjectionSummary:
        paths.discard()
        statistics_writer.create(
            paths,
            self.layout,
            self._attributes(inputs),
            self._small_arrays(),
            self._variant_slabs(),
        )
        try:
            n_hits = self._fill(paths, progress)
        except OSError as error:
            paths.discard()
            raise output_error(paths.output, error, can_resume=False) from error
        except BaseException:
            paths.discard()
            raise
        return ProjectionSummary(
            paths.output, self.layout.n_variants, self.weights.names, n_hits, self.notes()
        )

    def _attributes(self, inputs: dict[str, Path]) -> dict[str, Any]:
        source = self.file.attributes
        digest = hashlib.sha256(str(source.get("plan_digest")).encode())
        digest.update(json.dumps([self.weights.names, self.hit_log10p]).encode())
        digest.update(np.ascontiguousarray(self.weights.matrix).tobytes())
        options = {**self.file.options, "projection": self.weights.origin}
        return {
            **root_attributes(STATISTICS, inputs=inputs, options=options),
            **{name: source[name] for name in _CARRIED if name in source},
            **({"caution": self.weights.caution} if self.weights.caution else {}),
            "hit_threshold": self.hit_log10p,
            "plan_digest": digest.hexdigest(),
            "shard": source.get("shard", "1/1"),
            "first_block": source.get("first_block", 0),
            "first_variant": source.get("first_variant", 0),
        }

    def _small_arrays(self) -> dict[str, Any]:
        file, masks = self.file, self.source_masks
        n_combinations = len(self.weights.names)
        covariance = np.full((self.n_models, n_combinations, n_combinations), np.nan)
        omnibus_dof = np.zeros((self.n_models, len(masks)), np.int64)
        for mask, columns in enumerate(self.outputs):
            for model in range(self.n_models):
                combination = self.combinations[mask][model]
                covariance[model][np.ix_(columns, columns)] = combination.gram
                omnibus_dof[model, mask] = len(combination.omnibus_columns)
        # Degrees of freedom are those of the mask: any of its phenotypes has them.
        first = np.array([columns[0] for columns in self.inputs])
        dof = file.array("/phenotypes/degrees_of_freedom")[:, first]
        labels = combined_labels(self.weights.names, self.weights.matrix, file.labels)
        return {
            "/models/chromosomes": file.array("/models/chromosomes"),
            "/models/n_samples": file.array("/models/n_samples")[:, masks],
            "/models/n_covariates": file.array("/models/n_covariates")[:, masks],
            "/models/omnibus_dof": omnibus_dof,
            "/phenotypes/name": list(self.weights.names),
            "/phenotypes/mask": self.mask_of.astype(np.int32),
            "/phenotypes/eye": [eye for eye, _ in labels],
            "/phenotypes/dimension": [dimension for _, dimension in labels],
            "/phenotypes/residual_sum_of_squares": np.diagonal(covariance, axis1=1, axis2=2),
            "/phenotypes/degrees_of_freedom": dof[:, self.mask_of],
            "/phenotypes/covariance": covariance,
            "/projection/phenotype": file.phenotype_names,
            "/projection/weight": self.weights.matrix,
            "/progress/block_start": file.array("/progress/block_start"),
        }

    def _variant_slabs(self) -> Iterator[pd.DataFrame]:
        for start, stop in slabs(self.file.n_variants, _TEXT_SLAB):
            text = ("chromosome", "id", "effect_allele", "other_allele")
            columns: dict[str, Any] = {
                name: self.file.variant_text(name, start, stop) for name in text
            }
            columns["position"] = self.file.positions(start, stop)
            columns["model"] = self.file.models(start, stop).astype(np.int16)
            if self.file.has_info:
                columns["info"] = self.file.info(start, stop)
            yield pd.DataFrame(columns)

    def _fill(self, paths: Paths, progress: Progress | None) -> int:
        width = max(self.file.n_phenotypes, self.layout.n_phenotypes)
        rows = max(1, _SLAB_CELLS // width)
        hits = []
        with h5py.File(paths.partial, "r+") as out:
            for start, stop in slabs(self.file.n_variants, rows):
                hits.append(self._fill_slab(out, start, stop))
                if progress is not None:
                    progress(stop, self.file.n_variants)
            out["/progress/done"][...] = 1
        found = np.concatenate(hits) if hits else np.zeros(0, HIT_DTYPE)
        kept = statistics_writer.strongest(found, self.layout.hit_capacity)
        statistics_writer.write_hits(paths.partial, kept)
        paths.partial.replace(paths.output)
        paths.journal.unlink(missing_ok=True)
        return len(found)

    def _fill_slab(self, out: Any, start: int, stop: int) -> NDArray[Any]:
        shape = (stop - start, self.layout.n_phenotypes)
        beta, se, dof = np.empty(shape), np.empty(shape), np.empty(shape)
        f_statistic = np.empty((shape[0], self.layout.n_masks))
        log10p = np.empty_like(f_statistic)
        for mask in range(self.layout.n_masks):
            effects, t_dof = self._effects(mask, start, stop)
            columns = self.outputs[mask]
            beta[:, columns], se[:, columns] = effects.beta, effects.se
            dof[:, columns] = t_dof[:, None]
            f_statistic[:, mask], log10p[:, mask] = effects.f_statistic, effects.log10p
        for array in STATISTICS.arrays:
            if array.path.startswith("/variant_statistics/"):
                name = array.path.rpartition("/")[2]
                values = getattr(self.file, name)[start:stop, self.source_masks]
                out[array.path][start:stop] = values
        out["/beta"][start:stop] = beta.astype(np.float32)
        if self.is_dropping:
            out["/se"][start:stop] = se.astype(np.float32)
        out["/omnibus/f_statistic"][start:stop] = f_statistic
        out["/omnibus/log10p"][start:stop] = log10p
        return self._hits(beta, se, dof, start)

    def _effects(self, mask: int, start: int, stop: int) -> tuple[Effects, Floats]:
        """Combine one mask's phenotypes, model by model, over a run of variants."""
        source, columns = int(self.source_masks[mask]), self.inputs[mask]
        beta = self.file.beta[start:stop, columns].astype(np.float64)
        s = self.file.genotype_sum_of_squares[start:stop, source].astype(np.float64)
        dof = self.file.degrees_of_freedom[start:stop, source].astype(np.float64)
        se = self.file.se[start:stop, columns] if self.is_dropping else None
        models = np.maximum(self.file.models(start, stop), 0)
        first = int(models[0])
        if (models == first).all():
            return self.combinations[mask][first].effects(beta, s, dof, se), dof
        shape = (stop - start, len(self.outputs[mask]))
        whole = Effects(np.empty(shape), np.empty(shape), np.empty(shape[0]), np.empty(shape[0]))
        for model in np.unique(models).tolist():
            rows = np.flatnonzero(models == model)
            part = self.combinations[mask][model].effects(
                beta[rows], s[rows], dof[rows], None if se is None else se[rows]
            )
            whole.beta[rows], whole.se[rows] = part.beta, part.se
            whole.f_statistic[rows], whole.log10p[rows] = part.f_statistic, part.log10p
        return whole, dof

    def _hits(self, beta: Floats, se: Floats, dof: Floats, start: int) -> NDArray[Any]:
        """Tests that reach the threshold; |t| decides first, since tails are slow."""
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.abs(beta / se)
            row, column = np.nonzero(t >= critical_t(self.hit_log10p, float(dof.max())))
        log10p = log10p_student_t(t[row, column], dof[row, column])
        keep = log10p >= self.hit_log10p
        row, column = row[keep], column[keep]
        hits = np.zeros(len(row), HIT_DTYPE)
        hits["variant"], hits["phenotype"] = row + start, column
        hits["beta"], hits["se"] = beta[row, column], se[row, column]
        hits["log10p"] = log10p[keep]
        return hits
