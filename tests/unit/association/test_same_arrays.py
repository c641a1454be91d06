import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from igwas.association.same_arrays import n_different

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)
FEW = st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf])


@given(arrays(np.float32, array_shapes(min_side=0), elements=NUMBERS))
def test_an_array_is_the_same_as_itself(values):
    assert n_different(values, values.copy()) == 0


@given(arrays(np.float64, 6, elements=FEW), arrays(np.float64, 6, elements=FEW))
def test_cells_that_differ_are_counted_one_by_one(found, expected):
    twin = sum(not (a == b or (a != a and b != b))
               for a, b in zip(found.tolist(), expected.tolist(), strict=True))  # fmt: skip
    assert n_different(found, expected) == twin


@pytest.mark.parametrize("step", [1, -1])
def test_the_last_bit_counts_unless_there_is_a_tolerance(step):
    one = np.ones(4)
    near = np.nextafter(one, one + step)
    assert n_different(near, one) == 4
    assert n_different(near, one, tolerance=1e-15) == 0


def test_other_shapes_and_other_types():
    assert n_different(np.zeros(2), np.zeros(3)) == 3
    assert n_different(np.zeros(2), np.zeros(0)) == 1
    assert n_different(np.array(["a", "b"], object), np.array(["a", "c"], object)) == 1
    assert n_different(np.array(3), np.array(4)) == 1
