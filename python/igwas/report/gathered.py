"""Everything that a report is made of, read once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.association.statistics_file import StatisticsFile
from igwas.loci.locus_tests import tested_eyes
from igwas.phenotypes.eye_names import EyeColumns
from igwas.report.audit_card import AuditCard, read_audit_card
from igwas.report.lambda_limits import LambdaLimits
from igwas.report.loci_document import LociDocument
from igwas.report.options import ReportOptions
from igwas.report.photographs import PhotographAccount, read_photograph_account
from igwas.report.sweep import Sweep, Wanted, sweep

Index = NDArray[np.int64]
Progress = Callable[[int, int], None]

MINIMUM_P, BOTH_EYES, LEFT, RIGHT = "minimum_p", "both_eyes", "left eye", "right eye"


@dataclass(frozen=True)
class Gathered:
    """The numbers behind a page.

    Parameters
    ----------
    statistics : StatisticsFile
        Open.
    options : ReportOptions
    loci : LociDocument
    audit : AuditCard or None
    photographs : PhotographAccount or None
        How the phenotypes were made of photographs.
    eyes : EyeColumns
        Those that loci compared.
    omnibus : dict of name to mask
        The omnibus tests, as loci.json names them.
    qq_columns : list of int
        Phenotypes whose p-values are shown one by one.
    sweep : Sweep
    n_samples : int
        Most samples of a model.
    """

    statistics: StatisticsFile
    options: ReportOptions
    loci: LociDocument
    audit: AuditCard | None
    photographs: PhotographAccount | None
    eyes: EyeColumns
    omnibus: dict[str, int]
    qq_columns: list[int]
    sweep: Sweep
    n_samples: int

    @property
    def control(self) -> dict[str, Any]:
        """Left minus right as a negative control; empty where it was not scanned."""
        return dict(self.loci.raw["eyes"].get("negative_control") or {})

    @property
    def tested(self) -> Index:
        """Columns of the phenotypes tested one by one."""
        return tested_columns(self.statistics, self.loci)

    @property
    def lambda_limits(self) -> LambdaLimits:
        """From which lambda to warn, for each of the phenotypes tested one by one."""
        return LambdaLimits.of(self.sweep.n_tested[self.statistics.masks[self.tested]])


def single(phenotype: str) -> str:
    """Name of the series of one phenotype, which may be called as a test is."""
    return f"phenotype: {phenotype}"


def tested_columns(statistics: StatisticsFile, loci: LociDocument) -> Index:
    """Columns of the phenotypes that loci.json says were tested.

    Raises
    ------
    OptionError
        If the statistics lack one.
    """
    return np.array([statistics.phenotype_index(name) for name in loci.tested], dtype=np.int64)


def gather(
    statistics: StatisticsFile,
    loci: LociDocument,
    options: ReportOptions,
    progress: Progress | None = None,
) -> Gathered:
    """Read the report card and the account of photographs, then pass over the statistics once.

    Parameters
    ----------
    statistics : StatisticsFile
        Open.
    loci : LociDocument
        Of these statistics.
    options : ReportOptions
    progress : callable(done, total), optional
    """
    audit = read_audit_card(options.embeddings_audit) if options.embeddings_audit else None
    photographs = None
    if options.phenotypes is not None:
        photographs = read_photograph_account(options.phenotypes, statistics)
    columns = tested_columns(statistics, loci)
    eyes = tested_eyes(statistics.labels, columns, loci.raw["options"].get("tested"))
    omnibus = _omnibus_tests(statistics, loci, columns)
    qq_columns = typical_columns(loci.lambdas, columns)
    names = statistics.phenotype_names
    smallest: dict[str, Index] = {MINIMUM_P: columns}
    both: dict[str, tuple[Index, Index]] = {}
    if eyes.pairs:
        left = np.array([pair[1] for pair in eyes.pairs], dtype=np.int64)
        right = np.array([pair[2] for pair in eyes.pairs], dtype=np.int64)
        smallest |= {LEFT: left, RIGHT: right}
        both[BOTH_EYES] = (left, right)
    smallest |= {single(names[column]): np.array([column]) for column in qq_columns}
    found = sweep(statistics, Wanted(smallest, omnibus, both), progress)
    n_samples = int(statistics.array("/models/n_samples").max())
    return Gathered(
        statistics, options, loci, audit, photographs, eyes, omnibus, qq_columns, found, n_samples
    )


def _omnibus_tests(
    statistics: StatisticsFile, loci: LociDocument, columns: Index
) -> dict[str, int]:
    """Omnibus tests that `loci` made: one for each mask of the tested phenotypes."""
    masks = np.unique(statistics.masks[columns]).tolist()
    if len(masks) == 1:
        return {"omnibus": masks[0]}
    listed = {one["name"] for one in loci.tests}
    return {name: mask for mask in masks if (name := f"omnibus_mask_{mask}") in listed}


def typical_columns(lambdas: NDArray[np.float64], columns: Index) -> list[int]:
    """Phenotypes with the smallest, the middle and the largest lambda, each once."""
    known = columns[np.isfinite(lambdas[columns])]
    if not len(known):
        return []
    order = known[np.argsort(lambdas[known], kind="stable")]
    chosen = [order[0], order[len(order) // 2], order[-1]]
    return [int(column) for column in dict.fromkeys(chosen)]
