"""The report card of an embedding: its numbers, as text and as JSON."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.agreement import IntraclassCorrelation
from igwas.embeddings.explained import Explained
from igwas.embeddings.retrieval import ColourMatchedRetrieval, Retrieval, RetrievalDifference
from igwas.wording import counted

Values = npt.NDArray[np.float64]

LEVELS = (
    "fit for a GWAS",
    "fit for a GWAS, with warnings",
    "not fit for a GWAS",
    "cannot be judged",
)
FIT, WARNED, UNFIT, UNKNOWN = LEVELS


@dataclass(frozen=True)
class People:
    """Who is in the file and who was asked.

    Parameters
    ----------
    n_images, n_participants : int
    n_without_vector : int
        Images whose vector has a value that is not finite; they are left out of everything.
    n_with_both_eyes : int
        People with a left and a right image.
    n_trained_on : int or None
        Of those, people the encoder was trained or validated on, left out; None where the file
        does not say.
    n_compared : int
        People whose eyes are compared: those left, or a sample of them.
    n_same_visit : int
        Of those, people whose two images are known to be of one visit.
    is_sampled : bool
        Whether more people could have been compared.
    """

    n_images: int
    n_participants: int
    n_without_vector: int
    n_with_both_eyes: int
    n_trained_on: int | None
    n_compared: int
    n_same_visit: int
    is_sampled: bool


@dataclass(frozen=True)
class Spread:
    """How the embedding fills its space.

    Parameters
    ----------
    effective_rank : float
        Axes really used.
    shares : float64 (dimensions,)
        Share of the variance of each principal axis.
    dead : tuple of str
        Names of dimensions that do not vary.
    uniformity, alignment : float
        Of unit vectors of the people compared.
    """

    effective_rank: float
    shares: Values
    dead: tuple[str, ...]
    uniformity: float
    alignment: float


@dataclass(frozen=True)
class ColourComparison:
    """The embedding beside the colour histogram, and among people of the same colours."""

    histogram: Retrieval
    difference: RetrievalDifference
    matched: ColourMatchedRetrieval


@dataclass(frozen=True)
class Finding:
    """One sentence with its number; `level` is good, note, warning, failure or unknown."""

    level: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What to make of it: one of LEVELS, and why."""

    level: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class AuditNumbers:
    """What was measured; None where it could not be.

    Parameters
    ----------
    path : Path
    dimension_names : tuple of str
    people : People
    retrieval : Retrieval or None
    colour : ColourComparison or None
    one_way, absolute : IntraclassCorrelation
        ICC(1,1) and ICC(A,1) of each dimension between the eyes.
    spread : Spread
    explained : tuple of Explained
    """

    path: Path
    dimension_names: tuple[str, ...]
    people: People
    retrieval: Retrieval | None
    colour: ColourComparison | None
    one_way: IntraclassCorrelation
    absolute: IntraclassCorrelation
    spread: Spread
    explained: tuple[Explained, ...]

    @property
    def n_dimensions(self) -> int:
        """Width of the embedding."""
        return len(self.dimension_names)


@dataclass(frozen=True)
class AuditReport:
    """The report card.

    Parameters
    ----------
    numbers : AuditNumbers
    verdict : Verdict
    provenance : dict
        Who made it from what.
    written : tuple of Path
        Files that were written.
    """

    numbers: AuditNumbers
    verdict: Verdict
    provenance: dict[str, Any]
    written: tuple[Path, ...] = ()

    def describe(self) -> list[str]:
        """Lines for the screen."""
        numbers = self.numbers
        lines = [*_people_lines(numbers), "", *_retrieval_lines(numbers)]
        lines += ["", *_agreement_lines(numbers), "", *_spread_lines(numbers)]
        if numbers.explained:
            lines += ["", *_explained_lines(numbers)]
        lines += ["", f"verdict: {self.verdict.level}"]
        lines += [f"  {finding.level}: {finding.text}" for finding in self.verdict.findings]
        lines += [f"{path} written" for path in self.written]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Everything but the pictures, ready for JSON: what could not be measured is None."""
        numbers, spread = self.numbers, self.numbers.spread
        colour = numbers.colour
        found: dict[str, Any] = {
            "format": "igwas audit",
            "provenance": self.provenance,
            "verdict": {
                "level": self.verdict.level,
                "findings": [asdict(finding) for finding in self.verdict.findings],
            },
            "people": asdict(numbers.people),
            "retrieval": numbers.retrieval.as_dict() if numbers.retrieval else None,
            "colour": None,
            "spread": {
                "n_dimensions": numbers.n_dimensions,
                "effective_rank": spread.effective_rank,
                "uniformity": spread.uniformity,
                "alignment": spread.alignment,
                "dead_dimensions": list(spread.dead),
                "variance_shares": spread.shares.tolist(),
            },
            "dimensions": _dimension_table(numbers),
            "explained": [_explained_dict(one) for one in numbers.explained],
        }
        if colour is not None:
            found["colour"] = {
                "histogram": colour.histogram.as_dict(),
                "embedding_minus_histogram": {
                    name: getattr(colour.difference, name).as_dict()
                    for name in ("top1", "top5", "mean_average_precision")
                },
                "matched": colour.matched.as_dict(),
            }
        finite: dict[str, Any] = _without_nan(found)
        return finite


def _dimension_table(numbers: AuditNumbers) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "icc_1_1": _interval(numbers.one_way, at),
            "icc_a_1": _interval(numbers.absolute, at),
            "explained": {one.name: float(one.cross_validated[at]) for one in numbers.explained},
        }
        for at, name in enumerate(numbers.dimension_names)
    ]


def _interval(found: IntraclassCorrelation, at: int) -> dict[str, float]:
    return {name: float(getattr(found, name)[at]) for name in ("value", "low", "high")}


def _explained_dict(one: Explained) -> dict[str, Any]:
    return {
        "name": one.name, "kind": one.kind, "n_images": one.n_images, "n_terms": one.n_terms,
        "r2": one.total, "adjusted": one.total_adjusted,
        "cross_validated": one.total_cross_validated,
    }  # fmt: skip


def _without_nan(value: Any) -> Any:
    """NaN and infinities become None: JSON has no word for them."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _people_lines(numbers: AuditNumbers) -> list[str]:
    people = numbers.people
    lines = [
        f"{numbers.path}: {counted(people.n_images, 'image', 'images')} of "
        f"{counted(people.n_participants, 'participant', 'participants')} x "
        f"{counted(numbers.n_dimensions, 'dimension', 'dimensions')}"
    ]
    if people.n_without_vector:
        without = counted(people.n_without_vector, "image", "images")
        lines.append(f"  {without} with NaN or infinite values left out")
    both = counted(people.n_with_both_eyes, "participant has", "participants have")
    lines.append(f"  {both} both eyes")
    if people.n_trained_on is None:
        lines.append("  WHO THE ENCODER WAS TRAINED ON IS NOT KNOWN: nobody is left out for it")
    else:
        lines.append(f"  {people.n_trained_on:,} of them left out: the encoder was trained on them")
    sampled = ", a sample (--max-people)" if people.is_sampled else ""
    lines.append(
        f"  {people.n_compared:,} are compared{sampled}; of {people.n_same_visit:,} both images "
        "are known to be of one visit"
    )
    return lines


def _retrieval_lines(numbers: AuditNumbers) -> list[str]:
    found = numbers.retrieval
    if found is None:
        return ["other eye found: not measured, nobody to compare"]
    lines = ["other eye found [95 % interval over people], and by chance"]
    names = {"top1": "top-1", "top5": "top-5", "mean_average_precision": "mAP"}
    for name, label in names.items():
        lines.append(f"  {label:27s} {getattr(found, name)!s:24s} {found.chance[name]:.3f}")
    if numbers.colour is None:
        return lines
    colour = numbers.colour
    matched = f"top-1 of {colour.matched.n_decoys + 1} alike in colour"
    lines.append(f"  {matched:27s} {colour.matched.top1!s:24s} {colour.matched.chance:.3f}")
    lines.append(f"  {'colour histogram, top-1':27s} {colour.histogram.top1}")
    lines.append(f"  {'embedding minus histogram':27s} {colour.difference.top1}")
    return lines


def _agreement_lines(numbers: AuditNumbers) -> list[str]:
    lines = ["agreement of the eyes over dimensions: least, quartiles, most"]
    for label, found in (("ICC(1,1)", numbers.one_way), ("ICC(A,1)", numbers.absolute)):
        known = found.value[np.isfinite(found.value)]
        if not len(known):
            lines.append(f"  {label} not measured")
            continue
        quantiles = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
        lines.append(f"  {label} " + " ".join(f"{value:6.3f}" for value in quantiles))
    return lines


def _spread_lines(numbers: AuditNumbers) -> list[str]:
    spread = numbers.spread
    dead = f": {_first(spread.dead)}" if spread.dead else ""
    return [
        f"effective rank {spread.effective_rank:.1f} of {numbers.n_dimensions:,}; "
        f"{len(spread.dead):,} dead dimensions{dead}",
        f"uniformity {spread.uniformity:.3f} (0 is a single point), alignment "
        f"{spread.alignment:.3f} (0 is both eyes alike, 2 unrelated)",
    ]


def _first(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _explained_lines(numbers: AuditNumbers) -> list[str]:
    n_images = max(one.n_images for one in numbers.explained)
    lines = [
        f"variance explained, {counted(n_images, 'image', 'images')}: R2, adjusted, "
        "cross-validated by person, and its most in a dimension"
    ]
    for one in sorted(numbers.explained, key=_cross_validated, reverse=True):
        most = ""
        if np.isfinite(one.cross_validated).any():
            at = int(np.nanargmax(one.cross_validated))
            most = f"{one.cross_validated[at]:6.3f} ({numbers.dimension_names[at]})"
        lines.append(
            f"  {one.name:20.20s} {one.total:6.3f} {one.total_adjusted:6.3f} "
            f"{one.total_cross_validated:6.3f} {most}"
        )
    return lines


def _cross_validated(one: Explained) -> float:
    value = one.total_cross_validated
    return value if math.isfinite(value) else -math.inf
