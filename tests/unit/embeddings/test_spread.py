import numpy as np
import pytest
from tests.reference import embeddings as twin

from igwas.embeddings import spread
from igwas.errors import InputError, ShapeError


@pytest.fixture
def vectors():
    return np.random.default_rng(4).normal(size=(37, 5)) @ np.diag([3, 1, 1, 0.5, 0.1])


@pytest.mark.parametrize("slab", [1, 10, 2**14])
def test_the_covariance_does_not_depend_on_slabs(vectors, slab, monkeypatch):
    monkeypatch.setattr(spread, "_SLAB_ROWS", slab)
    np.testing.assert_allclose(spread.covariance(vectors), np.cov(vectors.T), rtol=1e-12)


def test_the_effective_rank_is_that_of_the_plain_twin(vectors):
    shares = spread.spectrum(spread.covariance(vectors))
    assert shares.sum() == pytest.approx(1)
    assert spread.effective_rank(shares) == pytest.approx(twin.effective_rank(vectors))


def test_the_effective_rank_counts_axes_used():
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(20_000, 6))
    assert spread.effective_rank(spread.spectrum(spread.covariance(wide))) == pytest.approx(
        6, abs=0.01
    )
    line = np.outer(rng.normal(size=100), [1, 2, 3])
    assert spread.effective_rank(spread.spectrum(spread.covariance(line))) == pytest.approx(1)


@pytest.mark.parametrize("slab", [10, 2**22])
def test_uniformity_is_that_of_the_plain_twin(vectors, slab, monkeypatch):
    monkeypatch.setattr(spread, "_SLAB_PAIRS", slab)
    assert spread.uniformity(vectors) == pytest.approx(twin.uniformity(vectors))


def test_alignment_is_that_of_the_plain_twin(vectors):
    other = vectors + np.random.default_rng(1).normal(size=vectors.shape)
    assert spread.alignment(vectors, other) == pytest.approx(twin.alignment(vectors, other))


def test_a_single_point_has_uniformity_zero_and_alignment_zero():
    same = np.ones((9, 4))
    assert spread.uniformity(same) == pytest.approx(0, abs=1e-12)
    assert spread.alignment(same, same) == 0


def test_dead_dimensions_are_those_without_variance(vectors):
    vectors = np.column_stack([vectors, np.full(37, 2.0), 1e-6 * vectors[:, 0]])
    assert spread.dead_dimensions(spread.covariance(vectors)).tolist() == [5, 6]


def test_where_nothing_varies_everything_is_dead():
    of_covariance = spread.covariance(np.ones((9, 3)))
    assert spread.dead_dimensions(of_covariance).tolist() == [0, 1, 2]
    assert np.isnan(spread.effective_rank(spread.spectrum(of_covariance)))


def test_too_few_rows_are_nan():
    one = np.ones((1, 3))
    assert np.isnan(spread.uniformity(one))
    assert np.isnan(spread.alignment(one[:0], one[:0]))
    assert np.isnan(spread.covariance(one)).all()


def test_bad_arrays_are_refused(vectors):
    with pytest.raises(ShapeError, match="one shape"):
        spread.alignment(vectors, vectors[:3])
    vectors[3, 3] = np.nan
    with pytest.raises(InputError, match="vector 3"):
        spread.uniformity(vectors)
