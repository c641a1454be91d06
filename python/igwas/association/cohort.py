"""Who is analysed: genotypes, phenotypes, covariates and sample lists joined by id.

Every step says how many samples it left out and who the first were; a join that leaves too few is
an error that shows ids of both sides. Order never decides anything.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.association.account import AccountLine, describe_account
from igwas.association.sample_list import is_listed, read_sample_list
from igwas.errors import InputError
from igwas.genotypes.samples import Samples
from igwas.phenotypes.eye_names import EyeLabel
from igwas.phenotypes.loco import Loco
from igwas.phenotypes.sample_ids import (
    NamedIds,
    explain_mismatch,
    first_ids,
    join_rule,
    match_ids,
)
from igwas.phenotypes.table import CovariateTable, PhenotypeTable

__all__ = ["AccountLine", "Cohort", "join_cohort"]

MIN_SAMPLES = 2
_EXAMPLES = 3


@dataclass(frozen=True)
class Cohort:
    """The samples analysed, in the order of the genotype file.

    Parameters
    ----------
    genotype_rows : int64 (samples,)
        Their rows in the genotype file, ascending.
    family_id, sample_id : object (samples,)
        Their ids there.
    sex : uint8 (samples,)
        0 unknown, 1 male, 2 female, as the genotype file has it.
    names : tuple of str
        Phenotype names.
    values : float64 (samples, phenotypes)
        Phenotypes; NaN is missing. Every row has at least one.
    covariates : CovariateTable or None
        Complete covariates of the same rows.
    account : list of AccountLine
        What each step left out.
    notes : list of str
        What else the user should know: how ids were joined, ids that found no partner.
    labels : tuple of (eye, dimension)
        Of each phenotype.
    """

    genotype_rows: NDArray[np.int64]
    family_id: NDArray[Any]
    sample_id: NDArray[Any]
    sex: NDArray[np.uint8]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    covariates: CovariateTable | None
    account: list[AccountLine]
    notes: list[str]
    labels: tuple[EyeLabel, ...] = ()

    @property
    def n_samples(self) -> int:
        """Samples analysed."""
        return len(self.genotype_rows)

    def describe(self) -> list[str]:
        """Lines for the screen: the account, then the notes."""
        return [*describe_account(self.account), *self.notes]


@dataclass
class _Selection:
    """The samples still in, the account so far, and the notes."""

    genotypes: NamedIds
    is_in: NDArray[np.bool_]
    account: list[AccountLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def require(self, step: str, keep: NDArray[np.bool_], other: NamedIds | None = None) -> None:
        """Leave out all but `keep`; error if too few are left.

        `other` is the side whose ids were joined at this step, shown if they do not match.
        """
        before = self.is_in
        self.is_in = before & keep
        lost = self._ids(before & ~keep, _EXAMPLES)
        line = AccountLine(step, int(before.sum()), int(self.is_in.sum()), lost)
        self.account.append(line)
        if line.n_after >= MIN_SAMPLES:
            return
        if other is not None:
            raise self._share_too_few(line, before, other)
        raise InputError(
            f"{_count(line.n_after, 'sample')} of {line.n_before:,} left after the step "
            f"{step!r}; expected at least {MIN_SAMPLES}. Check what it asks for."
        )

    def join(self, step: str, other: NamedIds) -> NDArray[np.int64]:
        """Require a row in `other`; return that row for every genotyped sample, -1 where none."""
        match = match_ids(self.genotypes, other)
        self.require(step, match.rows >= 0, other)
        self.notes.append(
            f"{other.origin}: joined to {self.genotypes.origin} by {match.matched_by}"
        )
        is_unmatched = np.ones(len(other.sample_id), dtype=bool)
        is_unmatched[match.rows[match.rows >= 0]] = False
        unmatched = np.flatnonzero(is_unmatched)
        self.note_unmatched(other, unmatched)
        # Families that differ between files lose people whose own ids agree: never silently.
        n_renamed = len(
            set(other.sample_id[unmatched]) & set(self.genotypes.sample_id[match.rows < 0])
        )
        if n_renamed:
            self.notes.append(
                f"{_count(n_renamed, 'id')} of {other.origin} would match by IID alone, but FID "
                "differs"
            )
        return match.rows

    def note_unmatched(self, other: NamedIds, rows: NDArray[np.int64]) -> None:
        """Say how many ids of the other side are no genotyped sample."""
        if len(rows):
            self.notes.append(
                f"{_count(len(rows), 'id')} of {other.origin} not in {self.genotypes.origin} "
                f"(first: {first_ids(other.take(rows[:_EXAMPLES]), _EXAMPLES)})"
            )

    def _ids(self, which: NDArray[np.bool_], limit: int) -> tuple[str, ...]:
        return tuple(str(self.genotypes.sample_id[row]) for row in np.flatnonzero(which)[:limit])

    def _share_too_few(
        self, line: AccountLine, before: NDArray[np.bool_], other: NamedIds
    ) -> InputError:
        ours = self.genotypes.take(np.flatnonzero(before))
        shared = f"only {line.n_after}" if line.n_after else "none"
        still_in = "" if before.all() else f"the {line.n_before:,} samples still in of "
        return InputError(
            f"{other.origin} has {_count(len(other.sample_id), 'sample')} but "
            f"{still_in}{self.genotypes.origin} shares {shared} of their ids (first: "
            f"{first_ids(other)} and {first_ids(ours)}); expected at least {MIN_SAMPLES} in "
            f"common. {explain_mismatch(ours, other)}Join uses {join_rule(ours, other)}: "
            "write the ids of both files the same way."
        )


def join_cohort(
    samples: Samples,
    phenotypes: PhenotypeTable,
    covariates: CovariateTable | None = None,
    *,
    keep: Path | str | None = None,
    remove: Path | str | None = None,
    loco: Loco | None = None,
    genotypes_name: str = "the genotype file",
) -> Cohort:
    """Choose the samples to analyse and put their values in the order of the genotype file.

    In: genotyped, a row and at least one value among the phenotypes, a row and every value among
    the covariates, named by `keep`, not named by `remove`, at least one phenotype with a value and
    a LOCO prediction. FID and IID join two files if both have families, otherwise IID alone does.

    Parameters
    ----------
    samples : Samples
        Of the genotype file.
    phenotypes : PhenotypeTable
        In any order.
    covariates : CovariateTable, optional
        In any order.
    keep, remove : Path, optional
        Lists of samples, see `read_sample_list`.
    loco : Loco, optional
        Its phenotypes must be those of `phenotypes`, in that order. A phenotype value without a
        prediction becomes missing.
    genotypes_name : str
        What to call the genotype file in messages.

    Returns
    -------
    Cohort
        With the account of every step.

    Raises
    ------
    InputError
        If a step leaves fewer than two samples, or an id that joins is repeated.
    """
    genotypes = NamedIds(samples.sample_id, samples.family_id, genotypes_name)
    selection = _Selection(genotypes, np.ones(len(samples), dtype=bool))
    selection.require(f"in {genotypes_name}", selection.is_in)

    table = NamedIds(phenotypes.sample_id, phenotypes.family_id, Path(phenotypes.path).name)
    phenotype_row = selection.join(f"with a row of phenotypes in {table.origin}", table)
    has_value = np.asarray(np.isfinite(phenotypes.values).any(axis=1), dtype=bool)
    selection.require("with a phenotype value", has_value[phenotype_row])
    covariate_row = _require_covariates(selection, covariates)
    _apply_lists(selection, keep, remove)

    rows = np.flatnonzero(selection.is_in)
    values = _take_rows(phenotypes.values, phenotype_row[rows], is_changed=loco is not None)
    if loco is not None:
        is_predicted = loco.has_prediction(genotypes.take(rows))
        values[~is_predicted] = np.nan
        usable = np.isfinite(values).any(axis=1)
        keep_all = selection.is_in.copy()
        keep_all[rows] = usable
        selection.require("with a LOCO prediction", keep_all)
        rows, values = rows[usable], values[usable]
    return Cohort(
        genotype_rows=rows,
        family_id=samples.family_id[rows],
        sample_id=samples.sample_id[rows],
        sex=samples.sex[rows],
        names=phenotypes.names,
        values=values,
        covariates=None if covariates is None else covariates.take(covariate_row[rows]),
        account=selection.account,
        notes=selection.notes,
        labels=phenotypes.labels,
    )


def _take_rows(
    values: NDArray[np.float64], rows: NDArray[np.int64], *, is_changed: bool
) -> NDArray[np.float64]:
    """Rows of an array; the array itself if those are all in order and nobody changes them."""
    is_whole = len(rows) == len(values) and bool((rows == np.arange(len(values))).all())
    return values if is_whole and not is_changed else values[rows]


def _require_covariates(
    selection: _Selection, covariates: CovariateTable | None
) -> NDArray[np.int64]:
    if covariates is None:
        return np.empty(0, dtype=np.int64)
    table = NamedIds(covariates.sample_id, covariates.family_id, Path(covariates.path).name)
    rows = selection.join(f"with a row of covariates in {table.origin}", table)
    selection.require("with every covariate", covariates.is_complete()[rows])
    return rows


def _apply_lists(selection: _Selection, keep: Path | str | None, remove: Path | str | None) -> None:
    for path, is_kept in ((keep, True), (remove, False)):
        if path is None:
            continue
        listed = replace(read_sample_list(path), origin=Path(path).name)
        is_sample = is_listed(listed, selection.genotypes)
        selection.note_unmatched(listed, np.flatnonzero(~is_sample))
        named = is_listed(selection.genotypes, listed)
        if is_kept:
            selection.require(f"named in --keep {listed.origin}", named, listed)
        else:
            selection.require(f"not named in --remove {listed.origin}", ~named)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
