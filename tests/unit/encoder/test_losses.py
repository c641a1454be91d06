"""Each objective equals its paper's written-out loops."""

import numpy as np
import pytest
import torch
from tests.reference import contrastive_losses as reference

from igwas.encoder import losses

# Relative: float32 sums of a few hundred terms.
TOLERANCE = 1e-6
SEED = 3


def draw(rows, dimensions, *, seed=SEED):
    values = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return values.astype(np.float64), torch.from_numpy(values)


@pytest.mark.parametrize("temperature", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("n_views", [2, 3])
def test_nt_xent_equals_its_loops(temperature, n_views):
    values, tensor = draw(6 * n_views, 7)
    labels = np.random.default_rng(SEED).permutation(np.repeat(np.arange(6), n_views))
    expected = reference.nt_xent(values, labels, temperature)
    found = losses.nt_xent(tensor, torch.from_numpy(labels), temperature)
    assert float(found) == pytest.approx(expected, rel=TOLERANCE)


def test_nt_xent_of_identical_pairs_far_from_others_is_near_zero():
    tensor = torch.eye(4).repeat_interleave(2, 0)
    found = losses.nt_xent(tensor, torch.arange(4).repeat_interleave(2), 0.05)
    assert float(found) < 1e-6


@pytest.mark.parametrize(("margin", "scale"), [(0.4, 30.0), (0.0, 1.0)])
def test_cosface_equals_its_loops(margin, scale):
    values, tensor = draw(9, 5)
    weights, weights_tensor = draw(4, 5, seed=SEED + 1)
    labels = np.random.default_rng(SEED).integers(0, 4, 9)
    expected = reference.cosface(values, weights, labels, margin, scale)
    found = losses.cosface(
        tensor, weights_tensor, torch.from_numpy(labels), margin=margin, scale=scale
    )
    assert float(found) == pytest.approx(expected, rel=TOLERANCE)


def test_vicreg_equals_its_loops():
    # Half the dimensions vary less than the hinge, half more.
    spread = np.array([0.3, 2.0] * 3)
    (first, a), (second, b) = draw(8, 6), draw(8, 6, seed=SEED + 1)
    scale = torch.tensor(spread, dtype=torch.float32)
    expected = reference.vicreg((a * scale).double().numpy(), (b * scale).double().numpy())
    assert float(losses.vicreg(a * scale, b * scale)) == pytest.approx(expected, rel=TOLERANCE)
    assert first.shape == second.shape


def test_barlow_twins_equals_its_loops():
    (first, a), (second, b) = draw(8, 6), draw(8, 6, seed=SEED + 1)
    expected = reference.barlow_twins(first, second)
    assert float(losses.barlow_twins(a, b)) == pytest.approx(expected, rel=TOLERANCE)


def test_cca_equals_its_loops():
    (first, a), (second, b) = draw(12, 5), draw(12, 5, seed=SEED + 1)
    expected = reference.cca(first, second + first)
    assert float(losses.cca(a, b + a)) == pytest.approx(expected, rel=1e-5)


def test_cca_counts_a_faint_shared_direction_as_much_as_a_strong_one():
    generator = np.random.default_rng(SEED)
    shared, own = generator.normal(size=(400, 3)), generator.normal(size=(2, 400, 3))
    # Correlations 1, 1 and 0; the second direction has a hundredth of the first's variance.
    is_shared, size = np.array([1, 1, 0]), np.array([1, 0.1, 1])
    first, second = (
        torch.from_numpy((is_shared * shared + (1 - is_shared) * part) * size) for part in own
    )
    assert float(losses.cca(first, second)) == pytest.approx(1, abs=0.2)
    assert float(losses.cca(first, first)) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("objective", ["nt_xent", "vicreg", "barlow_twins", "cca"])
def test_gradients_are_finite_where_all_rows_are_equal(objective):
    """A collapsed batch must show in the log, not end as NaN."""
    tensor = torch.ones(8, 4, requires_grad=True)
    if objective == "nt_xent":
        loss = losses.nt_xent(tensor, torch.arange(4).repeat_interleave(2), 0.2)
    else:
        loss = getattr(losses, objective)(tensor[:4], tensor[4:])
    loss.backward()
    assert torch.isfinite(tensor.grad).all()


def test_half_precision_is_computed_in_float32():
    values, tensor = draw(8, 6)
    labels = torch.arange(4).repeat_interleave(2)
    found = losses.nt_xent(tensor.bfloat16(), labels, 0.2)
    assert found.dtype == torch.float32
    assert len(values) == 8
