import numpy as np
import pytest

from igwas.benchmark.spectrum import BINS, SPECTRA, draw_frequencies


def shares(frequency):
    return np.array(
        [((frequency >= low) & (frequency < high)).mean() for low, high in BINS.values()]
    )


def test_imputed_variants_have_the_shares_of_a_biobank():
    drawn = draw_frequencies("imputed", 20_000, np.random.default_rng(1))
    assert shares(drawn) == pytest.approx([0.55, 0.20, 0.13, 0.12], abs=0.001)


@pytest.mark.parametrize("first", [50, 333, 2_000])
def test_any_first_part_has_nearly_the_shares_of_all(first):
    drawn = draw_frequencies("imputed", 20_000, np.random.default_rng(1))
    assert shares(drawn[:first]) == pytest.approx(shares(drawn), abs=2 / first)


@pytest.mark.parametrize("name", BINS)
def test_a_bin_alone_stays_within_its_edges(name):
    drawn = draw_frequencies(name, 500, np.random.default_rng(1))
    low, high = BINS[name]
    assert drawn.min() >= low
    assert drawn.max() <= high


def test_shares_of_every_spectrum_add_up_to_one():
    for name, parts in SPECTRA.items():
        assert sum(parts.values()) == pytest.approx(1), name
