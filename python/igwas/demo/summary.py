"""What the demo prints at its end."""

from pathlib import Path
from typing import Any

import pandas as pd

from igwas.demo.journal import Finished
from igwas.demo.truth import SURE_POWER, TESTS, Comparison
from igwas.wording import counted

_MOST_FALSE = 10


def describe(
    comparison: Comparison,
    loci: dict[str, Any],
    effects: dict[str, float],
    finished: list[Finished],
    folder: Path,
) -> list[str]:
    """Lines: what was planted and found, the control, the time, the page.

    Parameters
    ----------
    comparison : Comparison
    loci : dict
        loci.json.
    effects : dict
        As `compare_effects` gives them, or empty.
    finished : list of Finished
    folder : Path
    """
    tested = "a test of what it moves"
    if comparison.power_column != "power":
        tested = "the omnibus test of all phenotypes"
    lines = [
        "",
        f"Planted variants, in the order of the genome (power: in {tested}; best: by whichever "
        "test found it):",
    ]
    lines += _planted_table(comparison.planted, comparison.power_column)
    lines += ["", *_found(comparison, loci), *_control(loci)]
    if effects:
        lines.append(
            "estimated on planted effects: slope {slope:.3f}, {coverage:.0%} of {pairs:.0f} within "
            "their 95 % intervals".format(**effects)
        )
    seconds, cpu = (sum(getattr(one, name) for one in finished) for name in
                    ("seconds", "cpu_seconds"))  # fmt: skip
    slowest = sorted(finished, key=lambda one: -one.seconds)[:3]
    lines += [
        "",
        f"{seconds:.0f} s, {cpu:.0f} s of processor time; longest: "
        + ", ".join(f"{one.stage} {one.seconds:.0f} s" for one in slowest),
        f"the commands: {folder / 'commands.sh'}; planted and found: {folder / 'planted.tsv'}",
        f"the report: {folder / 'report.html'}",
    ]
    return lines


def _planted_table(planted: pd.DataFrame, power_column: str) -> list[str]:
    if planted.empty:
        return ["  none"]
    shown = pd.DataFrame(
        {
            "variant": planted["variant_id"],
            "moves": planted["phenotype"] + [
                "" if n == 1 else f" and {n - 1} more" for n in planted["n_phenotypes"]
            ],
            "variance": [f"{100 * share:.1f} %" for share in planted["variance_explained"]],
            "power": [f"{value:.2f}" for value in planted[power_column]],
            **{test: ["found" if hit else "-" for hit in planted[test]] for test in TESTS},
            "best -log10 p": [
                f"{value:.1f}" if value == value else "" for value in planted["log10p"]
            ],
        }
    )  # fmt: skip
    return ["  " + line for line in shown.to_string(index=False).splitlines()]


def _found(comparison: Comparison, loci: dict[str, Any]) -> list[str]:
    planted = comparison.planted
    sure, found = comparison.is_sure, comparison.is_found
    lines = [
        f"{int(found[sure].sum())} of {int(sure.sum())} planted loci with a power above "
        f"{SURE_POWER:.0%} found, {int(found[~sure].sum())} of {int((~sure).sum())} others"
    ]
    levels = {one["name"]: float(one["p"]) for one in loci["tests"]}
    for test, name in TESTS.items():
        level = next((p for key, p in levels.items() if key.startswith(name)), None)
        if level is None:
            continue
        lines.append(
            f"{test} (p < {level:.2g}): {int(planted[test].sum())} of {len(planted)} planted loci "
            f"found, {comparison.n_false(test)} false"
        )
    for row in comparison.false_loci.head(_MOST_FALSE).itertuples():
        lines.append(f"  false: {row.lead_variant} by {row.test}, -log10 p {row.log10p:.1f}")
    return lines


def _control(loci: dict[str, Any]) -> list[str]:
    control = loci.get("eyes", {}).get("negative_control")
    if not control:
        return []
    return [
        "left minus right (negative control): "
        f"{counted(int(control['n_loci']), 'locus', 'loci')}, lambda GC "
        f"{control['lambda_median']:.3f}"
    ]
