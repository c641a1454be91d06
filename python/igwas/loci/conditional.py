"""Conditional analysis: the scan again, with the lead variants found so far as covariates.

The model, its samples, covariates and treatment of missing calls are those of the scan, rebuilt
from the options that it recorded, so that a conditional p is the p of a scan with one covariate
more.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas import _core
from igwas.association.core_scan import core_options, make_source
from igwas.association.lazy_array import slabs
from igwas.association.options import ScanOptions, Shard
from igwas.association.plan import ScanPlan, make_plan
from igwas.association.segments import haploid_code
from igwas.association.statistics_arrays import empty_arrays
from igwas.association.statistics_file import StatisticsFile
from igwas.association.tails import log10p_student_t
from igwas.context import Context
from igwas.errors import InputError, OptionError
from igwas.genotypes.chromosomes import haploid_samples
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.phenotypes.masks import group_by_missingness, mask_numbers

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

_BLOCK_VARIANTS = 256
_BATCH_BYTES = 8 << 20
# Sums of squares of the same people and covariates agree far better than this.
_SAME = 1e-6
# Effects of so many variants are compared with those stored, in standard errors.
_N_COMPARED = 16
_SAME_EFFECT = 1e-3
_SLAB = 65_536
_PATHS = ("covariates", "keep", "remove", "extract", "exclude", "loco")


@dataclass(frozen=True)
class ConditionalTests:
    """Tests of some variants given others.

    Parameters
    ----------
    beta, se, log10p : float64 (variants, phenotypes)
        NaN where the variant cannot be tested, such as one that is conditioned on.
    omnibus_log10p : float64 (variants, masks)
    """

    beta: Floats
    se: Floats
    log10p: Floats
    omnibus_log10p: Floats


class ConditionalScan:
    """The scan of a statistics file made ready to be repeated with more covariates.

    Parameters
    ----------
    statistics : StatisticsFile
        Of the scan.
    genotypes : GenotypeFile
    phenotypes : Path
    covariates : Path, optional
        Where the table of covariates is now; by default where the scan found it.
    context : Context

    Raises
    ------
    InputError
        If the files are not those of the scan.
    """

    def __init__(
        self,
        statistics: StatisticsFile,
        genotypes: GenotypeFile,
        phenotypes: Path,
        *,
        covariates: Path | None = None,
        context: Context,
    ) -> None:
        self._statistics = statistics
        self._genotypes = genotypes
        self._context = context
        options = recorded_options(statistics, covariates)
        self._plan = make_plan(genotypes, phenotypes, options)
        self._source = make_source(genotypes)
        self._positions = genotypes.positions[self._plan.variant_rows]
        self._codes = genotypes.chromosomes[1][self._plan.variant_rows]
        self._require_same_scan(phenotypes)

    def _require_same_scan(self, phenotypes: Path) -> None:
        statistics, plan = self._statistics, self._plan
        found, expected = list(plan.cohort.names), statistics.phenotype_names
        if found != expected:
            raise InputError(
                f"{phenotypes} gives phenotypes {', '.join(found[:3])}... ({len(found)}) but "
                f"{statistics.path} has {', '.join(expected[:3])}... ({len(expected)}); expected "
                "the phenotypes of the scan. Give its phenotypes and its statistics."
            )
        if plan.n_variants != statistics.n_variants:
            raise InputError(
                f"{self._genotypes.path} gives {plan.n_variants:,} variants but {statistics.path} "
                f"has {statistics.n_variants:,}; expected the genotypes of the scan. Give them."
            )
        if plan.digest == statistics.attributes.get("plan_digest"):
            return
        model = plan.model(0)
        samples = statistics.array("/models/n_samples")[0]
        squares = statistics.array("/phenotypes/residual_sum_of_squares")[0]
        is_same = np.array_equal(model.n_samples, samples) and np.allclose(
            model.residual_sum_of_squares, squares, rtol=_SAME, atol=0
        )
        if not is_same:
            raise InputError(
                f"{phenotypes}, the covariates and {self._genotypes.path} give "
                f"{int(model.n_samples[0]):,} samples with other residuals than "
                f"{statistics.path} has ({int(samples[0]):,} samples); expected the inputs of the "
                "scan. Give the same files."
            )
        self._require_same_variants()

    def _require_same_variants(self) -> None:
        """Row by row the same places and alleles, and a sample of the effects."""
        rows = self._plan.variant_rows
        columns = ["chromosome", "position", "effect_allele", "other_allele"]
        for start, stop in slabs(len(rows), _SLAB):
            ours = self._statistics.variants(start, stop)[columns]
            first, last = int(rows[start]), int(rows[stop - 1]) + 1
            theirs = self._genotypes.variants(first, last)[columns].iloc[rows[start:stop] - first]
            differs = (ours.to_numpy() != theirs.to_numpy()).any(axis=1)
            if differs.any():
                at = int(differs.argmax())
                raise InputError(
                    f"{self._genotypes.path} has {_place(theirs.iloc[at])} where "
                    f"{self._statistics.path} has {_place(ours.iloc[at])} "
                    "(chromosome:position:other:effect); expected the variants of the scan. Give "
                    "its genotypes."
                )
        self._require_same_effects()

    def _require_same_effects(self) -> None:
        """The calls must be those of the scan too, not another imputation's."""
        tested = np.flatnonzero((self._statistics.reason[:, :] == 0).all(axis=1))
        if not len(tested):
            return
        own = tested[self._codes[tested] == self._codes[tested[0]]]
        rows = np.unique(own[np.linspace(0, len(own) - 1, _N_COMPARED).astype(np.int64)])
        found = self.test(rows, ()).beta
        stored = np.array([self._statistics.beta[row] for row in rows.tolist()], dtype=np.float64)
        se = np.array([self._statistics.se[row] for row in rows.tolist()])
        with np.errstate(invalid="ignore"):
            is_off = np.abs(found - stored) > _SAME_EFFECT * se
        if is_off.any():
            row, column = (int(at) for at in np.argwhere(is_off)[0])
            variant = self._statistics.variants_at([int(rows[row])])["id"].iloc[0]
            raise InputError(
                f"{self._genotypes.path} gives {self._statistics.phenotype_names[column]!r} an "
                f"effect of {found[row, column]:.6g} at {variant} where {self._statistics.path} "
                f"has {stored[row, column]:.6g}; expected the genotypes of the scan. Give them."
            )

    def rows_between(self, chromosome: str, start: int, end: int) -> Index:
        """Rows of the statistics file on a chromosome from start to end."""
        names = self._genotypes.chromosomes[0]
        if chromosome not in names:
            return np.zeros(0, np.int64)
        is_in = self._codes == names.index(chromosome)
        return np.flatnonzero(is_in & (self._positions >= start) & (self._positions <= end))

    def position(self, row: int) -> int:
        """Position of a variant of the statistics file."""
        return int(self._positions[row])

    def test(
        self, rows: Index, given: Sequence[int], columns: Index | None = None
    ) -> ConditionalTests:
        """Test variants with others as covariates.

        Parameters
        ----------
        rows : int64 (variants,)
            Rows of the statistics file, all of one chromosome.
        given : sequence of int
            Rows of the variants conditioned on.
        columns : int64, optional
            Phenotypes to test; the omnibus test is then of these. All by default.
        """
        model_number = int(max(0, self._plan.segments.model_of_row[rows[0]]))
        plan = self._conditioned(self._chosen(columns), given, model_number)
        model = plan.model(model_number)
        n_phenotypes = len(plan.cohort.names)
        arrays = empty_arrays(len(rows), len(plan.masks), n_phenotypes)
        first = np.arange(0, len(rows), _BLOCK_VARIANTS, dtype=np.int64)
        size = np.minimum(first + _BLOCK_VARIANTS, len(rows)) - first
        names, codes = self._genotypes.chromosomes
        source_row = self._plan.variant_rows[rows]
        ploidy = haploid_code(names[int(codes[source_row[0]])])
        blocks = np.column_stack([np.arange(len(first)), first, size, np.full_like(first, ploidy)])
        excluded = self._plan.excluded_reason
        _core.scan(
            source=self._source,
            model=model.core,
            source_row=np.ascontiguousarray(source_row, dtype=np.int64),
            excluded_reason=np.ascontiguousarray(excluded[rows]) if len(excluded) else excluded,
            blocks=np.ascontiguousarray(blocks, dtype=np.int64),
            options=core_options(_unfiltered(plan.options), n_phenotypes, _BATCH_BYTES),
            sink=_core.array_sink(arrays),
            threads=self._context.n_threads,
            progress=None,
        )  # fmt: skip
        mask_of = mask_numbers(plan.masks, n_phenotypes).astype(np.int64)
        self._drop_untested(arrays, rows, columns, mask_of)
        dof = arrays["degrees_of_freedom"][:, mask_of].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = arrays["beta"] / arrays["se"]
        return ConditionalTests(
            arrays["beta"], arrays["se"], log10p_student_t(t, dof), arrays["omnibus_log10p"]
        )

    def _drop_untested(
        self, arrays: dict[str, Any], rows: Index, columns: Index | None, mask_of: Index
    ) -> None:
        """Make NaN of what the scan itself did not test."""
        is_all = columns is None or self._plan.loco is not None
        chosen = np.arange(self._statistics.n_phenotypes) if is_all else columns
        is_out = self._statistics.reason[rows][:, self._statistics.masks[chosen]] != 0
        arrays["beta"][is_out] = np.nan
        for mask in range(arrays["omnibus_log10p"].shape[1]):
            first = int(np.flatnonzero(mask_of == mask)[0])
            arrays["omnibus_log10p"][is_out[:, first], mask] = np.nan

    def _chosen(self, columns: Index | None) -> ScanPlan:
        """The plan with some of the phenotypes, each with the samples that it has."""
        plan = self._plan
        # Predictions are laid out for all phenotypes of the plan.
        if columns is None or plan.loco is not None:
            return plan
        cohort = replace(
            plan.cohort,
            names=tuple(plan.cohort.names[column] for column in columns),
            labels=tuple(plan.cohort.labels[column] for column in columns),
            values=np.ascontiguousarray(plan.cohort.values[:, columns]),
        )
        return replace(plan, cohort=cohort, masks=group_by_missingness(cohort.values))

    def tested_columns(self, columns: Index) -> Index:
        """Where the phenotypes asked for stand among those that `test` gives."""
        return columns if self._plan.loco is not None else np.arange(len(columns))

    def omnibus_mask(self, mask: int) -> int:
        """Where a mask's omnibus test stands when only its phenotypes are tested."""
        return mask if self._plan.loco is not None else 0

    def _conditioned(self, plan: ScanPlan, given: Sequence[int], model: int) -> ScanPlan:
        """The plan with variants among the covariates."""
        if not given:
            return plan
        # A variant conditioned on may be all there is to a phenotype: then nothing is left to test.
        plan = replace(plan, n_scale_covariates=plan.covariates.shape[1], tolerates_untestable=True)
        dosage = np.stack([self._dosage(int(row)) for row in given], axis=1)
        names = (*plan.covariate_names, *(f"variant {row}" for row in given))
        if plan.options.missing == "mean":
            dosage = np.where(np.isnan(dosage), np.nanmean(dosage, axis=0), dosage)
            return replace(
                plan, covariates=np.hstack([plan.covariates, dosage]), covariate_names=names
            )
        # A sample without a call has an incomplete row of covariates.
        keep = np.flatnonzero(~np.isnan(dosage).any(axis=1))
        cohort = plan.cohort
        cohort = replace(
            cohort,
            genotype_rows=cohort.genotype_rows[keep],
            family_id=cohort.family_id[keep],
            sample_id=cohort.sample_id[keep],
            sex=cohort.sex[keep],
            values=np.ascontiguousarray(cohort.values[keep]),
            covariates=None,
        )
        return replace(
            plan,
            cohort=cohort,
            masks=group_by_missingness(cohort.values),
            covariates=np.hstack([plan.covariates, dosage])[keep],
            covariate_names=names,
        )

    def _dosage(self, row: int) -> Floats:
        """Dosage of the analysed samples, coded as the scan codes it."""
        source = int(self._plan.variant_rows[row])
        cohort = self._plan.cohort
        dosage = self._genotypes[source, cohort.genotype_rows].astype(np.float64)
        names, codes = self._genotypes.chromosomes
        if self._genotypes.encoding == "hardcalls":
            # One copy of two, where there is only one copy, is an error of the call.
            is_haploid = haploid_samples(names[int(codes[source])], cohort.sex)
            dosage[is_haploid & (dosage == 1)] = np.nan
        return np.asarray(dosage)


def _place(variant: pd.Series) -> str:
    names = ("chromosome", "position", "other_allele", "effect_allele")
    return ":".join(str(variant[name]) for name in names)


def _unfiltered(options: ScanOptions) -> ScanOptions:
    """The filters were applied by the scan, to its own samples; no test becomes a hit."""
    return replace(options, mac=0.0, maf=0.0, geno=1.0, hwe=0.0, hit_log10p=1e9)


def recorded_options(statistics: StatisticsFile, covariates: Path | None) -> ScanOptions:
    """The options of the scan, from what the statistics file says of it.

    Raises
    ------
    OptionError
        If the file does not say.
    InputError
        If a table that the scan used is not where it was.
    """
    recorded = statistics.options
    fields = {field.name for field in dataclasses.fields(ScanOptions)} - {"shard"}
    known = {name: value for name, value in recorded.items() if name in fields}
    if not known or statistics.is_projection:
        raise OptionError(
            f"{statistics.path} does not record a scan; expected the file that igwas-fast assoc or "
            "merge wrote. Conditional analysis needs the phenotypes of the scan."
        )
    if covariates is not None:
        known["covariates"] = str(covariates)
    for name in _PATHS:
        if known.get(name) is None:
            continue
        path = Path(known[name])
        if not path.exists():
            hint = " Give --covariates FILE." if name == "covariates" else " Put it there again."
            raise InputError(
                f"{path}, the scan's --{name}, does not exist; expected it for conditional "
                f"analysis.{hint}"
            )
        known[name] = path
    for name in ("covariate_columns", "categorical_columns", "phenotype_columns",
                 "missing_values"):  # fmt: skip
        if known.get(name) is not None:
            known[name] = tuple(known[name])
    return ScanOptions(**known, shard=Shard())
