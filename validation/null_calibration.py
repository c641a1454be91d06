"""Null calibration: p-values must be uniform where nothing is associated.

Simulates null cohorts, runs the whole scan on each from files, and compares the share of small
p-values and lambda GC with their 99 % bands. Writes a Markdown page; exits with 1 if more numbers
lie outside their bands than chance explains.

    python validation/null_calibration.py --output docs/validation.md
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

import igwas
from igwas.association.options import ScanOptions
from igwas.phenotypes.phenotypes_file import write_phenotypes
from igwas.simulate.genome import draw_frequencies
from igwas.simulate.plink_files import MISSING, BedWriter

LEVELS = (0.05, 0.01, 0.001, 0.0001)
BAND = 0.99
# Ancestries; the principal components are contrasts of them. The Fst gives genotypes an R2 on the
# components of about 0.3.
ANCESTRY_SHARES = (0.4, 0.25, 0.15, 0.12, 0.08)
FST = 0.3
N_COMPONENTS = len(ANCESTRY_SHARES) - 1
MINOR_ALLELE_COUNT = 20
MISSING_RATE = (0.001, 0.01)
_SLAB = 500
# Standard deviation of lambda GC of m independent tests is this over sqrt(m): half over the density
# of a 1-df chi-square at its median, over the median.
_LAMBDA_SPREAD = 0.5 / stats.chi2.pdf(stats.chi2.median(1), 1) / stats.chi2.median(1)


@dataclass(frozen=True)
class Scenario:
    """One null cohort and how it is scanned."""

    title: str
    has_components: bool = False
    is_normal: bool = True
    missing: str = "mean"
    transform: str = "none"
    is_judged: bool = True


@dataclass(frozen=True)
class Shape:
    """Size of the cohorts."""

    n_samples: int = 2000
    n_variants: int = 20_000
    n_phenotypes: int = 128


@dataclass(frozen=True)
class Row:
    """One number of the table, with its band."""

    scenario: str
    test: str
    quantity: str
    n_tests: int
    value: float
    low: float
    high: float
    is_judged: bool

    @property
    def is_inside(self) -> bool:
        """Whether the value lies in its band."""
        return self.low <= self.value <= self.high


SCENARIOS = (
    Scenario("normal, missing calls as the mean"),
    Scenario("normal, missing calls dropped", missing="drop"),
    Scenario("PCs as covariates, mean", has_components=True),
    Scenario("PCs as covariates, drop", has_components=True, missing="drop"),
    Scenario("not normal, mean", is_normal=False),
    Scenario("not normal, PCs, drop", True, False, "drop"),
    Scenario("not normal, transformed, mean", is_normal=False, transform="rank-inverse-normal"),
    Scenario(
        "not normal, transformed, PCs, drop (a limit)",
        True,
        False,
        "drop",
        "rank-inverse-normal",
        is_judged=False,
    ),
)


def write_cohort(
    folder: Path, scenario: Scenario, shape: Shape, generator: np.random.Generator
) -> float:
    """Write a null cohort; variants and phenotypes are independent given the components.

    Returns the mean R2 of genotype on the components among variants with a frequency above 1 %.
    """
    ancestry, components = _draw_ancestry(shape.n_samples, generator)
    ids = [f"P{row:05d}" for row in range(shape.n_samples)]
    fam = [f"{name} {name} 0 0 {1 + row % 2} -9\n" for row, name in enumerate(ids)]
    (folder / "null.fam").write_text("".join(fam))
    explained = []
    with BedWriter(folder / "null.bed", folder / "null.bim", shape.n_samples) as writer:
        for start in range(0, shape.n_variants, _SLAB):
            count = min(_SLAB, shape.n_variants - start)
            dosage = _draw_dosage(ancestry, scenario, count, generator)
            explained.append(_r_squared(dosage, components))
            _lose_calls(dosage, generator)
            position = np.arange(start + 1, start + count + 1)
            names = [f"v{at}" for at in position]
            writer.append(dosage, "1", names, position, ["A"] * count, ["C"] * count)
    values = _draw_phenotypes(components, scenario, shape, generator)
    names = [f"null_{number:03d}" for number in range(shape.n_phenotypes)]
    write_phenotypes(folder / "phenotypes.h5", ids, names, values)
    table = pd.DataFrame(components, columns=[f"PC{axis + 1}" for axis in range(N_COMPONENTS)])
    table.insert(0, "IID", ids)
    table.to_csv(folder / "covariates.tsv", sep="\t", index=False)
    return float(np.nanmean(np.concatenate(explained)))


def _draw_ancestry(n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ancestry of each person, and components that separate them: contrasts, rotated at random.

    Ancestries are distinct, so that genotypes depend on the components linearly. On a gradient they
    would not: what a linear adjustment leaves would correlate the tests of different variants, and
    the bands, not the tests, would be wrong.
    """
    ancestry = generator.choice(len(ANCESTRY_SHARES), size=n, p=ANCESTRY_SHARES)
    indicator = np.eye(len(ANCESTRY_SHARES))[ancestry][:, 1:]
    q, _ = np.linalg.qr(indicator - indicator.mean(axis=0))
    rotation, _ = np.linalg.qr(generator.normal(size=(N_COMPONENTS, N_COMPONENTS)))
    return ancestry, q @ rotation * np.sqrt(n)


def _draw_dosage(
    ancestry: np.ndarray, scenario: Scenario, count: int, generator: np.random.Generator
) -> np.ndarray:
    """Copies of the effect allele, uint8 (variants, samples).

    With components, each ancestry has frequencies of its own (Balding & Nichols 1995).
    """
    frequency = draw_frequencies(count, generator)[:, np.newaxis]
    if scenario.has_components:
        shape = (1 - FST) / FST
        size = (count, len(ANCESTRY_SHARES))
        own = generator.beta(frequency * shape, (1 - frequency) * shape, size=size)
        frequency = own[:, ancestry]
    size = (count, len(ancestry))
    return generator.binomial(2, np.broadcast_to(frequency, size)).astype(np.uint8)


def _r_squared(dosage: np.ndarray, components: np.ndarray) -> np.ndarray:
    centred = dosage - dosage.mean(axis=1, keepdims=True)
    total = (centred**2).sum(axis=1)
    q, _ = np.linalg.qr(components - components.mean(axis=0))
    is_common = dosage.mean(axis=1) > 0.02
    return ((centred @ q) ** 2).sum(axis=1)[is_common] / total[is_common]


def _lose_calls(dosage: np.ndarray, generator: np.random.Generator) -> None:
    rate = np.exp(generator.uniform(*np.log(MISSING_RATE), size=(len(dosage), 1)))
    dosage[generator.random(dosage.shape) < rate] = MISSING


def _draw_phenotypes(
    components: np.ndarray, scenario: Scenario, shape: Shape, generator: np.random.Generator
) -> np.ndarray:
    """Independent noise, plus a strong effect of the components where they are covariates.

    Not normal: columns take turns at gamma (skewed), logistic (heavy tails) and uniform noise.
    """
    size = (shape.n_samples, shape.n_phenotypes)
    if scenario.is_normal:
        noise = generator.normal(size=size)
    else:
        kinds = (generator.gamma(4, size=size), generator.logistic(size=size),
                 generator.uniform(size=size))  # fmt: skip
        noise = np.choose(np.arange(size[1]) % 3, kinds)
        noise = (noise - noise.mean(axis=0)) / noise.std(axis=0)
    if scenario.has_components:
        noise += components @ generator.normal(scale=0.5, size=(N_COMPONENTS, size[1]))
    return noise


def scan_cohort(folder: Path, scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """-log10 p of the univariate tests (variants, phenotypes) and of the omnibus (variants,)."""
    options = ScanOptions(
        covariates=folder / "covariates.tsv" if scenario.has_components else None,
        missing=scenario.missing,
        transform=scenario.transform,
        mac=MINOR_ALLELE_COUNT,
        overwrite=True,
    )
    output = folder / "statistics.h5"
    igwas.run_scan(folder / "null.bed", folder / "phenotypes.h5", output, options=options)
    with igwas.open_statistics(output) as statistics:
        is_tested = statistics.reason[:, 0] == 0
        omnibus = statistics.omnibus_log10p[:, 0][is_tested]
        univariate = statistics.log10p[:, :][is_tested]
    if not (np.isfinite(univariate).all() and np.isfinite(omnibus).all()):
        raise AssertionError("a tested variant has no finite -log10 p.")
    return univariate, omnibus


def describe(scenario: Scenario, test: str, log10p: np.ndarray) -> Iterator[Row]:
    """Share of small p-values and lambda GC, with binomial and normal bands."""
    flat = log10p.ravel()
    n = len(flat)
    for level in LEVELS:
        low, high = np.array(stats.binom.interval(BAND, n, level)) / n
        found = float(np.mean(flat > -np.log10(level)))
        yield Row(
            scenario.title, test, f"p < {level:g}", n, found, low, high, scenario.is_judged
        )  # fmt: skip
    width = stats.norm.isf((1 - BAND) / 2) * _LAMBDA_SPREAD / np.sqrt(n)
    yield Row(
        scenario.title, test, "lambda GC", n, lambda_gc(flat), 1 - width, 1 + width,
        scenario.is_judged,
    )  # fmt: skip


def lambda_gc(log10p: np.ndarray) -> float:
    """Median p as a 1-df chi-square, over that chi-square's median."""
    median_p = 10.0 ** -np.median(log10p)
    return float(stats.chi2.isf(median_p, 1) / stats.chi2.median(1))


def run(shape: Shape, seed: int, report: Callable[[str], None]) -> tuple[list[Row], list[str]]:
    """Run every scenario; rows of the table and notes."""
    rows, notes = [], []
    for number, scenario in enumerate(SCENARIOS):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as name:
            generator = np.random.default_rng([seed, number])
            explained = write_cohort(Path(name), scenario, shape, generator)
            univariate, omnibus = scan_cohort(Path(name), scenario)
        rows += describe(scenario, "univariate", univariate)
        rows += describe(scenario, "omnibus", omnibus)
        notes.append(
            f"{scenario.title}: {len(omnibus):,} variants tested, R2 of genotype on the components "
            f"{explained:.2f}"
        )
        report(f"{notes[-1]}, {time.perf_counter() - start:.0f} s")
    return rows, notes


def most_outside(n_numbers: int) -> int:
    """So many numbers may lie outside their bands by chance (probability above 1 in 1,000)."""
    return int(stats.binom.isf(0.001, n_numbers, 1 - BAND))


def unexplained(rows: list[Row]) -> tuple[list[Row], int, bool]:
    """Judged rows outside their bands, how many are judged, and whether chance explains them."""
    judged = [row for row in rows if row.is_judged]
    outside = [row for row in judged if not row.is_inside]
    return outside, len(judged), len(outside) <= most_outside(len(judged))


_PREFACE = """# Validation

Written by `make validation` (validation/null_calibration.py); change that, not this page.

## Null calibration

{samples:,} people, {variants:,} variants with the frequencies of imputed genotypes and 0.1 to 1 %
missing calls, {phenotypes} phenotypes on which nothing acts; seed {seed}. Each cohort is written to
files and scanned by the program itself.

Bands are 99 %: binomial for shares, normal for lambda GC. They hold for independent tests, so
variants are simulated in linkage equilibrium and phenotypes are independent (given the components).
With linkage disequilibrium or correlated phenotypes the shares have the same mean and wider bands.

- *PCs*: people are of five ancestries (Fst {fst}); four components that separate them are
  covariates, shift the phenotypes strongly, and explain the share of the genotypes given below the
  table (mean over variants with a frequency above 1 %).
- *not normal*: columns take turns at gamma (skewness 1), logistic (excess kurtosis 1.2) and uniform
  noise; variants have at least 20 copies of the rarer allele. Student's t is exact for normal
  residuals only; far stronger departures need a higher `--mac` or
  `--transform rank-inverse-normal`. The omnibus is run on phenotypes before the transform.
- *a limit*, shown and not judged: a transform of phenotypes that differ strongly between ancestries
  bends the differences, so that residuals have another spread in each ancestry. Variants that are
  common in one ancestry alone are then tested with the wrong standard error. This is so for every
  linear regression; analyse ancestries apart, or do not transform.

{outside} of {judged} judged numbers lie outside their bands; {expected:.1f} are expected by chance,
and more than {most} would fail.

| cohort | test | quantity | tests | found | 99 % band | inside |
|---|---|---|---|---|---|---|
"""


def render(rows: list[Row], notes: list[str], shape: Shape, seed: int) -> str:
    """Text of the page."""
    outside, n_judged, _ = unexplained(rows)
    preface = _PREFACE.format(
        samples=shape.n_samples, variants=shape.n_variants, phenotypes=shape.n_phenotypes,
        seed=seed, fst=FST, outside=len(outside), judged=n_judged,
        expected=(1 - BAND) * n_judged, most=most_outside(n_judged),
    )  # fmt: skip
    lines = []
    for row in rows:
        inside = "yes" if row.is_inside else "**no**"
        lines.append(
            f"| {row.scenario} | {row.test} | {row.quantity} | {row.n_tests:,} | {row.value:.5g} | "
            f"{row.low:.5g} to {row.high:.5g} | {inside} |"
        )
    return preface + "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def main() -> int:
    """Parse, run, write, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="Markdown page to write")
    parser.add_argument("--samples", type=int, default=Shape.n_samples)
    parser.add_argument("--variants", type=int, default=Shape.n_variants)
    parser.add_argument("--phenotypes", type=int, default=Shape.n_phenotypes)
    parser.add_argument("--seed", type=int, default=2024)
    chosen = parser.parse_args()
    shape = Shape(chosen.samples, chosen.variants, chosen.phenotypes)
    rows, notes = run(shape, chosen.seed, lambda line: print(line, flush=True))
    chosen.output.write_text(render(rows, notes, shape, chosen.seed))
    outside, n_judged, is_explained = unexplained(rows)
    for row in outside:
        band = f"{row.low:.5g} to {row.high:.5g}"
        print(f"outside: {row.scenario}, {row.test}, {row.quantity}: {row.value:.5g}, band {band}")
    print(f"{len(outside)} of {n_judged} outside, at most {most_outside(n_judged)} allowed")
    return 0 if is_explained else 1


if __name__ == "__main__":
    sys.exit(main())
