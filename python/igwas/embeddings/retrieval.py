"""Find a person's other eye: the test of an encoder that needs no labels.

The query is the vector of one eye, the gallery is everybody's other eye; both directions count
alike. Intervals are over people: their ranks are drawn again, the gallery stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.bootstrap import BootstrapOptions, Estimate, mean_with_interval
from igwas.errors import InputError, ShapeError

Vectors = npt.NDArray[np.floating[Any]]
Ranks = npt.NDArray[np.int64]

N_DECOYS = 10
TOP = 5

# Cosines that differ by less are a tie: products of other shapes round differently.
_TIE = 1e-12
# A slab of similarities is at most this many numbers of 8 bytes.
_SLAB_SIMILARITIES = 2**22


@dataclass(frozen=True)
class Retrieval:
    """How well other eyes are found.

    Parameters
    ----------
    ranks : int64 (directions, people)
        Place of the mate in the gallery, 1 is first; row 0 asks with left eyes, row 1 with right.
        Of equally similar eyes the mate comes last, so that a constant vector finds nobody.
    top1, top5, mean_average_precision : Estimate
        Means over people and directions, with intervals over people.
    """

    ranks: Ranks
    top1: Estimate
    top5: Estimate
    mean_average_precision: Estimate

    @property
    def n_people(self) -> int:
        """People in query and gallery."""
        return int(self.ranks.shape[1])

    @property
    def chance(self) -> dict[str, float]:
        """What random vectors give in a gallery of this size."""
        return chance_level(self.n_people)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: everything but the ranks."""
        return {
            "n_people": self.n_people,
            "top1": self.top1.as_dict(),
            "top5": self.top5.as_dict(),
            "mean_average_precision": self.mean_average_precision.as_dict(),
            "chance": self.chance,
        }


@dataclass(frozen=True)
class RetrievalDifference:
    """First embedding minus second, of the same people: top-1, top-5, mean average precision."""

    top1: Estimate
    top5: Estimate
    mean_average_precision: Estimate


@dataclass(frozen=True)
class ColourMatchedRetrieval:
    """How often the mate beats the eyes nearest to it in colour.

    Parameters
    ----------
    is_found : bool (directions, people)
        Whether the mate is more similar to the query than every decoy.
    top1 : Estimate
        Share found, with an interval over people.
    n_decoys : int
        Decoys a query.
    """

    is_found: npt.NDArray[np.bool_]
    top1: Estimate
    n_decoys: int

    @property
    def chance(self) -> float:
        """What random vectors give."""
        return 1 / (self.n_decoys + 1)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "n_people": int(self.is_found.shape[1]),
            "n_decoys": self.n_decoys,
            "top1": self.top1.as_dict(),
            "chance": self.chance,
        }


def left_right_retrieval(
    left: Vectors, right: Vectors, *, bootstrap: BootstrapOptions | None = None
) -> Retrieval:
    """Ask with each eye for the same person's other eye, by cosine similarity.

    Parameters
    ----------
    left, right : float (people, dimensions)
        One vector an eye; row i of both is the same person.
    bootstrap : BootstrapOptions, optional
        Draws, confidence and seed of the intervals.

    Returns
    -------
    Retrieval
        NaN estimates where there is nobody.

    Raises
    ------
    ShapeError
        If the two arrays differ in shape.
    InputError
        If a value is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> eyes = np.eye(4)
    >>> left_right_retrieval(eyes, eyes).top1.value
    1.0
    >>> left_right_retrieval(eyes, eyes[[1, 0, 2, 3]]).top1.value
    0.5
    """
    ranks = mate_ranks(left, right)
    return Retrieval(ranks, *_summaries(ranks, None, bootstrap))


def compare_retrieval(
    first: Retrieval, second: Retrieval, *, bootstrap: BootstrapOptions | None = None
) -> RetrievalDifference:
    """Difference of two embeddings of the same people, paired by person.

    Parameters
    ----------
    first, second : Retrieval
        Of the same people in the same order.
    bootstrap : BootstrapOptions, optional
        Draws, confidence and seed of the intervals.

    Returns
    -------
    RetrievalDifference
        First minus second; an interval that excludes zero tells the two apart.

    Raises
    ------
    ShapeError
        If they have other numbers of people.
    """
    if first.ranks.shape != second.ranks.shape:
        raise ShapeError(
            f"the first has {first.n_people:,} people, the second {second.n_people:,}; expected "
            "the same people in the same order. Compare on the people that both have."
        )
    return RetrievalDifference(*_summaries(first.ranks, second.ranks, bootstrap))


def _summaries(
    ranks: Ranks, minus: Ranks | None, bootstrap: BootstrapOptions | None
) -> Iterator[Estimate]:
    by_person = _measures(ranks)
    if minus is not None:
        by_person = by_person - _measures(minus)
    return (mean_with_interval(values, bootstrap) for values in by_person)


def _measures(ranks: Ranks) -> npt.NDArray[np.float64]:
    """Top-1, top-5 and mean average precision of each person, (3, people)."""
    return np.asarray(np.stack([ranks == 1, ranks <= TOP, 1 / ranks]).mean(axis=1))


def chance_level(n_people: int) -> dict[str, float]:
    """Expected top-1, top-5 and mean average precision of random vectors.

    Examples
    --------
    >>> chance_level(10)["top5"]
    0.5
    """
    if n_people == 0:
        return dict.fromkeys(("top1", "top5", "mean_average_precision"), float("nan"))
    return {
        "top1": 1 / n_people,
        "top5": min(TOP, n_people) / n_people,
        "mean_average_precision": float((1 / np.arange(1, n_people + 1)).mean()),
    }


def mate_ranks(left: Vectors, right: Vectors) -> Ranks:
    """Place of each person's other eye in the gallery, for both directions.

    Parameters
    ----------
    left, right : float (people, dimensions)
        Row i of both is the same person.

    Returns
    -------
    int64 (directions, people)
        1 is first; row 0 asks with left eyes, row 1 with right eyes.

    Raises
    ------
    ShapeError, InputError
        As `left_right_retrieval`.
    """
    left, right = _unit_pairs(left, right)
    return np.stack([_ranks_in_gallery(left, right), _ranks_in_gallery(right, left)])


def _ranks_in_gallery(query: Vectors, gallery: Vectors) -> Ranks:
    mate = np.einsum("pd,pd->p", query, gallery)
    ranks = np.empty(len(query), dtype=np.int64)
    for rows in _slabs(len(query)):
        at_least = query[rows] @ gallery.T >= mate[rows, None] - _TIE
        ranks[rows] = at_least.sum(axis=1)
    return ranks


def colour_matched_retrieval(
    left: Vectors,
    right: Vectors,
    left_colour: Vectors,
    right_colour: Vectors,
    *,
    n_decoys: int = N_DECOYS,
    bootstrap: BootstrapOptions | None = None,
) -> ColourMatchedRetrieval:
    """Ask for the other eye among those of the people nearest to it in colour.

    What is found here is found by more than colour, camera and exposure. Decoys are eyes of other
    people on the mate's side, nearest to the mate by the cosine of their colour histograms.

    Parameters
    ----------
    left, right : float (people, dimensions)
        One vector an eye; row i of both is the same person.
    left_colour, right_colour : float (people, bins)
        Their `colour_histogram`.
    n_decoys : int
        Decoys a query; fewer where there are fewer other people.
    bootstrap : BootstrapOptions, optional
        Draws, confidence and seed of the interval.

    Returns
    -------
    ColourMatchedRetrieval
        NaN where there are fewer than two people.

    Raises
    ------
    ShapeError
        If the arrays disagree on people; InputError if a value is NaN or infinite.
    """
    if not len(left) == len(left_colour):
        raise ShapeError(
            f"{len(left):,} vectors but {len(left_colour):,} histograms; expected one each a "
            "person. Give both of the same people."
        )
    left, right = _unit_pairs(left, right)
    left_colour, right_colour = _unit_pairs(left_colour, right_colour, np.float32)
    n_decoys = max(0, min(n_decoys, len(left) - 1))
    is_found = np.stack(
        [
            _beats_decoys(left, right, right_colour, n_decoys),
            _beats_decoys(right, left, left_colour, n_decoys),
        ]
    )
    by_person = is_found.mean(axis=0) if n_decoys else np.empty(0)
    return ColourMatchedRetrieval(is_found, mean_with_interval(by_person, bootstrap), n_decoys)


def _beats_decoys(
    query: Vectors, gallery: Vectors, gallery_colour: Vectors, n_decoys: int
) -> npt.NDArray[np.bool_]:
    is_found = np.zeros(len(query), dtype=bool)
    if n_decoys == 0:
        return is_found
    mate = np.einsum("pd,pd->p", query, gallery)
    for rows in _slabs(len(query)):
        likeness = gallery_colour[rows] @ gallery_colour.T
        own = np.arange(rows.start, rows.start + len(likeness))
        likeness[np.arange(len(own)), own] = -np.inf
        decoys = np.argpartition(-likeness, n_decoys - 1, axis=1)[:, :n_decoys]
        similarity = np.einsum("pd,pkd->pk", query[rows], gallery[decoys])
        is_found[rows] = similarity.max(axis=1) < mate[rows] - _TIE
    return is_found


def _slabs(n_rows: int) -> Iterator[slice]:
    step = max(1, _SLAB_SIMILARITIES // max(1, n_rows))
    return (slice(start, start + step) for start in range(0, n_rows, step))


def _unit_pairs(
    left: Vectors, right: Vectors, dtype: npt.DTypeLike = np.float64
) -> tuple[Vectors, Vectors]:
    left, right = np.asarray(left), np.asarray(right)
    if left.ndim != 2 or left.shape != right.shape:
        raise ShapeError(
            f"left eyes are {left.shape}, right eyes {right.shape}; expected one shape (people, "
            "dimensions). Give the people that have both eyes."
        )
    return unit_length(left, dtype), unit_length(right, dtype)


def unit_length(vectors: Vectors, dtype: npt.DTypeLike = np.float64) -> Vectors:
    """Scale each row to length 1; a row of zeros stays zero, similar to nothing.

    Parameters
    ----------
    vectors : float (rows, dimensions)
    dtype : float type
        Of the result; histograms of thousands of bins are kept in float32.

    Raises
    ------
    InputError
        If a value is NaN or infinite, naming its row.
    """
    vectors = np.asarray(vectors, dtype=dtype)
    is_finite = np.isfinite(vectors).all(axis=1)
    if not is_finite.all():
        row = int(np.flatnonzero(~is_finite)[0])
        raise InputError(
            f"vector {row} has a value that is NaN or infinite; expected finite numbers. "
            "Leave such images out."
        )
    # By the largest value first: squares of extremes would overflow or vanish.
    largest = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
    scaled = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest > 0)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(np.divide(scaled, length, out=scaled, where=length > 0))
