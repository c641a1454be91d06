import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from igwas.sumstats.text import join_rows, number_text, p_text, round_significant

# Nine significant digits: half a unit of the ninth.
NINE_DIGITS = 5e-9


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float32_comes_back_bit_for_bit(values):
    original = np.array(values, np.float32)
    text = number_text(original, "NA").to_pylist()
    np.testing.assert_array_equal(np.array([np.float32(t) for t in text]), original)


@given(st.floats(1e-12, 1e12))
def test_float64_keeps_nine_digits_and_writes_no_more(value):
    (text,) = number_text(np.array([value]), "NA").to_pylist()
    assert math.isclose(float(text), value, rel_tol=NINE_DIGITS)
    assert len(Decimal(text).normalize().as_tuple().digits) <= 9


def test_missing_is_the_missing_word_and_infinity_is_said():
    values = np.array([np.nan, 1.5, np.inf, -np.inf])
    assert number_text(values, "#NA").to_pylist() == ["#NA", "1.5", "inf", "-inf"]
    assert number_text(values.astype(np.float32), "#NA").to_pylist()[2:] == ["inf", "-inf"]


def test_p_of_a_perfect_fit_is_zero():
    assert p_text(np.array([np.inf]), "NA").to_pylist() == ["0"]


def test_zero_and_extremes_survive_rounding():
    values = np.array([0.0, -0.0, 5e-324, 1e300, -2e-200])
    np.testing.assert_array_equal(round_significant(values), values)


def test_integers_are_written_in_full():
    assert number_text(np.array([248_956_422, 0]), "NA").to_pylist() == ["248956422", "0"]


@given(st.floats(0, 1e6))
def test_p_is_written_with_any_exponent(log10p):
    (text,) = p_text(np.array([log10p]), "NA").to_pylist()
    value = Decimal(text)
    assert 0 < value <= 1
    # The mantissa holds nine digits; float64 arithmetic on the logarithm adds its own rounding.
    tolerance = 1e-8 + 1e-15 * log10p
    assert math.isclose(-float(value.log10()), log10p, rel_tol=1e-12, abs_tol=tolerance)


def test_a_mantissa_that_rounds_to_ten_is_carried():
    assert p_text(np.array([400 - 1e-12]), "NA").to_pylist() == ["1e-400"]


def test_p_of_a_missing_test_is_missing():
    assert p_text(np.array([np.nan, 320.0]), "NA").to_pylist() == ["NA", "1e-320"]


def test_rows_are_joined_also_when_arrays_are_slices():
    columns = [pa.array(["a", "b", "c"])[1:], pa.array(["x", "é", "z" * 10_000])[1:]]
    assert join_rows(columns, "\t").decode() == f"b\té\nc\t{'z' * 10_000}\n"
    assert join_rows([pa.array([], pa.string())], " ") == b""
