import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from igwas.plots.thinning import thin

SEED = 4


def test_every_high_point_is_kept_and_each_pixel_keeps_its_highest():
    rng = np.random.default_rng(SEED)
    x, y = rng.random(20_000), rng.exponential(size=20_000)
    chosen = thin(x, y, keep_above=5.0, columns=30, rows=20)
    assert set(np.flatnonzero(y >= 5)) <= set(chosen.tolist())
    low = chosen[y[chosen] < 5]
    assert len(low) <= 600
    column = ((x - x[y < 5].min()) / np.ptp(x[y < 5]) * 29).astype(int)
    for number in range(30):
        inside = (column == number) & (y < 5)
        if inside.any():
            assert y[low][column[low] == number].max() == y[inside].max()


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e9),
            st.one_of(st.floats(0, 400), st.just(float("nan")), st.just(float("inf"))),
        ),
        max_size=40,
    )
)
def test_whatever_is_given_a_subset_comes_back_in_order(points):
    x = np.array([point[0] for point in points])
    y = np.array([point[1] for point in points])
    chosen = thin(x, y, keep_above=6.0, columns=4, rows=3)
    assert (np.diff(chosen) > 0).all()
    assert not np.isnan(y[chosen]).any()
    assert set(np.flatnonzero(y >= 6)) <= set(chosen.tolist())
    if (~np.isnan(y)).any():
        assert len(chosen)
