"""The tests that loci are made of: omnibus, minimum p, both eyes, single phenotypes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.effective_tests import effective_number_of_tests
from igwas.association.omnibus_choice import main_columns
from igwas.association.reserved_names import BOTH_EYES as BOTH_EYES
from igwas.association.reserved_names import MINIMUM_P as MINIMUM_P
from igwas.association.reserved_names import OMNIBUS as OMNIBUS
from igwas.association.statistics_file import StatisticsFile
from igwas.loci.candidates import Candidates
from igwas.loci.eyes import EyePairs, best_of_variants
from igwas.loci.options import LociOptions
from igwas.phenotypes.eye_names import EyeColumns, EyeLabel

Index = NDArray[np.int64]

PHENOTYPE = "phenotype"


@dataclass(frozen=True)
class LocusTest:
    """One test a variant, and what it takes to be a locus.

    Parameters
    ----------
    name : str
        `omnibus` (with the mask's number if there are several), `minimum_p`, `both_eyes`, or a
        phenotype.
    kind : str
        omnibus, minimum_p, both_eyes or phenotype.
    p : float
        Level a lead must reach.
    table : DataFrame
        variant, log10p, column (the phenotype; -1 for the omnibus) of the tests that reach the
        secondary level, one a variant, in file order.
    columns : int64
        Phenotypes that the test is of.
    mask : int
        Missingness mask of the omnibus; -1 for the others.
    """

    name: str
    kind: str
    p: float
    table: pd.DataFrame
    columns: Index
    mask: int = -1

    @property
    def min_log10p(self) -> float:
        """-log10 of the level."""
        return float(-np.log10(self.p))

    @property
    def n_significant(self) -> int:
        """Variants that reach the level."""
        return int((self.table["log10p"] >= self.min_log10p).sum())


def tested_columns(statistics: StatisticsFile, tested: Sequence[str] | None) -> Index:
    """Phenotypes of the tests.

    By default those of `main_columns`.
    """
    if tested is not None:
        return np.array([statistics.phenotype_index(name) for name in tested], dtype=np.int64)
    return main_columns(statistics.labels)


def tested_eyes(
    labels: Sequence[EyeLabel], columns: Index, tested: Sequence[str] | None
) -> EyeColumns:
    """Eyes of every dimension; where phenotypes are named, of the dimensions of those alone."""
    if tested is None:
        return EyeColumns.of(labels)
    return EyeColumns.of(labels, {labels[column][1] for column in columns.tolist()})


def effective_number(statistics: StatisticsFile, columns: Index) -> float:
    """Effective number of some phenotypes, in the first model that tested them all."""
    for model in range(len(statistics.array("/models/chromosomes"))):
        covariance = statistics.covariance(model)[np.ix_(columns, columns)]
        if (np.diag(covariance) > 0).all():
            return effective_number_of_tests(covariance)
    return float(len(columns))


def make_tests(
    statistics: StatisticsFile,
    candidates: Candidates,
    columns: Index,
    n_effective: float,
    pairs: EyePairs | None,
    options: LociOptions,
) -> list[LocusTest]:
    """Every test that loci are asked of, the omnibus first."""
    tests = []
    masks = np.unique(statistics.masks[columns]).tolist()
    for mask in masks:
        table = candidates.omnibus[mask].assign(column=-1)
        name = OMNIBUS if len(masks) == 1 else f"{OMNIBUS}_mask_{mask}"
        members = np.flatnonzero(statistics.masks == mask)
        tests.append(LocusTest(name, OMNIBUS, options.p, table, members, mask))
    chosen = candidates.tests[candidates.tests["column"].isin(columns.tolist())]
    level = options.p / n_effective
    tests.append(LocusTest(MINIMUM_P, MINIMUM_P, level, best_of_variants(chosen), columns))
    if pairs is not None:
        members = np.concatenate([pairs.left, pairs.right])
        both = pairs.both_eyes(candidates.tests)
        tests.append(LocusTest(BOTH_EYES, BOTH_EYES, options.p, both, members))
    if options.per_phenotype:
        for column in columns.tolist():
            own = chosen[chosen["column"] == column].reset_index(drop=True)
            name = statistics.phenotype_names[column]
            tests.append(LocusTest(name, PHENOTYPE, level, own, np.array([column])))
    return tests
