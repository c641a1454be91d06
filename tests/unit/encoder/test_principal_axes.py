"""Principal axes from sums over slabs equal those of the singular value decomposition."""

import numpy as np
import pytest

from igwas.encoder.principal_axes import Moments

VECTORS = np.random.default_rng(4).normal(size=(40, 6)) * [5, 4, 3, 2, 1, 0.5] + 3


def axes(vectors, n, **options):
    moments = Moments(vectors.shape[1])
    for start in range(0, len(vectors), 7):
        moments.add(vectors[start : start + 7])
    return moments.axes(n, **options)


def test_axes_equal_the_singular_vectors():
    found = axes(VECTORS, 3)
    centred = VECTORS - VECTORS.mean(0)
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(found.centre, VECTORS.mean(0))
    assert np.allclose(np.abs(np.sum(found.axes * rows[:3].T, axis=0)), 1)
    assert found.variance_share == pytest.approx((values[:3] ** 2).sum() / (values**2).sum())


def test_the_largest_weight_of_an_axis_is_positive():
    found = axes(VECTORS, 6).axes
    assert (found[np.abs(found).argmax(0), np.arange(6)] > 0).all()


def test_no_more_axes_than_there_is_variance_along():
    flat = np.concatenate([VECTORS[:, :2], VECTORS[:, :2] * 2], 1)
    assert axes(flat, 4).axes.shape == (4, 2)
    assert axes(VECTORS[:3], 6).axes.shape == (6, 2)


def test_whitened_axes_have_about_unit_variance():
    found = axes(VECTORS, 6, whiten=True)
    variances = ((VECTORS - found.centre) @ found.axes).var(0)
    assert variances[0] == pytest.approx(1, abs=0.02)
    assert 0.5 < variances[-1] < 1
