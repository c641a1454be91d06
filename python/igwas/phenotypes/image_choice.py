"""Which photographs are used, and why the others are not."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.image_table import ImageTable

Bools = NDArray[np.bool_]


@dataclass
class ImageAccount:
    """Photographs still in, and the reason for each that is not.

    Attributes
    ----------
    images : ImageTable
        All of them.
    reason : object (images,)
        Empty for those still in.
    steps : list of (reason, number)
        What each step left out, in order.
    """

    images: ImageTable
    reason: NDArray[Any] = field(init=False)
    steps: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reason = np.full(len(self.images), "", dtype=object)

    @property
    def is_in(self) -> Bools:
        """Which photographs are still in, bool (images,)."""
        return np.asarray(self.reason == "")

    def leave_out(self, which: Bools, reason: str) -> None:
        """Leave photographs out; those that are out already keep their first reason.

        Raises
        ------
        InputError
            If none is left.
        """
        lost = which & self.is_in
        self.reason[lost] = reason
        if lost.any():
            self.steps.append((reason, int(lost.sum())))
        if not self.is_in.any():
            counts = ", ".join(f"{n:,} {why}" for why, n in self.steps)
            raise InputError(
                f"{self.images.path}: no image is left ({counts}); expected at least one. "
                "Loosen the choice of images."
            )

    def kept(self) -> ImageTable:
        """The photographs still in."""
        return self.images.take(np.flatnonzero(self.is_in))


_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


def choose_visit(images: ImageTable, visit: str) -> Bools:
    """Photographs of the visit asked for: `all`, `first`, `last` (of each person), or its name.

    Visits of a person are in the order of their names, numbers by size. A photograph of an unknown
    visit is taken only of a person of whom there is no other.
    """
    if visit == "all":
        return np.ones(len(images), dtype=bool)
    if visit not in ("first", "last"):
        return np.asarray(images.visit == visit)
    chosen: dict[str, str] = {}
    for person, name in zip(images.participant_id, images.visit, strict=True):
        best = chosen.setdefault(person, name)
        if name in ("", best):
            continue
        is_earlier = _visit_key(name) < _visit_key(best)
        if best == "" or is_earlier == (visit == "first"):
            chosen[person] = name
    wanted = [chosen[person] for person in images.participant_id]
    return np.asarray(images.visit == np.array(wanted, dtype=object))


def _visit_key(name: str) -> tuple[int, float, str]:
    # Not whatever float() takes: "nan" has no order, and "1_0" is a name.
    if _NUMBER.fullmatch(name):
        return (0, float(name), name)
    return (1, 0.0, name)


def best_images(images: ImageTable) -> Bools:
    """The photograph of highest quality of each eye; of equals, the first by id.

    Without a quality a photograph ranks last.
    """
    quality = np.where(np.isnan(images.quality), -np.inf, images.quality)
    order = np.lexsort((images.image_id.astype(str), -quality))
    is_best = np.zeros(len(images), dtype=bool)
    seen: set[tuple[str, str]] = set()
    for row in order.tolist():
        key = (images.participant_id[row], images.eye[row])
        if key not in seen:
            seen.add(key)
            is_best[row] = True
    return is_best


def n_chosen_blindly(images: ImageTable) -> tuple[int, int]:
    """Eyes with several photographs, and how many of those eyes have none with a quality."""
    table = pd.DataFrame({
        "participant": images.participant_id, "eye": images.eye, "quality": images.quality,
    })  # fmt: skip
    eyes = table.groupby(["participant", "eye"])["quality"].agg(["size", "count"])
    several = eyes[eyes["size"] > 1]
    return len(several), int((several["count"] == 0).sum())


def robust_z(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and 1.4826 median absolute deviations of each column, (dimensions,) each."""
    centre = np.median(values, axis=0)
    return centre, 1.4826 * np.median(np.abs(values - centre), axis=0)


def far_images(values: NDArray[np.float64], limit: float) -> Bools:
    """Photographs whose root mean square robust z over all dimensions is above the limit."""
    centre, scale = robust_z(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(scale > 0, (values - centre) / scale, 0.0)
    return np.asarray(np.sqrt((z**2).mean(axis=1)) > limit)


def clip_values(values: NDArray[np.float64], limit: float) -> tuple[NDArray[np.float64], int]:
    """Bring values further than `limit` robust deviations from the median to that distance.

    Returns
    -------
    float64 (images, dimensions), int
        The values, and how many of them were moved.
    """
    centre, scale = robust_z(values)
    reach = np.where(scale > 0, limit * scale, np.inf)
    clipped = np.clip(values, centre - reach, centre + reach)
    return clipped, int((clipped != values).sum())
