"""From statistics.h5 to loci: tests, clumps, loci, and what is known of each."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.sample_list import is_listed, read_sample_list
from igwas.association.statistics_file import StatisticsFile, open_statistics
from igwas.context import Context, cpu_context
from igwas.errors import InputError
from igwas.genotypes.chromosomes import analysed_samples
from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
from igwas.loci.annotation import Regions, read_genes
from igwas.loci.candidates import Candidates, find_candidates
from igwas.loci.clump import Clump, clump, merge_clumps
from igwas.loci.conditional import ConditionalScan
from igwas.loci.eyes import EyePairs, best_of_variants, pair_up
from igwas.loci.genomic_control import lambda_range
from igwas.loci.known_loci import read_known_loci
from igwas.loci.ld import Linkage
from igwas.loci.locus import Locus, make_locus
from igwas.loci.locus_tests import (
    MINIMUM_P,
    OMNIBUS,
    LocusTest,
    effective_number,
    make_tests,
    tested_columns,
    tested_eyes,
)
from igwas.loci.options import LociOptions
from igwas.loci.places import match_variants, read_places, rows_near_leads
from igwas.loci.regions import condition_loci
from igwas.phenotypes.eye_names import EyeColumns
from igwas.phenotypes.sample_ids import NamedIds

_log = logging.getLogger("igwas")

Index = NDArray[np.int64]
Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LociResult:
    """All that was found.

    Parameters
    ----------
    statistics : Path
    options : LociOptions
    loci : list of Locus
        By test, then by place.
    tests : list of LocusTest
    candidates : Candidates
    places : DataFrame
        Of every candidate variant that may be near a lead.
    columns : int64
        Phenotypes tested.
    n_effective : float
        Effective number of them.
    eyes : EyeColumns
    pairs : EyePairs or None
        Where the file has left and right eyes.
    control : dict
        Left minus right as a negative control; empty where it was not scanned.
    genes, known : Regions or None
    notes : list of str
    """

    statistics: Path
    options: LociOptions
    loci: list[Locus]
    tests: list[LocusTest]
    candidates: Candidates
    places: pd.DataFrame
    columns: Index
    n_effective: float
    eyes: EyeColumns
    pairs: EyePairs | None
    control: dict[str, Any]
    genes: Regions | None
    known: Regions | None
    notes: list[str]


def find_loci(
    statistics: StatisticsFile | Path | str,
    *,
    options: LociOptions | None = None,
    context: Context | None = None,
    progress: Progress | None = None,
) -> LociResult:
    """Find the loci of every test of a statistics file.

    Parameters
    ----------
    statistics : StatisticsFile or Path
        Of a finished scan.
    options : LociOptions, optional
    context : Context, optional
    progress : callable(done, total), optional
        Of the pass over the statistics.

    Returns
    -------
    LociResult
        No locus is a result like any other.

    Raises
    ------
    IncompleteFile
        If the scan did not finish.
    InputError
        If files do not belong together, or no variant was tested.
    OptionError
        If the options contradict each other or the data, or the context asks for a device.
    """
    options = options or LociOptions()
    context = cpu_context(context, "the search for loci")
    with ExitStack() as stack:
        if not isinstance(statistics, StatisticsFile):
            statistics = stack.enter_context(open_statistics(statistics))
        genotypes = None
        if options.genotypes is not None:
            genotypes = stack.enter_context(open_genotypes(options.genotypes))
        return _Search(statistics, genotypes, options, context).run(progress)


class _Search:
    """One search: the open files and what is read of them once."""

    def __init__(
        self,
        statistics: StatisticsFile,
        genotypes: GenotypeFile | None,
        options: LociOptions,
        context: Context,
    ) -> None:
        self.statistics = statistics
        self.genotypes = genotypes
        self.options = options
        self.notes: list[str] = []
        # Everything that may be refused is read before the long pass.
        self.genes = read_genes(options.genes) if options.genes else None
        self.known = read_known_loci(options.known) if options.known else None
        if self.known is not None:
            self.notes.extend(self.known.notes)
        for regions in (self.genes, self.known):
            if regions is not None:
                self.notes.extend(regions.elsewhere(statistics.chromosomes))
        self.columns = tested_columns(statistics, options.tested)
        self.eyes = tested_eyes(statistics.labels, self.columns, options.tested)
        self.linkage = self._linkage()
        self.conditional = None
        if options.phenotypes is not None and genotypes is not None:
            self.conditional = ConditionalScan(
                statistics, genotypes, options.phenotypes,
                covariates=options.covariates, context=context,
            )  # fmt: skip
        self._warn_of_eyes()

    def _warn_of_eyes(self) -> None:
        n_pairs, n_all = len(self.eyes.pairs), len(EyeColumns.of(self.statistics.labels).pairs)
        if n_pairs < n_all:
            self.notes.append(
                f"both eyes are compared in {n_pairs:,} of {n_all:,} dimensions: those of --tested"
            )
        eye = self.eyes.only_one_eye
        if eye:
            other = "right" if eye == "left" else "left"
            self.notes.append(
                f"phenotypes of {eye} eyes but none of {other} eyes: no comparison of eyes"
            )

    def _note_omnibus(self, tests: list[LocusTest]) -> None:
        for test in tests:
            others = np.setdiff1d(test.columns, self.columns)
            if test.kind == OMNIBUS and len(others):
                self.notes.append(
                    f"{test.name} is of all {len(test.columns):,} phenotypes that share their "
                    f"samples, {len(others):,} of them not among those tested one by one"
                )

    def _linkage(self) -> Linkage | None:
        if self.genotypes is None:
            self.notes.append(
                f"no genotypes given: loci are formed by distance alone, "
                f"{self.options.numbers.window_bp:,} base pairs on each side of a lead variant"
            )
            return None
        samples = None
        if self.options.keep is not None:
            listed = read_sample_list(self.options.keep)
            ids = self.genotypes.samples
            own = NamedIds(ids.sample_id, ids.family_id, str(self.genotypes.path))
            samples = np.flatnonzero(is_listed(own, listed))
        self._note_sex(samples)
        return Linkage(self.genotypes, samples, method=self.options.ld)

    def _note_sex(self, samples: Index | None) -> None:
        """On X who has two copies must be known; on Y, who has one."""
        assert self.genotypes is not None
        names, codes = self.genotypes.chromosomes
        sex = self.genotypes.samples.sex
        sex = sex if samples is None else sex[samples]
        for code, name in enumerate(names):
            if not analysed_samples(name, sex).any() and (codes == code).any():
                self.notes.append(
                    f"{self.genotypes.path} has nobody of known sex for chromosome {name}: no "
                    "linkage disequilibrium there, each significant variant is a locus"
                )

    def run(self, progress: Progress | None) -> LociResult:
        """Pass over the statistics, then clump and describe."""
        statistics, options = self.statistics, self.options
        column_pairs = [(left, right) for _, left, right in self.eyes.pairs]
        least = float(-np.log10(options.secondary_p))
        candidates = find_candidates(statistics, least, column_pairs, progress)
        pairs = None
        if column_pairs:
            pairs = pair_up(
                self.eyes, statistics.masks, statistics.covariance(0), candidates.pair_correlation
            )
        n_effective = effective_number(statistics, self.columns)
        tests = make_tests(statistics, candidates, self.columns, n_effective, pairs, options)
        self._note_omnibus(tests)
        control_test = self._control_test(candidates)
        wanted = [*tests, control_test] if control_test else tests
        window = options.numbers.window_bp
        rows = rows_near_leads(statistics, _variants_of(wanted), _leads_of(wanted), window)
        self.places = read_places(statistics, rows)
        self.genotype_row = self._match(wanted)
        loci = [locus for test in tests for locus in self._loci(test)]
        control = self._control(candidates, control_test) if control_test else {}
        if self.conditional is not None:
            condition_loci(
                self.conditional,
                loci,
                self.places["position"],
                reach_bp=round(1000 * options.condition_kb),
                max_signals=options.max_signals,
            )
        return LociResult(
            statistics.path, options, loci, tests, candidates, self.places, self.columns,
            n_effective, self.eyes, pairs, control, self.genes, self.known, self.notes,
        )  # fmt: skip

    def _match(self, tests: list[LocusTest]) -> dict[int, int]:
        """Row of the genotype file of each candidate; only variants below the level may lack."""
        if self.genotypes is None or self.places.empty:
            return {}
        rows = match_variants(self.genotypes, self.places)
        match = dict(zip(self.places.index.tolist(), rows.tolist(), strict=True))
        for test in tests:
            strong = test.table[test.table["log10p"] >= test.min_log10p]
            lost = [row for row in strong["variant"].tolist() if match[row] < 0]
            if lost:
                place = self.places.loc[lost[0]]
                raise InputError(
                    f"{self.genotypes.path} lacks {len(lost):,} of {len(strong):,} significant "
                    f"variants of the test {test.name!r} (first: {place['id']} at "
                    f"{place['chromosome']}:{place['position']}); expected the genotypes that were "
                    "scanned. Give them, or leave --genotypes out to form loci by distance."
                )
        n_lost = int((rows < 0).sum())
        if n_lost:
            self.notes.append(
                f"{n_lost:,} of {len(rows):,} variants below the level are not in the genotypes "
                "and are no members of loci"
            )
        return match

    def _clumps(self, test: LocusTest) -> tuple[pd.DataFrame, list[Clump]]:
        """Table of the test's variants, with places, and its clumps."""
        table = test.table[test.table["variant"].isin(self.places.index)]
        if self.genotype_row:
            # An array also where there is no row: an empty list would choose columns.
            rows_of = (self.genotype_row[row] >= 0 for row in table["variant"].tolist())
            table = table[np.fromiter(rows_of, dtype=bool, count=len(table))]
        table = table.reset_index(drop=True)
        place = self.places.loc[table["variant"], ["chromosome", "position"]]
        table = table.assign(
            chromosome=place["chromosome"].to_numpy(), position=place["position"].to_numpy()
        )
        rule = self.options.numbers
        pairwise = None
        if self.linkage is not None:
            linkage = self.linkage
            rows = np.array([self.genotype_row[row] for row in table["variant"]], np.int64)
            pairwise = lambda lead, others: linkage.r2(int(rows[lead]), rows[others])  # noqa: E731
        found = clump(
            pd.factorize(table["chromosome"])[0],
            table["position"].to_numpy(dtype=np.int64),
            table["log10p"].to_numpy(dtype=np.float64),
            min_log10p=test.min_log10p,
            window_bp=rule.window_bp,
            min_r2=rule.min_r2,
            r2=pairwise,
        )
        return table, found

    def _loci(self, test: LocusTest) -> list[Locus]:
        table, clumps = self._clumps(test)
        rule = self.options.numbers
        groups = [[n] for n in range(len(clumps))]
        if rule.merge_interval_bp is not None and rule.merge_lead_bp is not None:
            groups = merge_clumps(
                clumps,
                pd.factorize(table["chromosome"])[0],
                table["position"].to_numpy(dtype=np.int64),
                interval_bp=rule.merge_interval_bp,
                lead_bp=rule.merge_lead_bp,
            )
        loci = [make_locus(test, table, [clumps[n] for n in group]) for group in groups]
        # In the order of the file, which is that of the genome.
        return sorted(loci, key=lambda locus: locus.lead)

    def _control_test(self, candidates: Candidates) -> LocusTest | None:
        """Minimum p over left minus right."""
        if not self.eyes.difference:
            return None
        columns = np.array(sorted(self.eyes.difference.values()), dtype=np.int64)
        own = candidates.tests[candidates.tests["column"].isin(columns.tolist())]
        level = self.options.p / effective_number(self.statistics, columns)
        return LocusTest("difference", MINIMUM_P, level, best_of_variants(own), columns)

    def _control(self, candidates: Candidates, test: LocusTest) -> dict[str, Any]:
        middle, _, largest = lambda_range(candidates.lambda_gc[test.columns])
        masks = np.unique(self.statistics.masks[test.columns])
        found: dict[str, Any] = {
            "n_phenotypes": len(test.columns),
            "lambda_median": middle,
            "lambda_largest": largest,
            "p": test.p,
            "n_significant_variants": test.n_significant,
            "n_loci": len(self._loci(test)),
        }
        if len(masks) == 1 and (self.statistics.masks == masks[0]).sum() == len(test.columns):
            omnibus = candidates.omnibus[int(masks[0])]
            level = -np.log10(self.options.p)
            found["omnibus_lambda"] = float(candidates.omnibus_lambda_gc[int(masks[0])])
            found["omnibus_n_significant_variants"] = int((omnibus["log10p"] >= level).sum())
        return found


def _leads_of(tests: list[LocusTest]) -> Index:
    """Rows that reach the level of their test, ascending, each once."""
    strong = (test.table[test.table["log10p"] >= test.min_log10p] for test in tests)
    rows = [table["variant"].to_numpy(dtype=np.int64) for table in strong]
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64)


def _variants_of(tests: list[LocusTest]) -> Index:
    """Rows of all candidates, ascending, each once."""
    rows = [test.table["variant"].to_numpy(dtype=np.int64) for test in tests]
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64)
