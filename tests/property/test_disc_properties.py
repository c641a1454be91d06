"""The disc follows the picture: moved, scaled, mirrored or made brighter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fundus_pictures import fundus_picture

from igwas.images.disc import find_disc

FEW = settings(derandomize=True, deadline=None, max_examples=12)
TOLERANCE = 0.01  # of the radius

radii = st.floats(45, 75)
shifts = st.floats(-12, 12)


def draw(x, y, radius, **rest):
    return fundus_picture(160, 200, x=x, y=y, radius=radius, **rest)


def assert_same(disc, x, y, radius):
    error = max(np.hypot(disc.x - x, disc.y - y), abs(disc.radius - radius)) / radius
    assert error < TOLERANCE, (disc, x, y, radius)


@FEW
@given(radius=radii, right=shifts, down=shifts)
def test_it_moves_with_the_picture(radius, right, down):
    assert_same(find_disc(draw(100 + right, 80 + down, radius)), 100 + right, 80 + down, radius)


@FEW
@given(radius=radii, right=shifts, factor=st.integers(2, 4))
def test_it_grows_with_the_picture(radius, right, factor):
    small = find_disc(draw(100 + right, 80, radius))
    picture = draw(100 + right, 80, radius).repeat(factor, axis=0).repeat(factor, axis=1)
    assert_same(find_disc(picture), small.x * factor, small.y * factor, small.radius * factor)


@FEW
@given(radius=radii, right=shifts, down=shifts, upside_down=st.booleans())
def test_it_is_mirrored_with_the_picture(radius, right, down, upside_down):
    picture = draw(100 + right, 80 + down, radius)
    disc = find_disc(picture)
    if upside_down:
        mirrored, x, y = picture[::-1], disc.x, 160 - disc.y
    else:
        mirrored, x, y = picture[:, ::-1], 200 - disc.x, disc.y
    assert_same(find_disc(np.ascontiguousarray(mirrored)), x, y, disc.radius)


@FEW
@given(radius=radii, right=shifts, brightness=st.floats(0.15, 1.3))
def test_it_does_not_depend_on_brightness(radius, right, brightness):
    picture = draw(100 + right, 80, radius, brightness=brightness)
    assert_same(find_disc(picture), 100 + right, 80, radius)
