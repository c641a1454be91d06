import numpy as np

from igwas.embeddings.neighbours import chosen_queries, nearest_neighbours
from igwas.embeddings.retrieval import mate_ranks


def eyes(n_people=9):
    rng = np.random.default_rng(2)
    person = rng.normal(size=(n_people, 4))
    return person + 0.3 * rng.normal(size=person.shape), person + 0.3 * rng.normal(
        size=person.shape
    )


def test_neighbours_are_the_most_similar_eyes_of_other_people():
    left, right = eyes()
    both = np.concatenate([left, right])
    both = both / np.linalg.norm(both, axis=1, keepdims=True)
    found = nearest_neighbours(left, right, np.array([3, 7]), n_neighbours=4)
    for row, person in enumerate((3, 7)):
        similarity = both @ both[person]
        others = [at for at in np.argsort(-similarity) if at % 9 != person]
        assert found.nearest[row].tolist() == others[:4]
        np.testing.assert_allclose(found.similarity[row], similarity[others[:4]])
        np.testing.assert_allclose(found.mate_similarity[row], similarity[person + 9])
    assert found.mate.tolist() == [12, 16]


def test_few_people_have_few_neighbours():
    found = nearest_neighbours(*eyes(2), np.array([0]), n_neighbours=5)
    assert sorted(found.nearest[0].tolist()) == [1, 3]


def test_queries_are_random_by_seed_and_worst_by_rank():
    ranks = mate_ranks(*eyes(30))
    chosen = dict(chosen_queries(ranks, 5, seed=1))
    assert chosen["random"].tolist() == dict(chosen_queries(ranks, 5, seed=1))["random"].tolist()
    worst = ranks[0][chosen["worst"]]
    assert worst.tolist() == sorted(ranks[0], reverse=True)[:5]
    assert len(dict(chosen_queries(ranks, 99, seed=1))["random"]) == 30
