import numpy as np
import pytest

from igwas.simulate.framing import Framing
from igwas.simulate.vessel_drawing import blood_planes
from igwas.simulate.vessel_tree import Vessels

RADIUS = 100.0
FRAMING = Framing((120.0, 110.0), RADIUS, (0.0, 0.0), 0.0, 1.0, 1)


def straight(width, *, is_venule=True, y=0.0, slope=0.0):
    """A vessel from -0.5 to 0.5, in radii."""
    x = np.linspace(-0.5, 0.5, 30)
    path = np.stack([x, y + slope * x], axis=1)[np.newaxis]
    return Vessels(path, np.full((1, 30), width), np.array([30]), np.array([is_venule]))


def drawn(*generations):
    return blood_planes(list(generations), FRAMING, 220, 240)


@pytest.mark.parametrize("width", [0.013, 0.02, 0.031, 0.06])
def test_a_vessel_covers_its_width_times_its_length(width):
    _, venules = drawn(straight(width, slope=0.13))
    ink = min(1, 0.25 + 0.75 * width / 0.024)
    covered = venules.sum() / ink
    # Corners lie on quarters of a pixel; askew, so that the rounding is now up, now down.
    assert covered == pytest.approx(width * RADIUS * RADIUS, rel=0.05, abs=15)


def test_it_lies_where_it_should():
    _, venules = drawn(straight(0.04, y=0.2))
    rows, columns = np.nonzero(venules > 0.5)
    assert rows.mean() + 0.5 == pytest.approx(130, abs=0.3)
    assert (columns.min(), columns.max()) == (pytest.approx(70, abs=1), pytest.approx(169, abs=1))


def test_arterioles_and_venules_are_apart():
    arterioles, venules = drawn(straight(0.04, is_venule=False))
    assert arterioles.max() > 0.5
    assert venules.max() == 0


def test_a_wide_arteriole_has_a_reflex_along_its_middle():
    arterioles, _ = drawn(straight(0.06, is_venule=False))
    middle, beside = arterioles[110, 120], arterioles[112, 120]
    assert middle < beside
    _, venules = drawn(straight(0.06))
    assert venules[110, 120] == venules[112, 120]


def test_thin_vessels_are_paler():
    thin, wide = (drawn(straight(width))[1].max() for width in (0.012, 0.03))
    assert thin < wide


def test_a_tree_without_vessels_is_empty():
    nothing = Vessels(np.empty((0, 2, 2)), np.empty((0, 2)), np.empty(0, int), np.empty(0, bool))
    assert drawn(nothing)[0].max() == 0
