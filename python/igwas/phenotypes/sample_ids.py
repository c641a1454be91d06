"""Joining two lists of samples by id, never by order.

A sample is named by an individual id (IID) and perhaps a family id (FID). PLINK 1 needs both; most
other formats have none and write 0. So both are used where both sides have families, otherwise IID
alone, which must then be unique on each side. Which of the two was done is always reported.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError

UNINFORMATIVE_FAMILIES = frozenset({"0", "", "."})
BY_BOTH = "FID and IID"
BY_IID = "IID"


class SampleIds(Protocol):
    """Anything that names samples: Samples, a cohort, a table."""

    @property
    def family_id(self) -> NDArray[Any] | None:
        """Family ids as text, or None: object (samples,)."""

    @property
    def sample_id(self) -> NDArray[Any]:
        """Individual ids as text: object (samples,)."""


@dataclass(frozen=True)
class NamedIds:
    """Ids with the name of the file they come from, for messages."""

    sample_id: NDArray[Any]
    family_id: NDArray[Any] | None
    origin: str | Path

    def take(self, rows: NDArray[np.int64]) -> "NamedIds":
        """Return the ids of some rows, in the order given."""
        family_id = None if self.family_id is None else self.family_id[rows]
        return NamedIds(self.sample_id[rows], family_id, self.origin)


@dataclass(frozen=True)
class IdMatch:
    """Where each sample of the left side stands on the right.

    Parameters
    ----------
    rows : int64 (left,)
        Row on the right; -1 where it has none.
    matched_by : str
        `FID and IID` or `IID`.
    """

    rows: NDArray[np.int64]
    matched_by: str


def has_families(family_id: NDArray[Any] | None) -> bool:
    """Whether any family id says something: not 0, `.` or empty."""
    return family_id is not None and any(name not in UNINFORMATIVE_FAMILIES for name in family_id)


def match_ids(left: NamedIds, right: NamedIds) -> IdMatch:
    """Find each sample of `left` in `right`.

    Raises
    ------
    InputError
        If an id that decides the match occurs twice on a side.
    """
    by_both = join_rule(left, right) == BY_BOTH
    row_of = _row_of_key(right, by_both)
    _row_of_key(left, by_both)
    keys = sample_keys(left, by_both)
    rows = np.fromiter((row_of.get(key, -1) for key in keys), np.int64, len(keys))
    return IdMatch(rows, BY_BOTH if by_both else BY_IID)


def sample_keys(ids: SampleIds, by_both: bool) -> list[Any]:
    """List what each sample is joined by: (FID, IID), uninformative families as 0, or IID."""
    if not by_both or ids.family_id is None:
        return list(ids.sample_id)
    families = ("0" if name in UNINFORMATIVE_FAMILIES else name for name in ids.family_id)
    return list(zip(families, ids.sample_id, strict=True))


def _row_of_key(ids: NamedIds, by_both: bool) -> dict[Any, int]:
    keys = sample_keys(ids, by_both)
    row_of = dict(zip(keys, range(len(keys)), strict=True))
    if len(row_of) != len(keys):
        key = next(key for row, key in enumerate(keys) if row_of[key] != row)
        if by_both:
            raise InputError(
                f"{ids.origin} has the sample {' '.join(key)!r} twice; expected each FID and IID "
                "once. Remove one of the rows."
            )
        raise InputError(
            f"{ids.origin} has the IID {key!r} twice, and samples are joined by IID alone because "
            "one side has no family ids; expected unique IIDs. Give FID on both sides, or rename."
        )
    return row_of


def explain_mismatch(left: NamedIds, right: NamedIds) -> str:
    """Guess why two lists share too few ids, for an error message; empty if no guess fits.

    Each guess is tested on the ids themselves and only offered if it would match at least two
    samples and more than the plain join does.
    """
    left_ids, right_ids = set(left.sample_id), set(right.sample_id)
    best, advice = max(len(left_ids & right_ids), 1), ""
    if join_rule(left, right) == BY_BOTH and best > 1:
        return f"{best:,} match by IID alone: give both files the same FID, or 0 in one of them. "
    guesses = (
        (_joined(left), right_ids, f"ids of {right.origin} look like FID_IID of {left.origin}"),
        (left_ids, _joined(right), f"ids of {left.origin} look like FID_IID of {right.origin}"),
        (_without_zeros(left), _without_zeros(right), "leading zeros differ"),
        (_lower(left), _lower(right), "upper and lower case differ"),
        (_without_fraction(left), _without_fraction(right), "one side writes ids as decimals (.0)"),
    )  # fmt: skip
    for ours, theirs, why in guesses:
        n_matching = len(ours & theirs)
        if n_matching > best:
            best, advice = n_matching, f"{n_matching:,} would match, but {why}: rewrite one side. "
    return advice


def join_rule(left: SampleIds, right: SampleIds) -> str:
    """Name what two sides are joined by: `FID and IID` if both have families, else `IID`."""
    by_both = has_families(left.family_id) and has_families(right.family_id)
    return BY_BOTH if by_both else BY_IID


def _joined(ids: NamedIds) -> set[str]:
    families = ids.family_id if has_families(ids.family_id) else ids.sample_id
    assert families is not None
    return {f"{family}_{sample}" for family, sample in zip(families, ids.sample_id, strict=True)}


def _without_zeros(ids: NamedIds) -> set[str]:
    return {name.lstrip("0") for name in ids.sample_id}


def _lower(ids: NamedIds) -> set[str]:
    return {name.lower() for name in ids.sample_id}


def _without_fraction(ids: NamedIds) -> set[str]:
    return {name.removesuffix(".0") for name in ids.sample_id}


def first_ids(ids: NamedIds, limit: int = 2) -> str:
    """Return the first ids, quoted, as a join by both would see them: `"P1", "P2"`."""
    if has_families(ids.family_id) and ids.family_id is not None:
        shown = [
            f"{a} {b}" for a, b in zip(ids.family_id[:limit], ids.sample_id[:limit], strict=True)
        ]
    else:
        shown = list(ids.sample_id[:limit])
    return ", ".join(f'"{name}"' for name in shown) or "none"
