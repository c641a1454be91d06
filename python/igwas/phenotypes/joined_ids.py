"""Samples named by one joined text, as regenie's FID_IID.

`A_B_C` may be family A_B, sample C or family A, sample B_C, so such a name is never split: the
known family and sample ids are joined in the same way and looked up.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.sample_ids import NamedIds, SampleIds

# regenie writes IID twice for formats without families, and 0 where a .fam or .psam says so.
_RULES: dict[str, Callable[[str, str], str]] = {
    "FID_IID": lambda family, sample: f"{family}_{sample}",
    "IID_IID": lambda _, sample: f"{sample}_{sample}",
    "0_IID": lambda _, sample: f"0_{sample}",
    "IID": lambda _, sample: sample,
}


def match_joined(samples: SampleIds, joined: NamedIds) -> NDArray[np.int64]:
    """Find each sample among joined names.

    Whichever way of joining finds most samples is used; if none finds any, a joined name that ends
    in `_IID` of exactly one sample is taken for that sample.

    Parameters
    ----------
    samples : SampleIds
        Known samples; without family ids the family counts as 0.
    joined : NamedIds
        `sample_id` holds the joined names.

    Returns
    -------
    int64 (samples,)
        Position among the joined names; -1 where there is none.

    Raises
    ------
    InputError
        If a joined name stands twice, or stands for two samples.
    """
    row_of = {name: row for row, name in enumerate(joined.sample_id)}
    if len(row_of) != len(joined.sample_id):
        name = next(name for row, name in enumerate(joined.sample_id) if row_of[name] != row)
        raise InputError(
            f"{joined.origin} names the sample {name!r} twice; expected each once. "
            "Write the file again."
        )
    ids: list[Any] = list(samples.sample_id)
    families: list[Any] = ["0"] * len(ids)
    if samples.family_id is not None:
        families = list(samples.family_id)
    best = np.full(len(ids), -1, dtype=np.int64)
    for join in _RULES.values():
        names = (join(family, sample) for family, sample in zip(families, ids, strict=True))
        rows = np.array([row_of.get(name, -1) for name in names], dtype=np.int64)
        if (rows >= 0).sum() > (best >= 0).sum():
            best = rows
    if (best < 0).all():
        best = _match_endings(ids, row_of, joined)
    _refuse_shared_rows(best, ids, joined)
    return best


def _match_endings(ids: list[Any], row_of: dict[Any, int], joined: NamedIds) -> NDArray[np.int64]:
    """Match names whose family differs from ours: by their ending, if it fits one sample only."""
    position = {sample: index for index, sample in enumerate(ids)}
    rows = np.full(len(ids), -1, dtype=np.int64)
    for name, row in row_of.items():
        parts = name.split("_")
        endings = ("_".join(parts[start:]) for start in range(1, len(parts)))
        fitting = [position[ending] for ending in endings if ending in position]
        if len(fitting) > 1:
            raise InputError(
                f"{joined.origin}: {name!r} may be sample {ids[fitting[0]]!r} or "
                f"{ids[fitting[1]]!r}; expected a name that fits one sample. "
                "Give the genotypes the family ids that regenie saw."
            )
        if fitting and rows[fitting[0]] >= 0:
            raise InputError(
                f"{joined.origin}: {name!r} and {joined.sample_id[rows[fitting[0]]]!r} both end in "
                f"sample {ids[fitting[0]]!r}; expected one. "
                "Give the genotypes the family ids that regenie saw."
            )
        if fitting:
            rows[fitting[0]] = row
    return rows


def _refuse_shared_rows(rows: NDArray[np.int64], ids: list[Any], joined: NamedIds) -> None:
    matched = np.flatnonzero(rows >= 0)
    _, first, counts = np.unique(rows[matched], return_index=True, return_counts=True)
    if (counts > 1).any():
        row = rows[matched[first[counts > 1][0]]]
        twins = [ids[index] for index in np.flatnonzero(rows == row)[:2]]
        raise InputError(
            f"{joined.origin}: {joined.sample_id[row]!r} stands for the samples {twins[0]!r} and "
            f"{twins[1]!r}; expected one. Rename the samples so that FID_IID is unique."
        )
