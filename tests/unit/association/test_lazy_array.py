import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas.association.lazy_array import LazyArray
from igwas.errors import OptionError

TABLE = np.arange(700 * 4, dtype=np.float32).reshape(700, 4)
NAMES = ("height", "weight", "width", "depth")


def lazy(slab_rows: int = 37) -> LazyArray:
    return LazyArray(
        TABLE.shape,
        np.float32,
        lambda start, stop, columns: TABLE[start:stop][:, columns],
        slab_rows=slab_rows,
        names=NAMES,
    )


def axis_keys(length: int) -> st.SearchStrategy:
    bound = st.integers(-length, length - 1)
    return st.one_of(
        bound,
        st.slices(length),
        st.lists(bound, max_size=12),
        st.lists(st.booleans(), min_size=length, max_size=length).map(np.array),
    )


def is_array(key: object) -> bool:
    return isinstance(key, list | np.ndarray)


@given(rows=axis_keys(700), columns=axis_keys(4), slab_rows=st.sampled_from([1, 7, 64, 1000]))
def test_indexing_equals_numpy_on_both_axes(rows, columns, slab_rows):
    if is_array(rows) and is_array(columns):  # paired arrays have a test of their own
        columns = slice(None)
    key = tuple(np.array(k, dtype=int) if isinstance(k, list) else k for k in (rows, columns))
    found = lazy(slab_rows)[rows, columns]
    np.testing.assert_array_equal(found, TABLE[key])
    assert np.shape(found) == np.shape(TABLE[key])


@given(pairs=st.lists(st.tuples(st.integers(-700, 699), st.integers(-4, 3)), min_size=1))
def test_two_arrays_are_paired_as_numpy_pairs_them(pairs):
    rows, columns = (list(part) for part in zip(*pairs, strict=True))
    np.testing.assert_array_equal(lazy()[rows, columns], TABLE[rows, columns])


def test_open_mesh_broadcasts():
    mesh = np.ix_([5, 600, 3], [2, 0])
    np.testing.assert_array_equal(lazy()[mesh], TABLE[mesh])


def test_one_key_and_ellipsis_select_rows():
    np.testing.assert_array_equal(lazy()[10:20], TABLE[10:20])
    np.testing.assert_array_equal(lazy()[..., 1], TABLE[..., 1])
    np.testing.assert_array_equal(np.asarray(lazy()), TABLE)


def test_columns_are_addressed_by_name():
    np.testing.assert_array_equal(lazy()[3:5, "width"], TABLE[3:5, 2])
    np.testing.assert_array_equal(lazy()[3:5, ["depth", "height"]], TABLE[3:5][:, [3, 0]])
    assert lazy()(699, "depth") == TABLE[-1, -1]


def test_unknown_name_lists_the_closest():
    with pytest.raises(OptionError, match=r"'hight' is not in the file; .* height"):
        lazy()[0, "hight"]


@pytest.mark.parametrize(
    "key",
    [700, -701, (0, 4), ([0, 700], 0), (0, 0, 0), np.ones(3, bool), 1.5, True],
    ids=str,
)
def test_bad_keys_raise_index_error(key):
    with pytest.raises(IndexError):
        lazy()[key]


def test_reads_no_more_rows_than_a_slab_at_once():
    asked = []

    def read(start, stop, columns):
        asked.append((start, stop))
        return TABLE[start:stop][:, columns]

    array = LazyArray(TABLE.shape, np.float32, read, slab_rows=100)
    array[:]
    assert max(stop - start for start, stop in asked) == 100
    asked.clear()
    array[[0, 699]]
    assert asked == [(0, 1), (699, 700)]


def test_length_shape_and_text():
    array = lazy()
    assert (len(array), array.ndim, array.shape) == (700, 2, (700, 4))
    assert repr(array) == "<LazyArray 700 x 4 float32>"
