"""What the demo finds of what was planted, over several seeds and beside two references.

For each seed the demo is run, and its genotypes are scanned three times: against phenotypes of the
encoder that the demo trains, of the same network with random weights, and against the parameters
that the photographs were drawn from, which no encoder can surpass. Everything else is the same.
Finished commands in the working folder are not repeated: an interrupted measurement goes on.

    python validation/demo_truth.py --work build/demo-truth -o docs/demo-results.md
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from igwas.association.statistics_file import open_statistics
from igwas.context import Context
from igwas.demo import DemoOptions, run_demo
from igwas.demo.journal import NAME, Journal
from igwas.demo.run import run_stages
from igwas.demo.stages import COMPONENTS, Stage, encoder_stages, phenotype_stage, scan_stages
from igwas.demo.truth import SURE_POWER, Comparison, compare_with_truth
from igwas.loci.options import GENOME_WIDE_P
from igwas.simulate.eye_parameters import parameter_names

TRAINED, UNTRAINED, PARAMETERS = "trained encoder", "untrained encoder", "true parameters"
# The demo's recipe with steps that change no weight: the norms take their statistics from the
# training images, without which a random network is judged by an accident of its scale.
UNTRAINED_STEPS = 30
UNTRAINED_RATE = "1e-12"
MAIN_TESTS = ("omnibus", "minimum p")


@dataclass(frozen=True)
class Scan:
    """What one scan of one cohort found.

    Parameters
    ----------
    seed : int
    phenotypes : str
        TRAINED, UNTRAINED or PARAMETERS.
    comparison : Comparison
    control : dict
        Of loci.json: left minus right.
    n_tested : int
        Variants.
    n_samples : int
    """

    seed: int
    phenotypes: str
    comparison: Comparison
    control: dict[str, Any]
    n_tested: int
    n_samples: int

    @classmethod
    def read(cls, seed: int, phenotypes: str, folder: Path, truth: Path) -> "Scan":
        """Read what a folder's scan found."""
        loci = json.loads((folder / "loci.json").read_text())
        with open_statistics(folder / "statistics.h5") as statistics:
            n_tested = int((statistics.reason[:, 0] == 0).sum())
            n_samples = int(statistics.array("/models/n_samples").max())
        return cls(
            seed, phenotypes, compare_with_truth(folder / "loci.tsv", truth),
            loci["eyes"]["negative_control"], n_tested, n_samples,
        )  # fmt: skip

    @property
    def expected_false(self) -> float:
        """Upper bound of false loci of one test: as if all tests were independent."""
        return GENOME_WIDE_P * self.n_tested


def run_seed(seed: int, arguments: argparse.Namespace) -> list[Scan]:
    """Run the demo and the two references, or go on with them; what each found."""
    options = DemoOptions(
        people=arguments.people, variants=arguments.variants, steps=arguments.steps, seed=seed
    )
    folder = arguments.work / f"seed{seed}"
    context = Context(threads=arguments.threads)
    run_demo(folder, options=options, context=context, resume=True, say=say)
    rate = ("--learning-rate", UNTRAINED_RATE)
    few = DemoOptions(
        people=arguments.people, variants=arguments.variants, seed=seed,
        steps=min(UNTRAINED_STEPS, options.n_steps),
    )  # fmt: skip
    untrained = [
        *encoder_stages(few, "../", train=rate, export=("--checkpoint", "last")),
        phenotype_stage(few, "../"),
        *scan_stages("phenotypes.h5", "../"),
    ]
    parts = {
        UNTRAINED: ("untrained", untrained),
        PARAMETERS: ("parameters", scan_stages("../cohort/phenotypes.h5", "../")),
    }
    truth = folder / "cohort" / "truth.tsv"
    scans = [Scan.read(seed, TRAINED, folder, truth)]
    for title, (name, stages) in parts.items():
        run_beside(folder / name, stages, options, context)
        scans.append(Scan.read(seed, title, folder / name, truth))
    return scans


def run_beside(folder: Path, stages: list[Stage], options: DemoOptions, context: Context) -> None:
    folder.mkdir(exist_ok=True)
    journal = Journal(folder, options, resume=(folder / NAME).exists())
    run_stages(folder, stages, journal, context=context, say=say)


def say(line: str) -> None:
    print(line, flush=True)


def summary_table(scans: list[Scan]) -> list[str]:
    """One row a seed and kind of phenotypes, and one of all seeds together."""
    lines = [
        "| seed | phenotypes | sure loci found | by omnibus | by minimum p | by both eyes "
        "| faint loci found | false loci | control: loci | control: lambda GC |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for scan in scans:
        lines.append(f"| {scan.seed} | {scan.phenotypes} | {' | '.join(_cells([scan]))} |")
    for title in (TRAINED, UNTRAINED, PARAMETERS):
        own = [scan for scan in scans if scan.phenotypes == title]
        if len(own) > 1:
            lines.append(f"| all {len(own)} | {title} | {' | '.join(_cells(own))} |")
    return lines


def _cells(scans: list[Scan]) -> list[str]:
    def count(which: str, sure: bool) -> str:
        found = total = 0
        for scan in scans:
            planted = scan.comparison.planted
            chosen = scan.comparison.is_sure == sure
            hits = scan.comparison.is_found if which == "" else planted[which].to_numpy()
            found, total = found + int(hits[chosen].sum()), total + int(chosen.sum())
        return f"{found} of {total}"

    lambdas = [float(scan.control["lambda_median"]) for scan in scans]
    spread = f"{min(lambdas):.3f}" + (f" to {max(lambdas):.3f}" if len(lambdas) > 1 else "")
    n_false = sum(scan.comparison.n_false(test) for scan in scans for test in MAIN_TESTS)
    return [
        count("", True), count("omnibus", True), count("minimum p", True),
        count("both eyes", True), count("", False), str(n_false),
        str(sum(int(scan.control["n_loci"]) for scan in scans)), spread,
    ]  # fmt: skip


def parameter_table(scans: list[Scan]) -> list[str]:
    """In how many seeds the clear variant of each parameter was found."""
    titles = (TRAINED, UNTRAINED, PARAMETERS)
    lines = [f"| parameter | {' | '.join(titles)} |", "|---" * (1 + len(titles)) + "|"]
    for name in parameter_names():
        cells = []
        for title in titles:
            rows = pd.concat(
                [
                    one.comparison.planted.assign(found=one.comparison.is_found)[
                        one.comparison.is_sure
                    ]
                    for one in scans
                    if one.phenotypes == title
                ]
            )
            rows = rows[rows["phenotype"] == name]
            strength = rows["log10p"].median()
            shown = "" if strength != strength else f", -log10 p {strength:.0f}"
            cells.append(f"{int(rows['found'].sum())} of {len(rows)}{shown}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def misses(scans: list[Scan]) -> list[str]:
    """Sure loci that the trained encoder missed, and every false locus, by name."""
    lines = []
    for scan in scans:
        planted = scan.comparison.planted
        missed = planted[scan.comparison.is_sure & ~scan.comparison.is_found]
        if scan.phenotypes == TRAINED:
            lines += [
                f"- missed, seed {scan.seed}: {row.variant_id}, which explains "
                f"{100 * row.variance_explained:.1f} % of {row.phenotype}"
                for row in missed.itertuples()
            ]
        lines += [
            f"- false, seed {scan.seed}, {scan.phenotypes}: {row.lead_variant} by {row.test}, "
            f"-log10 p {row.log10p:.1f}"
            for row in scan.comparison.false_loci.itertuples()
        ]
    return lines or ["- none"]


def write_page(scans: list[Scan], arguments: argparse.Namespace, cpu_seconds: float) -> str:
    """The page of results, in Markdown."""
    first = scans[0]
    template = (Path(__file__).parent / "demo_truth.md").read_text()
    return template.format(
        power=f"{SURE_POWER:.0%}",
        people=f"{arguments.people:,}",
        scanned=f"{min(s.n_samples for s in scans):,} to {max(s.n_samples for s in scans):,}",
        variants=f"{arguments.variants:,}",
        steps=arguments.steps,
        components=COMPONENTS,
        tested=f"{first.n_tested:,}",
        expected=f"{max(scan.expected_false for scan in scans):.4f}",
        seeds=", ".join(str(seed) for seed in sorted({scan.seed for scan in scans})),
        untrained_steps=UNTRAINED_STEPS,
        summary="\n".join(summary_table(scans)),
        parameters="\n".join(parameter_table(scans)),
        misses="\n".join(misses(scans)),
        machine=f"{processor()}, {os.cpu_count()} cores; Python {platform.python_version()}",
        commit=commit(),
        command=f"python {shlex.join(sys.argv)}",
        cpu=f"{cpu_seconds / 60:.0f}",
    )


def cpu_seconds_of(work: Path, seeds: list[int]) -> float:
    """Processor time of every command, this sitting's or an earlier one's."""
    accounts = [path for seed in seeds for path in (work / f"seed{seed}").glob(f"**/{NAME}")]
    return sum(
        float(one["cpu_seconds"])
        for path in accounts
        for one in json.loads(path.read_text())["finished"]
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps the runs")
    parser.add_argument("-o", "--output", type=Path, required=True, help="page to write")
    parser.add_argument("--seeds", type=int, nargs="+", default=[6, 7, 8, 9, 10])
    parser.add_argument("--people", type=int, default=DemoOptions().n_people)
    parser.add_argument("--variants", type=int, default=DemoOptions().variants)
    parser.add_argument("--steps", type=int, default=DemoOptions().n_steps)
    parser.add_argument("--threads", type=int, default=0, help="0 is all cores")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    scans: list[Scan] = []
    for seed in arguments.seeds:
        scans += run_seed(seed, arguments)
        # The page after each seed, so that a measurement that is cut off has what it has.
        page = write_page(scans, arguments, cpu_seconds_of(arguments.work, arguments.seeds))
        arguments.output.write_text(page)
    print(f"{arguments.output}: {len(scans)} scans")
    return 0


if __name__ == "__main__":
    sys.exit(main())
