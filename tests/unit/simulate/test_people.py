import numpy as np
import pytest

from igwas.simulate import CohortOptions
from igwas.simulate.people import FEMALE, MALE, NO_PARENT, make_people


@pytest.fixture
def people():
    options = CohortOptions(n_samples=1000, n_variants=1, related_fraction=0.4)
    return make_people(options, np.random.default_rng(1))


def test_mothers_are_female_and_fathers_male(people):
    children = people.children
    assert (people.sex[people.mother[children]] == FEMALE).all()
    assert (people.sex[people.father[children]] == MALE).all()


def test_parents_have_no_parents_here(people):
    parents = np.concatenate([people.mother[people.children], people.father[people.children]])
    assert (people.mother[parents] == NO_PARENT).all()


def test_nobody_belongs_to_two_pairs(people):
    rows = [row for pair in people.relatives for row in (pair.first, pair.second)]
    assert len(rows) == len(set(rows)) == 400
    assert max(rows) < people.n_samples


def test_relatives_share_a_family_and_others_do_not(people):
    for pair in people.relatives:
        assert people.family_id[pair.first] == people.family_id[pair.second]
    assert len(set(people.family_id)) == people.n_samples - len(people.relatives)


def test_siblings_share_both_parents(people):
    siblings = [pair for pair in people.relatives if pair.relation == "siblings"]
    assert siblings
    for pair in siblings:
        assert people.mother[pair.first] == people.mother[pair.second] >= people.n_samples
        assert people.father[pair.first] == people.father[pair.second] >= people.n_samples


def test_ancestry_shares_sum_to_one(people):
    np.testing.assert_allclose(people.ancestry.sum(axis=1), 1, atol=1e-5)


def test_sample_ids_are_unique(people):
    assert len(set(people.sample_id)) == people.n_samples
