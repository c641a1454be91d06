"""Rows to export: chosen tests of a statistics file, gathered batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.association.lazy_array import Index, slabs
from igwas.association.ranking import OMNIBUS, at_least, select
from igwas.association.statistics_file import StatisticsFile
from igwas.sumstats.options import ALL, ExportOptions
from igwas.sumstats.text import Column, bytes_text, code_text, constant_text

FloatArray = npt.NDArray[np.float64]

BATCH_ROWS = 65_536
"""Rows formatted at a time; about 50 MB of text and temporaries."""

_GAP_ROWS = 1024
"""Chosen variants further apart than this are read apart, rather than everything between."""


@dataclass(frozen=True)
class Records:
    """A batch of rows in file order; every array is (rows,).

    Either beta, se and t hold a phenotype's tests, or f_statistic, dof1 and dof2 the omnibus.
    """

    chromosome: Column
    position: npt.NDArray[np.int64]
    id: Column
    effect_allele: Column
    other_allele: Column
    info: npt.NDArray[np.float32] | None
    phenotype: Column
    n: npt.NDArray[np.int32]
    effect_allele_frequency: FloatArray
    minor_allele_count: FloatArray
    reason: npt.NDArray[np.uint8]
    log10p: FloatArray
    beta: npt.NDArray[np.float32] | None = None
    se: FloatArray | None = None
    t: FloatArray | None = None
    f_statistic: FloatArray | None = None
    dof1: npt.NDArray[np.int64] | None = None
    dof2: npt.NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        """Rows of the batch."""
        return int(self.position.size)


class RecordReader:
    """Gathers the records that the options ask for; `n_untested` counts those left out.

    `omnibus` says in words which omnibus test they are of; it is empty for phenotypes.
    """

    def __init__(self, statistics: StatisticsFile, options: ExportOptions) -> None:
        self._statistics = statistics
        self._options = options
        self._is_omnibus = options.phenotype == OMNIBUS
        self._mask = statistics.omnibus_mask(options.mask) if self._is_omnibus else 0
        self.omnibus = statistics.describe_mask(self._mask) if self._is_omnibus else ""
        self.n_untested = 0
        self.rows_seen = 0
        self.columns: Index = np.zeros(1, np.int64)
        if options.phenotype == ALL:
            self.columns = np.arange(statistics.n_phenotypes)
        elif not self._is_omnibus:
            self.columns = np.array([statistics.phenotype_index(options.phenotype)])

    def empty(self) -> Records:
        """No rows, for the header."""
        nothing = np.zeros(0, np.int64)
        return self._gather(nothing, nothing)

    def batches(self) -> Iterator[Records]:
        """All records in file order, batch by batch."""
        for rows, columns in self._chosen():
            for start, stop in _runs(rows):
                self.rows_seen = int(rows[stop - 1]) + 1 if rows.size else 0
                yield self._gather(rows[start:stop], columns[start:stop])

    def _chosen(self) -> Iterator[tuple[Index, Index]]:
        options = self._options
        phenotype = None if options.phenotype == ALL else options.phenotype
        if options.top is not None:
            chosen = select(
                self._statistics, phenotype, top=options.top,
                min_log10p=options.min_log10p or 0.0, mask=options.mask,
            )  # fmt: skip
            yield chosen.rows, chosen.columns
        elif options.min_log10p is not None:
            for part in at_least(
                self._statistics, phenotype, options.min_log10p, mask=options.mask
            ):
                yield part.rows, part.columns
        else:
            yield from self._every_test()

    def _every_test(self) -> Iterator[tuple[Index, Index]]:
        n_columns = self.columns.size
        step = max(1, BATCH_ROWS // n_columns)
        for start, stop in slabs(self._statistics.n_variants, step):
            rows = np.repeat(np.arange(start, stop), n_columns)
            yield rows, np.tile(self.columns, stop - start)

    def _gather(self, rows: Index, columns: Index) -> Records:
        """Read the span of the rows once, and pick."""
        statistics = self._statistics
        start, stop = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, 0)
        tests = self._tests(rows, columns, start, stop)
        log10p = tests["log10p"]
        if not self._options.include_untested:
            tested = ~np.isnan(log10p)
            self.n_untested += int(tested.size - tested.sum())
            rows, columns = rows[tested], columns[tested]
            tests = {name: values[tested] for name, values in tests.items()}
        at = rows - start
        text = {
            name: bytes_text(statistics.variant_text(name, start, stop)[at])
            for name in ("chromosome", "id", "effect_allele", "other_allele")
        }
        info = statistics.info(start, stop)
        masks = np.full(rows.size, self._mask) if self._is_omnibus else statistics.masks[columns]
        per_mask = {
            name: getattr(statistics, name)[start:stop][at, masks]
            for name in ("n", "effect_allele_frequency", "minor_allele_count", "reason")
        }
        phenotype = (
            constant_text(OMNIBUS, rows.size)
            if self._is_omnibus
            else code_text(columns, statistics.phenotype_names)
        )
        return Records(
            position=statistics.positions(start, stop)[at],
            info=None if info is None else info[at],
            phenotype=phenotype, **text, **per_mask, **tests,
        )  # fmt: skip

    def _tests(
        self, rows: Index, columns: Index, start: int, stop: int
    ) -> dict[str, npt.NDArray[Any]]:
        at = rows - start
        if self._is_omnibus:
            omnibus = self._statistics.read_omnibus(start, stop, self._mask)
            if self._statistics.is_dropping:
                omnibus = omnibus.with_settled_dof()
            return {
                "f_statistic": omnibus.f_statistic[at],
                "dof1": omnibus.dof1[at].astype(np.int64),
                "dof2": omnibus.dof2[at].astype(np.int64),
                "log10p": omnibus.log10p[at],
            }
        wanted, column_at = np.unique(columns, return_inverse=True)
        tests = self._statistics.read_tests(start, stop, wanted).take(at, column_at)
        return {
            "beta": tests.beta.astype(np.float32),
            "se": tests.se,
            "t": tests.t,
            "log10p": tests.log10p(),
        }


def _runs(rows: Index) -> Iterator[tuple[int, int]]:
    """Split where chosen variants lie far apart, and after every batch."""
    breaks = np.flatnonzero(np.diff(rows) > _GAP_ROWS) + 1
    for start, stop in zip([0, *breaks], [*breaks, rows.size], strict=True):
        for first, last in slabs(int(stop) - int(start), BATCH_ROWS):
            yield int(start) + first, int(start) + last
