"""What is drawn is what was given."""

import numpy as np
import pytest
from scipy.stats import binom

from igwas.plots.drawn import drawn_points
from igwas.plots.genome import GenomeAxis
from igwas.plots.genomic_control import lambda_plot
from igwas.plots.heat_map import heat_map
from igwas.plots.manhattan import Lead, manhattan, miami
from igwas.plots.quantiles import band, expected_log10p, qq
from igwas.plots.regional import Gene, regional
from igwas.plots.style import as_svg

SEED = 8


@pytest.fixture
def scan():
    rng = np.random.default_rng(SEED)
    chromosome = np.repeat([0, 1, 2], 400)
    position = np.tile(np.sort(rng.integers(1, 10**6, 400)), 3)
    log10p = rng.exponential(scale=0.43, size=1200)
    log10p[[5, 700]] = 9.0, 31.0
    log10p[17] = np.nan
    first = np.full(3, position.min(), float)
    axis = GenomeAxis(["1", "2", "X"], first, np.full(3, position.max(), float))
    return axis, chromosome, position, log10p


def test_chromosomes_lie_end_to_end_in_order(scan):
    axis, chromosome, position, _ = scan
    x = axis.place(chromosome, position)
    assert (np.diff(x) >= 0).all()
    assert x[0] == 0
    assert x[-1] < axis.length
    np.testing.assert_allclose(np.diff(x[400:800]), np.diff(position[400:800]), atol=1e-6)


def test_a_manhattan_plot_draws_given_points_alone_and_all_high_ones(scan):
    axis, chromosome, position, log10p = scan
    drawn = drawn_points(manhattan(axis, chromosome, position, log10p, level=7.3))
    given = set(zip(axis.place(chromosome, position).tolist(), log10p.tolist(), strict=True))
    assert {tuple(point) for point in drawn.tolist()} <= given
    assert sorted(drawn[drawn[:, 1] > 6, 1]) == [9.0, 31.0]
    assert len(drawn) > 1000


def test_leads_are_ringed_where_they_are(scan):
    axis, chromosome, position, log10p = scan
    leads = [Lead(10.0, 9.0, "<script>$x$"), Lead(1.5e6, 31.0, "b")]
    figure = manhattan(axis, chromosome, position, log10p, level=7.3, leads=leads)
    assert drawn_points(figure, "leads").tolist() == [[10.0, 9.0], [1.5e6, 31.0]]
    assert "<script" not in as_svg(figure)


def test_names_of_leads_at_the_ends_do_not_lie_over_the_axis(scan):
    axis, chromosome, position, log10p = scan
    ends = [Lead(0.0, 20.0, "1:12345678:A:G"), Lead(0.999 * axis.length, 30.0, "X:12345678:A:G")]
    figure = manhattan(axis, chromosome, position, log10p, level=7.3, leads=ends)
    figure.draw_without_rendering()
    frame = figure.axes[0].get_window_extent()
    for name in figure.axes[0].texts:
        box = name.get_window_extent()
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1


def test_a_p_of_zero_is_drawn_at_the_top(scan):
    axis, chromosome, position, log10p = scan
    log10p[3] = np.inf
    drawn = drawn_points(manhattan(axis, chromosome, position, log10p, level=7.3))
    assert np.isfinite(drawn).all()
    assert (drawn[:, 1] == 31.0).sum() == 2


def test_an_empty_scan_can_be_drawn(scan):
    axis, chromosome, position, log10p = scan
    figure = manhattan(axis, chromosome, position, np.full_like(log10p, np.nan), level=7.3)
    assert len(drawn_points(figure)) == 0
    assert as_svg(figure)


def test_a_single_variant_can_be_drawn():
    axis = GenomeAxis(["7"], np.array([500.0]), np.array([500.0]))
    figure = manhattan(axis, np.array([0]), np.array([500]), np.array([2.0]), level=7.3)
    assert drawn_points(figure).tolist() == [[0.0, 2.0]]
    assert as_svg(figure)


def test_a_miami_plot_draws_both_tests_on_one_scale(scan):
    axis, chromosome, position, log10p = scan
    other = log10p[::-1].copy()
    figure = miami(axis, chromosome, position, log10p, other, level=7.3, names=("l", "r"))
    assert np.nanmax(log10p) in drawn_points(figure, axes=0)[:, 1]
    assert set(drawn_points(figure, axes=1)[:, 1]) <= set(other.tolist())
    above, below = (axes.get_ylim() for axes in figure.axes)
    assert above == below[::-1]


def test_expected_quantiles_of_uniform_p_are_observed_ones():
    n = 5000
    p = (np.arange(1, n + 1) - 0.5) / n
    expected, observed, rank = expected_log10p(-np.log10(np.random.default_rng(1).permutation(p)))
    np.testing.assert_allclose(expected, observed, rtol=1e-12)
    assert rank[0] == 1
    assert rank[-1] == n
    assert len(rank) < 2500


def test_the_band_holds_the_ith_smallest_p_in_95_of_100():
    n, rank = 400, np.array([1, 7, 200, 400])
    low, high = band(n, rank)
    for i, a, b in zip(rank, low, high, strict=True):
        # The i-th smallest is below x if at least i of n are.
        inside = binom.sf(i - 1, n, 10.0**-a) - binom.sf(i - 1, n, 10.0**-b)
        assert inside == pytest.approx(0.95)


def test_a_qq_plot_draws_each_test_and_leaves_out_untested(scan):
    values = scan[3]
    figure = qq({"a": values, "none": np.full(9, np.nan)}, {"a": 1.02, "none": np.nan})
    drawn = drawn_points(figure)
    np.testing.assert_array_equal(drawn[:, 1][:5], np.sort(values[~np.isnan(values)])[::-1][:5])
    assert "λ = 1.020" in as_svg(figure)


def test_lambda_is_drawn_in_the_order_of_the_file():
    lambdas = np.array([1.0, np.nan, 1.3, 0.97])
    figure = lambda_plot(lambdas, [False, False, False, True], worst=1.1)
    drawn = dict(drawn_points(figure).tolist())
    assert drawn[1] == 1.0
    assert drawn[3] == 1.3
    assert drawn[4] == 0.97


def test_a_heat_map_holds_z_and_masks_what_is_missing():
    z = np.array([[1.0, -3.0, np.nan], [20.0, 0.0, 2.0]])
    figure = heat_map(z, ["l1", "l2"], ["a", "b", "c"], limit=12)
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(np.asarray(image.get_array().filled(np.nan)), z)
    assert image.get_clim() == (-12, 12)
    # White in the middle: the sign is the colour.
    assert image.norm(0.0) == 0.5


def test_a_gene_shorter_than_a_pixel_is_drawn_and_a_longer_one_as_it_is():
    position = np.array([1_000_000, 3_000_000])
    genes = [Gene("LONG", 1_200_000, 1_500_000), Gene("ONE", 2_000_000, 2_000_000),
             Gene("EDGE", 3_039_990, 3_040_000), Gene("BEFORE", 900_000, 960_100)]  # fmt: skip
    figure = regional(
        position, np.array([9.0, 1.0]), np.array([1.0, 0.1]), lead=0, level=7.3, chromosome="1",
        lead_name="rs1", interval=(1_000_000, 1_000_000), genes=genes,
    )  # fmt: skip
    track = figure.axes[1]
    low, high = track.get_xlim()
    drawn = [list(line.get_xdata()) for line in track.lines if line.get_gid() == "gene"]
    assert len(drawn) == 4
    figure.draw_without_rendering()
    pixels = [np.diff(track.transData.transform([(x, 0) for x in ends])[:, 0])[0] for ends in drawn]
    dots = figure.dpi / 72  # of a point
    assert min(pixels) > 1.2 * dots
    assert all(low <= ends[0] < ends[1] <= high for ends in drawn)
    assert [1.2, 1.5] in drawn


@pytest.mark.parametrize("genes", [None, [], [Gene("G<1>", 900, 2100), Gene("far", 1, 9)]])
def test_a_regional_plot_draws_every_variant_once(genes):
    position = np.array([1000, 1500, 2000, 2500])
    log10p, r2 = np.array([3.0, 12.0, 8.0, 0.5]), np.array([0.9, 1.0, np.nan, 0.1])
    figure = regional(
        position, log10p, r2, lead=1, level=7.3, chromosome="X", lead_name="rs<1>",
        interval=(1000, 2000), genes=genes,
    )  # fmt: skip
    drawn = np.concatenate([drawn_points(figure), drawn_points(figure, "lead")])
    expected = np.stack([position / 1e6, log10p], axis=1)
    np.testing.assert_array_equal(drawn[np.argsort(drawn[:, 0])], expected)
    assert drawn_points(figure, "lead").tolist() == [[0.0015, 12.0]]
    svg = as_svg(figure)
    assert "rs&lt;1&gt;" in svg
    if genes:
        assert "G&lt;1&gt;" in svg
