"""Arrays in memory for a scan to fill."""

from typing import Any

import numpy as np


def empty_arrays(n_variants: int, n_masks: int, n_phenotypes: int) -> dict[str, Any]:
    """Arrays for `_core.array_sink` to fill."""
    per_mask = {
        "n": np.int32,
        "missing_count": np.int32,
        "degrees_of_freedom": np.int32,
        "effect_allele_frequency": np.float64,
        "minor_allele_count": np.float64,
        "genotype_sum_of_squares": np.float64,
        "reason": np.uint8,
        "omnibus_f": np.float64,
        "omnibus_log10p": np.float64,
    }
    arrays = {name: np.zeros((n_variants, n_masks), kind) for name, kind in per_mask.items()}
    pairs = {name: np.zeros((n_variants, n_phenotypes)) for name in ("beta", "se")}
    return arrays | pairs
