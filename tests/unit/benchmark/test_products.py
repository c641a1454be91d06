import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.dosages import make_dosages
from igwas.benchmark.kernel_process import OurProduct, compare
from igwas.benchmark.product_peers import CallsPeer, DosagesPeer
from igwas.benchmark.products import (
    TOLERANCE,
    Spread,
    largest_difference,
    mean_imputed,
    require_agreement,
)

N_COLUMNS = 5
# Sums of one-limb columns and of float32, as z scores.
ROUNDING = 2e-5


@pytest.fixture(scope="module")
def columns():
    drawn = np.random.default_rng(1).standard_normal((SHAPE.n_samples, N_COLUMNS))
    drawn[:, 0] = 1
    return drawn


@pytest.fixture(scope="module", params=["calls", "dosages"])
def products(request, tmp_path_factory, columns):
    """Both products of common variants: the effect allele is the commoner one of about half."""
    work = tmp_path_factory.mktemp(request.param)
    shape = SHAPE.with_changes(spectrum="common", missing_rate=(0.0, 0.1))
    if request.param == "calls":
        path, kind = make_cohort(work, shape).genotypes(), CallsPeer
    else:
        path, kind = make_dosages(work, shape, "2-10 % fractional"), DosagesPeer
    return OurProduct(path, columns, 2), kind(path, columns, 2)


def spread_of(codes):
    return Spread(
        np.sum(~np.isnan(codes), axis=1).astype(float),
        np.nansum(codes, axis=1),
        np.nansum(codes**2, axis=1),
    )


def test_the_core_and_the_peer_agree(products, columns):
    assert compare(*products, columns) < ROUNDING


def test_some_variants_count_the_other_allele(products):
    ours, peer = products
    rows = np.arange(SHAPE.n_variants)
    flipped = peer.products(rows)[1].is_flipped(peer.two_copies)
    assert 0 < flipped.sum() < len(rows)
    # The column of ones: what the core sums is what the rarer allele's codes add up to.
    spread = peer.products(rows)[1]
    rarer = np.where(flipped, peer.two_copies * spread.n_called - spread.total, spread.total)
    assert ours()[0][:, 0] == pytest.approx(rarer)


def test_the_float32_sum_of_a_column_of_ones_is_not_taken_for_the_truth(products, columns):
    ours, peer = products

    class Rounded:
        n_samples, two_copies = peer.n_samples, peer.two_copies

        def products(self, rows):
            theirs, spread = peer.products(rows)
            theirs[:, 0] *= 1.1
            return theirs, spread

    assert compare(ours, Rounded(), columns) < ROUNDING


@pytest.mark.parametrize("what", ["sample", "variant", "flip", "ones"])
def test_a_wrong_sum_is_found(products, columns, what):
    ours, peer = products

    def wrong():
        called, missing, seconds = ours()
        if what == "sample":
            called[7] += peer.two_copies / 2 * columns[11]
        elif what == "variant":
            called[[3, 4]] = called[[4, 3]]
        else:
            called[0] = peer.two_copies * columns.sum(axis=0) - called[0]
        return called, missing, seconds

    assert compare(wrong, peer, columns) > TOLERANCE


def test_sums_become_the_mean_imputed_product(columns):
    generator = np.random.default_rng(2)
    codes = generator.binomial(2, [[0.2], [0.8]], (2, SHAPE.n_samples)).astype(float)
    codes[:, :20] = np.nan
    is_missing = np.isnan(codes)
    rarer = np.stack([codes[0], 2 - codes[1]])
    found = mean_imputed(
        np.nan_to_num(rarer) @ columns, is_missing @ columns, columns, spread_of(codes), 2.0
    )
    filled = np.where(is_missing, np.nanmean(codes, axis=1, keepdims=True), codes)
    assert found == pytest.approx(filled @ columns)


def test_the_difference_is_in_standard_errors(columns):
    codes = np.random.default_rng(2).binomial(2, 0.3, (3, SHAPE.n_samples)).astype(float)
    product = codes @ columns
    off = product.copy()
    error = np.sqrt(codes[1].var() * SHAPE.n_samples * np.mean(columns[:, 2] ** 2))
    off[1, 2] += 0.5 * error
    assert largest_difference(off, product, columns, spread_of(codes)) == pytest.approx(0.5)


@pytest.mark.parametrize("difference", [2 * TOLERANCE, float("nan"), float("inf")])
def test_products_that_differ_stop_the_benchmark(difference):
    with pytest.raises(WrongAnswer, match="the product of hard calls is off by"):
        require_agreement(difference, "hard calls")


def test_products_that_agree_go_on():
    require_agreement(0.5 * TOLERANCE, "hard calls")
