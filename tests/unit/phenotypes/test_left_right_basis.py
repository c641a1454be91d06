"""Components that both eyes share: against scipy's solver, planted ones, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from tests.reference.embeddings_fixture import random_rows, write_embeddings

from igwas.errors import InputError, OptionError
from igwas.phenotypes.from_embeddings import make_phenotypes
from igwas.phenotypes.left_right_basis import fit_left_right_basis
from igwas.phenotypes.options import PhenotypeOptions
from igwas.phenotypes.people import Eyes
from igwas.phenotypes.table import read_phenotypes

N_PEOPLE, N_DIMENSIONS = 400, 5
NAMES = tuple(f"dim_{k:03d}" for k in range(N_DIMENSIONS))


def make_eyes(seed=0, shares=(0.1, 0.9, 0.3, 0.6, 0.2), scales=(9.0, 0.1, 3.0, 1.0, 5.0)):
    """People whose eyes share a share of each dimension's variance; three have one eye."""
    generator = np.random.default_rng(seed)
    shares, scales = np.array(shares), np.array(scales)
    common = generator.normal(size=(N_PEOPLE, len(shares))) * np.sqrt(shares)
    own = generator.normal(size=(2, N_PEOPLE, len(shares))) * np.sqrt(1 - shares)
    values = np.concatenate([(common + own) * scales + 7, np.full((1, *common.shape), np.nan)])
    counts = np.tile(np.array([1, 1, 0]), (N_PEOPLE, 1))
    counts[:3, 1] = 0
    values[1, :3] = np.nan
    return Eyes([f"P{k}" for k in range(N_PEOPLE)], counts, values)


def twin(eyes):
    """Eigenvalues and vectors of C w = r S w, by scipy's generalised solver."""
    left, right = eyes.values[0, 3:], eyes.values[1, 3:]
    middle = np.concatenate([left, right]).mean(axis=0)
    left, right = left - middle, right - middle
    pooled = (left.T @ left + right.T @ right) / (2 * len(left))
    crossed = (left.T @ right + right.T @ left) / (2 * len(left))
    values, vectors = eigh(crossed, pooled)
    return values[::-1], vectors[:, ::-1], pooled


def test_components_are_those_of_the_generalised_eigenvalue_problem():
    eyes = make_eyes()
    basis = fit_left_right_basis(eyes, np.zeros(N_DIMENSIONS), NAMES)
    values, vectors, pooled = twin(eyes)
    np.testing.assert_allclose(basis.correlation, values, atol=1e-12)
    np.testing.assert_allclose(np.abs(basis.weight), np.abs(vectors), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(basis.weight.T @ pooled @ basis.weight, np.eye(5), atol=1e-10)
    # What the components carry adds up to the variance that there is.
    assert basis.variance.sum() == pytest.approx(np.trace(pooled))


def test_what_is_faint_but_shared_comes_first():
    basis = fit_left_right_basis(make_eyes(), np.zeros(N_DIMENSIONS), NAMES, 3)
    scaled = np.abs(basis.weight) * np.array([9.0, 0.1, 3.0, 1.0, 5.0])[:, None]
    assert scaled.argmax(axis=0).tolist() == [1, 3, 2]
    np.testing.assert_allclose(basis.correlation, [0.9, 0.6, 0.3], atol=0.1)
    assert basis.component_names == ("cc_001", "cc_002", "cc_003")


@given(st.integers(0, 10_000))
def test_a_map_of_the_embedding_leaves_the_components_alone(seed):
    eyes = make_eyes()
    turn = np.random.default_rng(seed).normal(size=(N_DIMENSIONS, N_DIMENSIONS))
    if np.linalg.cond(turn) > 1e3:
        return
    mapped = Eyes(eyes.participant_id, eyes.n_images, eyes.values @ turn)
    plain = fit_left_right_basis(eyes, np.zeros(N_DIMENSIONS), NAMES)
    other = fit_left_right_basis(mapped, np.zeros(N_DIMENSIONS), NAMES)
    np.testing.assert_allclose(other.correlation, plain.correlation, atol=1e-8)
    scores, others = eyes.values[0] @ plain.weight, mapped.values[0] @ other.weight
    signs = np.sign((scores * others).sum(axis=0))
    np.testing.assert_allclose(others * signs, scores, atol=1e-5)


def test_a_dimension_without_variance_is_no_component():
    eyes = make_eyes(scales=(9.0, 0.1, 0.0, 1.0, 5.0))
    assert fit_left_right_basis(eyes, np.zeros(5), NAMES).weight.shape == (5, 4)
    with pytest.raises(OptionError, match="expected 1 to 4"):
        fit_left_right_basis(eyes, np.zeros(5), NAMES, 5)


def test_what_is_measured_in_small_numbers_is_no_rounding():
    plain = fit_left_right_basis(make_eyes(), np.zeros(5), NAMES)
    scales = (9e7, 1e-8, 3.0, 1e6, 5e-7)
    other = fit_left_right_basis(make_eyes(scales=scales), np.zeros(5), NAMES)
    np.testing.assert_allclose(other.correlation, plain.correlation, atol=1e-9)


def test_eyes_that_do_not_vary_are_refused():
    with pytest.raises(InputError, match="the same value in every dimension"):
        fit_left_right_basis(make_eyes(scales=(0.0,) * 5), np.zeros(5), NAMES)


def test_too_few_people_with_both_eyes_are_refused():
    eyes = make_eyes()
    few = Eyes(eyes.participant_id[:8], eyes.n_images[:8], eyes.values[:, :8])
    with pytest.raises(InputError, match="5 people have both eyes, for 5 dimensions"):
        fit_left_right_basis(few, np.zeros(5), NAMES)


def test_left_right_components_are_made_saved_and_applied_again(tmp_path):
    rows = random_rows(60)
    source = write_embeddings(tmp_path / "embeddings.h5", rows)
    basis, first, second = (tmp_path / name for name in ("basis.h5", "first.h5", "second.h5"))
    options = PhenotypeOptions(components=3, components_by="left-right", save_basis=basis)
    summary = make_phenotypes(source, first, options=options)
    made = read_phenotypes(first)
    assert made.names[:3] == ("left_cc_001", "left_cc_002", "left_cc_003")
    assert any("3 components, of which left and right correlate by" in n for n in summary.notes)
    make_phenotypes(source, second, options=PhenotypeOptions(basis=basis))
    np.testing.assert_array_equal(read_phenotypes(second).values, made.values)


def test_an_order_of_components_that_is_none_is_refused():
    with pytest.raises(OptionError, match="expected one of: variance, left-right"):
        PhenotypeOptions(components_by="likeness")
