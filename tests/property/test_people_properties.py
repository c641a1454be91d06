"""What must hold for any photographs: order, sides and the encoder's basis are conventions."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.phenotypes.basis_file import fit_basis
from igwas.phenotypes.image_choice import best_images, clip_values
from igwas.phenotypes.image_table import ImageTable
from igwas.phenotypes.people import average_eyes, eye_values, left_right_correlation

D = 3
WHICH = ("left", "right", "mean", "difference")


def images_of(rows, seed):
    """Photographs of (person, eye) pairs with random vectors."""
    rng = np.random.default_rng(seed)
    person, eye = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    ids = np.array([f"i{k:03d}" for k in range(len(rows))], dtype=object)
    return ImageTable(
        ids, person, eye, np.full(len(rows), "0", dtype=object), rng.random(len(rows)),
        rng.normal(size=(len(rows), D)), tuple("abc"), Path("embeddings.h5"),
    )  # fmt: skip


ROWS = st.lists(
    st.tuples(st.sampled_from("PQRST"), st.sampled_from(["left", "right"])), min_size=1, max_size=25
)
SEEDS = st.integers(0, 1000)


def by_person(images):
    eyes = average_eyes(images)
    values = eye_values(eyes, WHICH, left_right_correlation(eyes))
    return {p: {w: values[w][k] for w in WHICH} for k, p in enumerate(eyes.participant_id)}


@settings(max_examples=60, deadline=None)
@given(ROWS, SEEDS)
def test_the_order_of_photographs_changes_nothing(rows, seed):
    images = images_of(rows, seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    plain, shuffled = by_person(images), by_person(images.take(order))
    assert plain.keys() == shuffled.keys()
    for person, values in plain.items():
        for which in WHICH:
            np.testing.assert_allclose(shuffled[person][which], values[which], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(ROWS, SEEDS)
def test_swapping_sides_flips_the_difference_and_keeps_the_mean(rows, seed):
    images = images_of(rows, seed)
    other = {"left": "right", "right": "left"}
    swapped = images_of([(p, other[e]) for p, e in rows], seed)
    plain, turned = by_person(images), by_person(swapped)
    for person, values in plain.items():
        np.testing.assert_allclose(turned[person]["difference"], -values["difference"], atol=1e-9)
        np.testing.assert_allclose(turned[person]["mean"], values["mean"], atol=1e-9)
        np.testing.assert_array_equal(turned[person]["left"], values["right"])


@settings(max_examples=60, deadline=None)
@given(ROWS, SEEDS)
def test_every_phenotype_turns_with_the_basis_of_the_encoder(rows, seed):
    images = images_of(rows, seed)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(D, D)))[0]
    turned = by_person(images.with_values(images.values @ turn, images.names))
    for person, values in by_person(images).items():
        for which in WHICH:
            np.testing.assert_allclose(turned[person][which], values[which] @ turn, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(ROWS, SEEDS)
def test_one_photograph_of_each_eye_is_the_best(rows, seed):
    images = images_of(rows, seed)
    kept = np.flatnonzero(best_images(images))
    assert len(kept) == len(set(rows))
    for row in kept:
        same = [k for k, key in enumerate(rows) if key == rows[row]]
        assert images.quality[row] == max(images.quality[k] for k in same)


@given(SEEDS, st.floats(0.5, 8))
def test_clipping_twice_clips_nothing_more_than_the_limit(seed, limit):
    values = np.random.default_rng(seed).standard_t(2, (50, D))
    clipped, n_moved = clip_values(values, limit)
    centre = np.median(values, axis=0)
    reach = limit * 1.4826 * np.median(np.abs(values - centre), axis=0)
    assert (np.abs(clipped - centre) <= reach * (1 + 1e-12)).all()
    assert n_moved == (clipped != values).sum()


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_whitening_makes_components_of_variance_one(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(60, D)) @ rng.normal(size=(D, D)) + 5
    basis = fit_basis(values, "abc", whiten=True)
    white = (values - basis.mean) @ basis.weight
    np.testing.assert_allclose(np.cov(white.T), np.eye(len(basis.component_names)), atol=1e-6)
