import numpy as np
import pytest
import statsmodels.api as sm
from tests.reference import embeddings as twin

from igwas.embeddings import explained
from igwas.embeddings.explained import Variable, explain
from igwas.embeddings.variables import number_variable
from igwas.errors import ShapeError


@pytest.fixture
def cohort():
    """200 images of 100 people, 4 dimensions, 3 terms that explain some of the first two."""
    rng = np.random.default_rng(6)
    people = [f"P{index // 2}" for index in range(200)]
    design = rng.normal(size=(200, 3))
    vectors = rng.normal(size=(200, 4))
    vectors[:, :2] += design[:, :2] * [1.0, 0.5]
    return vectors, people, design


def test_r2_and_adjusted_r2_are_those_of_statsmodels(cohort):
    vectors, people, design = cohort
    found = explain(vectors, people, Variable("x", design, "group"))
    for dimension in range(4):
        fit = sm.OLS(vectors[:, dimension], sm.add_constant(design)).fit()
        assert found.r2[dimension] == pytest.approx(fit.rsquared, rel=1e-10)
        assert found.adjusted[dimension] == pytest.approx(fit.rsquared_adj, rel=1e-10)
    assert found.n_terms == 3


def test_the_cross_validated_share_is_that_of_the_plain_twin(cohort):
    vectors, people, design = cohort
    found = explain(vectors, people, Variable("x", design, "group"), seed=2)
    fold = explained._folds(np.array(people, dtype=object), 2)
    for dimension in range(4):
        expected = twin.cross_validated_r2(vectors[:, dimension], design, fold)
        assert found.cross_validated[dimension] == pytest.approx(expected, rel=1e-9)


def test_the_total_is_the_share_of_all_variance(cohort):
    vectors, people, design = cohort
    found = explain(vectors, people, Variable("x", design, "group"))
    variance = vectors.var(axis=0)
    assert found.total == pytest.approx((found.r2 * variance).sum() / variance.sum())


def test_images_of_a_person_are_in_one_fold():
    people = np.array([f"P{index % 30}" for index in range(90)], dtype=object)
    fold = explained._folds(people, 0)
    assert all(len(set(fold[people == person])) == 1 for person in set(people))
    assert set(fold) == set(range(5))


def test_noise_explains_nothing_of_people_not_seen():
    # 40 random terms of 120 images: R2 is about 40 / 119, and a person's images are alike.
    rng = np.random.default_rng(0)
    people = [f"P{index // 2}" for index in range(120)]
    design = np.repeat(rng.normal(size=(60, 40)), 2, axis=0)
    vectors = np.repeat(rng.normal(size=(60, 3)), 2, axis=0)
    found = explain(vectors, people, Variable("noise", design, "group"))
    assert found.total > 0.5
    assert found.total_cross_validated < 0


def test_missing_values_leave_their_images_out(cohort):
    vectors, people, design = cohort
    spoilt = design.copy()
    spoilt[::4, 1] = np.nan
    kept = np.arange(200) % 4 != 0
    found = explain(vectors, people, Variable("x", spoilt, "group"))
    expected = explain(
        vectors[kept], [p for p, k in zip(people, kept, strict=True) if k],
        Variable("x", design[kept], "group"),
    )  # fmt: skip
    assert found.n_images == 150
    np.testing.assert_allclose(found.cross_validated, expected.cross_validated)


def test_dependent_and_constant_terms_change_nothing(cohort):
    vectors, people, design = cohort
    more = np.column_stack([design, design[:, 0] - 2 * design[:, 1], np.full(200, 7.0)])
    found = explain(vectors, people, Variable("x", more, "group"))
    expected = explain(vectors, people, Variable("x", design, "group"))
    assert found.n_terms == 3
    np.testing.assert_allclose(found.adjusted, expected.adjusted)
    np.testing.assert_allclose(found.cross_validated, expected.cross_validated)


def test_constant_dimensions_are_nan_and_do_not_count(cohort):
    vectors, people, design = cohort
    more = np.column_stack([vectors, np.full(200, 0.1)])
    found = explain(more, people, Variable("x", design, "group"))
    assert np.isnan([found.r2[4], found.cross_validated[4]]).all()
    assert found.total == pytest.approx(explain(vectors, people, Variable("x", design, "g")).total)


@pytest.mark.parametrize(
    "design", [np.full((200, 1), np.nan), np.ones((200, 1)), np.empty((200, 0))]
)
def test_a_variable_that_says_nothing_gives_nan(cohort, design):
    vectors, people, _ = cohort
    found = explain(vectors, people, Variable("x", design, "group"))
    assert np.isnan([found.total, found.total_cross_validated]).all()


def test_a_few_images_give_nan_and_no_crash(cohort):
    vectors, people, design = cohort
    for n in (0, 1, 2, 4):
        assert np.isnan(explain(vectors[:n], people[:n], Variable("x", design[:n], "g")).total)
    one_person = explain(vectors[:20], ["P"] * 20, Variable("x", design[:20], "g"))
    assert np.isnan(one_person.total_cross_validated)


def test_a_bend_is_seen(cohort):
    _, people, design = cohort
    vectors = (design[:, :1] ** 2) * [1.0, 2.0]
    assert explain(vectors, people, number_variable("x", design[:, 0])).total == pytest.approx(1)


def test_lengths_that_differ_are_refused(cohort):
    vectors, people, design = cohort
    with pytest.raises(ShapeError, match="199 values of 'x'"):
        explain(vectors, people, Variable("x", design[:199], "group"))
