import numpy as np
import pytest

from igwas.benchmark.calls import draw_codes, draw_rows, pack_codes, unpack_codes, unpack_rows

# Standard deviations that a drawn count may be off.
N_DEVIATIONS = 5


@pytest.mark.parametrize("share", [0.001, 0.02, 0.039, 0.041, 0.3, 0.5])
def test_calls_have_the_frequency_and_hardy_weinberg_proportions(share):
    n = 100_000
    rows = draw_rows(np.array([share]), n, (0.0, 0.0), np.random.default_rng(3))
    dosage = unpack_rows(rows, n)[0]
    for copies, chance in ((1, 2 * share * (1 - share)), (2, share**2)):
        deviation = (n * chance * (1 - chance)) ** 0.5
        # Carriers of rare alleles that are drawn twice count once: up to a carrier in twenty.
        allowed = N_DEVIATIONS * deviation + (0.05 * n * chance if share < 0.04 else 1)
        assert abs((dosage == copies).sum() - n * chance) <= allowed


def test_missing_calls_have_a_rate_within_the_range():
    n = 20_000
    codes = draw_codes(np.full(50, 0.2), n, (0.01, 0.05), np.random.default_rng(3))
    rates = (codes[:, :n] == 1).mean(axis=1)
    assert rates.min() > 0.006
    assert rates.max() < 0.056
    assert rates.max() - rates.min() > 0.02


@pytest.mark.parametrize("n_samples", [1, 4, 7, 230])
def test_packed_codes_unpack_to_themselves_and_padding_is_zero(n_samples):
    codes = draw_codes(np.array([0.3, 0.01]), n_samples, (0.0, 0.2), np.random.default_rng(4))
    rows = pack_codes(codes.copy())
    assert rows.shape == (2, -(-n_samples // 4))
    assert (unpack_codes(rows, n_samples) == codes[:, :n_samples]).all()
    assert (codes[:, n_samples:] == 0).all()


def test_the_same_seed_draws_the_same_rows():
    first, second = (
        draw_rows(np.array([0.01, 0.3]), 101, (0.0, 0.1), np.random.default_rng(5))
        for _ in range(2)
    )
    assert first.tobytes() == second.tobytes()
