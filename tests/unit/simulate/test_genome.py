import itertools

import numpy as np
import pytest

from igwas.simulate import CohortOptions
from igwas.simulate.genome import (
    CHROMOSOME_BP,
    PAR1_BP,
    PLANTED_FREQUENCY,
    draw_frequencies,
    draw_variants,
    plan_regions,
)

# Five binomial standard errors of a share among 100,000 draws.
SHARE_TOLERANCE = 0.008


@pytest.mark.parametrize("n_variants", [1, 7, 100, 5000, 1_000_000])
def test_regions_hold_all_variants_in_order_without_overlap(n_variants):
    regions = plan_regions(CohortOptions(n_samples=10, n_variants=n_variants))
    assert sum(region.n_variants for region in regions) == n_variants
    assert [region.index for region in regions] == list(range(len(regions)))
    for before, after in itertools.pairwise(regions):
        if before.chromosome == after.chromosome:
            assert before.last_bp < after.first_bp


def test_regions_stay_on_their_chromosome():
    for region in plan_regions(CohortOptions(n_samples=10, n_variants=1_000_000)):
        if region.chromosome == "PAR1":
            assert PAR1_BP[0] <= region.first_bp < region.last_bp <= PAR1_BP[1]
        else:
            assert 1 <= region.first_bp < region.last_bp <= CHROMOSOME_BP[region.chromosome]
            assert region.last_bp - region.first_bp + 1 >= region.n_variants


def test_frequencies_have_the_share_of_each_band():
    frequency = draw_frequencies(100_000, np.random.default_rng(1))
    assert abs(np.mean(frequency < 0.01) - 0.55) < SHARE_TOLERANCE
    assert abs(np.mean(frequency > 0.2) - 0.12) < SHARE_TOLERANCE
    assert frequency.min() >= 0.001
    assert frequency.max() <= 0.5


def test_planted_variants_are_common():
    region = plan_regions(CohortOptions(n_samples=10, n_variants=5000))[0]
    variants = draw_variants(region, np.array([3, 4]), np.random.default_rng(1))
    frequency = variants.interval_width[[3, 4]] / 2**32
    assert (frequency >= PLANTED_FREQUENCY[0] - 1e-6).all()


def test_alleles_differ_and_positions_rise():
    region = plan_regions(CohortOptions(n_samples=10, n_variants=5000))[0]
    variants = draw_variants(region, np.array([], dtype=int), np.random.default_rng(1))
    assert all(a != b for a, b in zip(variants.effect_allele, variants.other_allele, strict=True))
    assert (np.diff(variants.position) > 0).all()
    assert region.first_bp <= variants.position[0] < variants.position[-1] <= region.last_bp
