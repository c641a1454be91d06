"""Eyes that an encoder finds alike: the nearest other people of a query."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.retrieval import unit_length


@dataclass(frozen=True)
class Neighbours:
    """Queries and what is nearest to them; rows index the vectors that were given.

    Parameters
    ----------
    query, mate : int64 (queries,)
        The photograph asked with, and the same person's other eye.
    nearest : int64 (queries, neighbours)
        Nearest photographs of other people, the most similar first.
    mate_similarity : float64 (queries,)
    similarity : float64 (queries, neighbours)
        Cosines.
    """

    query: npt.NDArray[np.int64]
    mate: npt.NDArray[np.int64]
    nearest: npt.NDArray[np.int64]
    mate_similarity: npt.NDArray[np.float64]
    similarity: npt.NDArray[np.float64]


def nearest_neighbours(
    left: npt.NDArray[np.floating[Any]],
    right: npt.NDArray[np.floating[Any]],
    people: npt.NDArray[np.int64],
    *,
    n_neighbours: int = 5,
) -> Neighbours:
    """Ask with the left eyes of some people among both eyes of everybody.

    Parameters
    ----------
    left, right : float (people, dimensions)
        Row i of both is the same person.
    people : int64 (queries,)
        Rows to ask with.
    n_neighbours : int
        Fewer where there are fewer other people.

    Returns
    -------
    Neighbours
        Its rows count the left eyes first, then the right ones.
    """
    n_people = len(left)
    both = unit_length(np.concatenate([left, right]))
    similarity = both[people] @ both.T
    query = np.arange(len(people))
    mate_similarity = similarity[query, people + n_people].copy()
    similarity[query, people] = similarity[query, people + n_people] = -np.inf
    n_neighbours = min(n_neighbours, 2 * (n_people - 1))
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :n_neighbours]
    found = np.take_along_axis(similarity, nearest, axis=1)
    return Neighbours(people, people + n_people, nearest, mate_similarity, found)


def chosen_queries(
    ranks: npt.NDArray[np.int64], n_queries: int, seed: int
) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """People to look at: some at random, and those whose other eye is found worst.

    Parameters
    ----------
    ranks : int64 (directions, people)
        Of the mates.
    n_queries : int
    seed : int
        Of the random ones.

    Yields
    ------
    str, int64 (queries,)
        Name of the choice, and people.
    """
    n_people = ranks.shape[1]
    n_queries = min(n_queries, n_people)
    drawn = np.random.default_rng(seed).choice(n_people, n_queries, replace=False)
    yield "random", np.sort(drawn)
    yield "worst", np.argsort(-ranks[0], kind="stable")[:n_queries]
