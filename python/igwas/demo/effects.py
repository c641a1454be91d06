"""Estimated effects beside planted ones."""

from pathlib import Path

import numpy as np
import pandas as pd

from igwas.association.statistics_file import StatisticsFile, open_statistics

_NORMAL_95 = 1.959964


def compare_effects(statistics: Path, truth: Path) -> dict[str, float]:
    """Estimate of each planted effect on its phenotype, against the effect that was planted.

    Parameters
    ----------
    statistics : Path
        Of a scan of the phenotypes that effects were planted in.
    truth : Path
        truth.tsv of `igwas-fast simulate`.

    Returns
    -------
    dict
        slope of estimated on planted effects, coverage of their 95 % intervals, pairs; empty if
        nothing was planted.
    """
    pairs = pd.read_csv(truth, sep="\t")
    with open_statistics(statistics) as file:
        rows = _rows_of(file, set(pairs["variant_id"]))
        columns = {name: number for number, name in enumerate(file.phenotype_names)}
        found = [
            (effect, file.beta[rows[variant], columns[name]], file.se[rows[variant], columns[name]])
            for variant, name, effect in pairs[["variant_id", "phenotype", "effect"]].to_numpy()
            if variant in rows and name in columns
        ]
    if not found:
        return {}
    planted, estimate, se = np.array(found, dtype=float).T
    return {
        "slope": float(planted @ estimate / (planted @ planted)),
        "coverage": float(np.mean(np.abs(estimate - planted) < _NORMAL_95 * se)),
        "pairs": len(found),
    }


def _rows_of(statistics: StatisticsFile, wanted: set[str]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for start in range(0, statistics.n_variants, statistics.slab_rows):
        ids = statistics.variants(start, start + statistics.slab_rows)["id"]
        rows |= {name: start + at for at, name in enumerate(ids) if name in wanted}
    return rows
