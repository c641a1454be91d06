"""Agreement with numbers that another program printed with so many significant digits."""

import numpy as np

# beta and se are stored as float32: half a unit in its last place, relative.
FLOAT32_ROUNDING = 2.0**-24


def printed_tolerance(printed, digits=6, relative=FLOAT32_ROUNDING):
    """Half a unit of the last printed digit, plus our own relative rounding."""
    size = np.abs(np.asarray(printed, dtype=np.float64))
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    # 1 + 1e-9: the printed number itself is not a binary fraction.
    return 0.5 * 10.0 ** (exponent - digits + 1) * (1 + 1e-9) + relative * size


def assert_prints_as(ours, printed, digits=6, relative=FLOAT32_ROUNDING):
    """Every number of ours rounds to the printed one; both have their NaN in the same rows."""
    ours = np.asarray(ours, dtype=np.float64)
    printed = np.asarray(printed, dtype=np.float64)
    assert ours.shape == printed.shape
    assert ours.size
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(printed))
    excess = np.abs(ours - printed) - printed_tolerance(printed, digits, relative)
    worst = int(np.nanargmax(excess))
    assert excess[worst] <= 0, f"row {worst}: {ours[worst]!r} is printed as {printed[worst]!r}"
