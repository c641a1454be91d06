"""Alignment, uniformity, effective rank and spread, against their definitions in loops."""

import math

import numpy as np
import pytest

from igwas.encoder.diagnostics import diagnose, effective_rank

PAIRS = np.arange(8, dtype=np.int64).reshape(-1, 2)


def test_alignment_and_uniformity_equal_their_definitions():
    vectors = np.random.default_rng(0).normal(size=(8, 5))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    mates = {tuple(sorted(pair)) for pair in PAIRS.tolist()}
    squared = {
        (i, j): float(((unit[i] - unit[j]) ** 2).sum()) for i in range(8) for j in range(i + 1, 8)
    }
    found = diagnose(vectors, PAIRS)
    assert found.alignment == pytest.approx(np.mean([squared[pair] for pair in mates]))
    others = [math.exp(-2 * d) for pair, d in squared.items() if pair not in mates]
    assert found.uniformity == pytest.approx(math.log(np.mean(others)))


def test_a_constant_encoder_has_collapsed():
    found = diagnose(np.ones((8, 4)), PAIRS)
    assert found.is_collapsed
    assert found.effective_rank == 0
    assert found.spread == pytest.approx(0)


def test_a_line_has_collapsed_and_a_sphere_has_not():
    rng = np.random.default_rng(0)
    assert diagnose(rng.normal(size=(8, 1)) * np.ones(4), PAIRS).is_collapsed
    assert not diagnose(rng.normal(size=(8, 4)), PAIRS).is_collapsed


def test_effective_rank_of_equal_axes_is_their_number():
    vectors = np.concatenate([np.eye(6), -np.eye(6)])
    assert effective_rank(vectors) == pytest.approx(6)


def test_without_pairs_alignment_is_not_a_number():
    assert math.isnan(diagnose(np.eye(3), PAIRS[:0]).alignment)
