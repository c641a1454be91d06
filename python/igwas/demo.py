"""The main job on a simulated cohort: simulate, convert, scan, and compare with the truth."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.association.effective_tests import effective_number_of_tests
from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import StatisticsFile, open_statistics
from igwas.context import Context
from igwas.errors import OutputError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.hdf5 import open_hdf5
from igwas.schema import STATISTICS
from igwas.simulate import CohortFiles, CohortOptions, simulate_cohort

GENOME_WIDE_P = 5e-8
# Simulated regions are at most a megabase wide, so that a signal reaches no further.
WINDOW_BP = 1_000_000
_NORMAL_95 = 1.959964
_TABLE_ROWS = 20

Progress = Callable[[int, int], None] | None
Track = Callable[[str, str], AbstractContextManager[Progress]]


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo puts things."""

    folder: Path

    @property
    def cohort(self) -> CohortFiles:
        """The simulated cohort."""
        return CohortFiles.within(self.folder / "cohort")

    @property
    def genotypes(self) -> Path:
        """Converted genotypes."""
        return self.folder / "genotypes.h5"

    @property
    def statistics(self) -> Path:
        """The scan's result."""
        return self.folder / "statistics.h5"

    @property
    def loci(self) -> Path:
        """Table of loci found."""
        return self.folder / "loci.tsv"


@dataclass
class DemoResult:
    """What the demo found, against what was planted.

    Attributes
    ----------
    loci : DataFrame
        One row a locus that either test found: chromosome, position, lead_variant, the -log10 p of
        both tests, best_phenotype, beta, and the planted variant it stands for (empty if none).
    planted : DataFrame
        One row a planted variant: by_omnibus, by_univariate (found or not).
    n_false : dict of str to int
        Loci without a planted variant, by test.
    threshold : dict of str to float
        -log10 p a test must reach.
    n_effective : float
        Effective number of phenotypes.
    effects : dict of str to float
        Slope of estimated on planted effects, and the share inside their 95 % interval.
    account : list of str
        Lines of the scan's own summary.
    seconds : dict of str to float
        Wall time of each stage.
    """

    files: DemoFiles
    loci: pd.DataFrame
    planted: pd.DataFrame
    n_false: dict[str, int]
    threshold: dict[str, float]
    n_effective: float
    effects: dict[str, float]
    account: list[str]
    seconds: dict[str, float] = field(default_factory=dict)

    def describe(self) -> list[str]:
        """Lines for the screen."""
        n = len(self.planted)
        lines = [*self.account, "", f"Strongest loci (of {len(self.loci)}):"]
        lines += self.loci.head(_TABLE_ROWS).to_string(index=False).splitlines()
        lines.append("")
        meaning = {
            "omnibus": f"p < {GENOME_WIDE_P:g}, all phenotypes together",
            "univariate": f"p < {GENOME_WIDE_P:g} / {self.n_effective:.1f} effective phenotypes",
        }
        for test, words in meaning.items():
            found = int(self.planted[f"by_{test}"].sum())
            lines.append(
                f"{test} ({words}): {found} of {n} planted loci found, {n - found} missed, "
                f"{self.n_false[test]} false"
            )
        if self.effects:
            lines.append(
                "estimated on planted effects: slope {slope:.3f}, {coverage:.0%} of {pairs:.0f} "
                "within their 95 % intervals".format(**self.effects)
            )
        lines.append("")
        lines.append(", ".join(f"{stage} {value:.1f} s" for stage, value in self.seconds.items()))
        files = (self.files.cohort.bed.parent, self.files.genotypes, self.files.statistics,
                 self.files.loci)  # fmt: skip
        lines += [str(path) for path in files]
        return lines


@contextmanager
def no_progress(title: str, unit: str) -> Iterator[Progress]:
    """Show nothing."""
    yield None


def run_demo(
    folder: Path | str,
    options: CohortOptions,
    *,
    context: Context | None = None,
    overwrite: bool = False,
    track: Track = no_progress,
) -> DemoResult:
    """Simulate a cohort, convert its genotypes, scan it, and compare the loci with the truth.

    Parameters
    ----------
    folder : Path or str
        Where files go; made if its parent exists.
    options : CohortOptions
        The cohort to simulate.
    context : Context, optional
    overwrite : bool
        Replace an earlier demo in the folder.
    track : callable(title, unit)
        Context manager that yields a progress callback, or None.

    Raises
    ------
    OutputError
        If the folder holds an earlier demo and `overwrite` is false.
    """
    context = context or Context()
    files = DemoFiles(Path(folder))
    _prepare(files, overwrite)
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(title: str) -> Iterator[Progress]:
        start = time.perf_counter()
        with track(title, "variants") as progress:
            yield progress
        seconds[title] = time.perf_counter() - start

    with stage("simulate") as progress:
        simulate_cohort(files.cohort.bed.parent, options, overwrite=overwrite, progress=progress)
    with stage("convert") as progress:
        convert(
            files.cohort.bed,
            files.genotypes,
            options=ConvertOptions(overwrite=overwrite),
            context=context,
            progress=_of_total(progress, options.n_variants),
        )
    with stage("scan") as progress:
        summary = run_scan(
            files.genotypes,
            files.cohort.phenotypes,
            files.statistics,
            options=ScanOptions(
                covariates=files.cohort.covariates,
                categorical_columns=("centre",),
                overwrite=overwrite,
            ),
            context=context,
            progress=progress,
        )
    result = compare_with_truth(files)
    result.account, result.seconds = summary.describe(), seconds
    result.loci.to_csv(files.loci, sep="\t", index=False)
    return result


def _of_total(progress: Progress, total: int) -> Callable[[int, int | None], None] | None:
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(done, total)


def _prepare(files: DemoFiles, overwrite: bool) -> None:
    made = (files.genotypes, files.statistics, files.loci)
    existing = [path for path in made if path.exists()]
    if existing and not overwrite:
        raise OutputError(
            f"{existing[0]} exists; expected a new folder. Choose another with -o, or give "
            "--overwrite."
        )
    if not files.folder.parent.is_dir():
        raise OutputError(
            f"folder {files.folder.parent} does not exist; expected one. "
            "Make it, or choose another."
        )
    files.folder.mkdir(exist_ok=True)


def compare_with_truth(files: DemoFiles) -> DemoResult:
    """Group significant variants to loci and compare them with the planted variants."""
    truth = pd.read_csv(files.cohort.truth, sep="\t", dtype={"chromosome": str})
    with open_hdf5(files.statistics, STATISTICS) as file:
        n_effective = effective_number_of_tests(file["/phenotypes/covariance"][0])
    threshold = {
        "omnibus": -math.log10(GENOME_WIDE_P),
        "univariate": -math.log10(GENOME_WIDE_P / n_effective),
    }
    with open_statistics(files.statistics) as statistics:
        best = _significant_variants(statistics, threshold)
        loci = merge_nearby(best, "log10p_omnibus", "log10p_univariate")
        loci = _with_best_phenotype(loci, statistics)
        effects = _compare_effects(statistics, truth)
    planted = truth.drop_duplicates("variant_id")[["variant_id", "chromosome", "position"]]
    planted = planted.reset_index(drop=True)
    n_false = {}
    for test, least in threshold.items():
        leads = merge_nearby(best[best[f"log10p_{test}"] >= least], f"log10p_{test}")
        planted[f"by_{test}"] = [bool(_near(leads, row).any()) for row in planted.itertuples()]
        n_false[test] = sum(not _near(planted, row).any() for row in leads.itertuples())
    loci["planted_variant"] = [
        ",".join(planted["variant_id"][_near(planted, row)]) for row in loci.itertuples()
    ]
    return DemoResult(files, loci, planted, n_false, threshold, n_effective, effects, account=[])


def _significant_variants(statistics: StatisticsFile, threshold: dict[str, float]) -> pd.DataFrame:
    """Variants that either test finds, with the -log10 p of both; index: row in the file."""
    omnibus = statistics.omnibus_log10p[:, 0]
    hits = statistics.hits()
    hits = hits[hits["log10p"] >= threshold["univariate"]]
    univariate = hits["log10p"].groupby(level=0).max()
    rows = np.union1d(np.flatnonzero(omnibus >= threshold["omnibus"]), univariate.index)
    found = statistics.variants_at(rows)[["chromosome", "position", "id"]]
    found = found.rename(columns={"id": "lead_variant"})
    found["log10p_omnibus"] = omnibus[rows]
    found["log10p_univariate"] = univariate.reindex(rows)
    return found.reset_index(names="variant")


def _with_best_phenotype(loci: pd.DataFrame, statistics: StatisticsFile) -> pd.DataFrame:
    """Add the phenotype that each lead variant acts on most, and its beta."""
    names, betas, log10ps = [], [], []
    for row in loci.pop("variant"):
        log10p = statistics.log10p[int(row), :]
        column = int(np.nanargmax(log10p))
        names.append(statistics.phenotype_names[column])
        betas.append(round(float(statistics.beta[int(row), column]), 4))
        log10ps.append(round(float(log10p[column]), 2))
    loci["log10p_omnibus"] = loci["log10p_omnibus"].round(2)
    loci["log10p_univariate"] = log10ps
    loci["best_phenotype"] = names
    loci["beta"] = betas
    return loci


def merge_nearby(tests: pd.DataFrame, *ranked_by: str) -> pd.DataFrame:
    """Keep the strongest test of each neighbourhood of WINDOW_BP, strongest first.

    Parameters
    ----------
    tests : DataFrame
        With chromosome, position and the ranking columns.
    ranked_by : str
        Columns of -log10 p; a row's rank is its largest.
    """
    strength = tests[list(ranked_by)].max(axis=1)
    ordered = tests.loc[strength.sort_values(ascending=False, kind="stable").index]
    chromosome, position = ordered["chromosome"].to_numpy(), ordered["position"].to_numpy()
    is_free = np.ones(len(ordered), dtype=bool)
    leads = []
    for row in range(len(ordered)):
        if is_free[row]:
            leads.append(row)
            near = np.abs(position - position[row]) <= WINDOW_BP
            is_free &= ~((chromosome == chromosome[row]) & near)
    return ordered.iloc[leads].reset_index(drop=True)


def _near(places: pd.DataFrame, row: object) -> npt.NDArray[np.bool_]:
    chromosome, position = getattr(row, "chromosome"), getattr(row, "position")  # noqa: B009
    distance = np.abs(places["position"].to_numpy(dtype=np.int64) - position)
    same = places["chromosome"].to_numpy(dtype=object) == chromosome
    return np.asarray(same & (distance <= WINDOW_BP))


def _compare_effects(statistics: StatisticsFile, truth: pd.DataFrame) -> dict[str, float]:
    """Estimated effect of each planted variant on its phenotypes, against the planted one."""
    if truth.empty:
        return {}
    wanted = set(truth["variant_id"])
    rows: dict[str, int] = {}
    for start in range(0, statistics.n_variants, statistics.slab_rows):
        ids = statistics.variants(start, start + statistics.slab_rows)["id"]
        rows |= {name: start + at for at, name in enumerate(ids) if name in wanted}
    columns = {name: number for number, name in enumerate(statistics.phenotype_names)}
    pairs = [
        (
            effect,
            statistics.beta[rows[variant], columns[name]],
            statistics.se[rows[variant], columns[name]],
        )
        for variant, name, effect in truth[["variant_id", "phenotype", "effect"]].to_numpy()
        if variant in rows and name in columns
    ]
    planted, estimate, se = np.array(pairs, dtype=float).T
    return {
        "slope": float(planted @ estimate / (planted @ planted)),
        "coverage": float(np.mean(np.abs(estimate - planted) < _NORMAL_95 * se)),
        "pairs": len(pairs),
    }
