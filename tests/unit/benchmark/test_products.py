import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.dosages import make_dosages
from igwas.benchmark.kernel_process import OurProduct, compare
from igwas.benchmark.product_peers import CallsPeer, DosagesPeer
from igwas.benchmark.products import (
    FLOAT32,
    TOLERANCE,
    Difference,
    Spread,
    difference,
    mean_imputed,
    require_agreement,
)

N_COLUMNS = 5
# Sums of one-limb columns and of float32, as z scores.
ROUNDING = 1e-4


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
    found = compare(*products, columns)
    assert found.largest < ROUNDING
    assert found.is_right


def test_some_variants_count_the_other_allele(products):
    ours, peer = products
    rows = np.arange(SHAPE.n_variants)
    flipped = peer.products(rows)[1].is_flipped(peer.two_copies)
    assert 0 < flipped.sum() < len(rows)
    # The column of ones: what the core sums is what the rarer allele's codes add up to.
    spread = peer.products(rows)[1]
    rarer = np.where(flipped, peer.two_copies * spread.n_called - spread.total, spread.total)
    assert ours()[0][:, 0] == pytest.approx(rarer)


@pytest.mark.parametrize("what", ["sample", "variant", "flip"])
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

    assert not compare(wrong, peer, columns).is_right


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
    found = difference(off, product, columns, spread_of(codes))
    assert found.largest == pytest.approx(0.5)
    assert found.excess > 100


def test_what_float32_loses_of_a_large_sum_is_allowed_and_a_copy_is_not(columns):
    codes = np.random.default_rng(2).binomial(2, 0.4, (1, SHAPE.n_samples)).astype(float)
    theirs = np.array([[1e6, *([10.0] * (N_COLUMNS - 1))]])
    for column, error, is_right in ((0, 0.9 * FLOAT32 * 1e6, True), (0, 30.0, False),
                                    (1, 0.9 * TOLERANCE * 5, True), (1, 0.1, False)):  # fmt: skip
        ours = theirs.copy()
        ours[0, column] += error
        assert difference(ours, theirs, columns, spread_of(codes)).is_right == is_right


@pytest.mark.parametrize("excess", [1.001, float("nan"), float("inf")])
def test_products_that_differ_stop_the_benchmark(excess):
    with pytest.raises(WrongAnswer, match=r"hard calls is off by 0\.016 standard errors"):
        require_agreement(Difference(0.016, excess), "hard calls")


def test_products_that_agree_go_on():
    require_agreement(Difference(1e-4, 0.1), "hard calls")
