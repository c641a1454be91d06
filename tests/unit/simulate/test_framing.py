import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas.simulate.framing import Framing, draw_framing

angles = st.floats(-0.5, 0.5)


def plain(side=1, **changes):
    settings = {"shift": (0.0, 0.0), "roll": 0.0, "magnification": 1.0} | changes
    return Framing((200.0, 150.0), 140.0, side=side, **settings)


def seen(framing, x, y):
    return (framing.matrix() @ np.array([x, y, 1.0])).tolist()


def test_the_middle_of_the_field_is_what_it_is_centred_on():
    assert seen(plain(shift=(0.1, -0.2)), 0.1, -0.2) == pytest.approx([200, 150])


def test_a_radius_is_a_radius():
    assert seen(plain(), 1, 0) == pytest.approx([340, 150])
    assert seen(plain(magnification=1.1), 0, 1) == pytest.approx([200, 304])


def test_a_right_eye_is_the_mirror_image():
    left = seen(plain(1, roll=0.1, shift=(0.03, 0.02)), 0.4, 0.3)
    right = seen(plain(-1, roll=0.1, shift=(0.03, 0.02)), 0.4, 0.3)
    assert [400 - left[0], left[1]] == pytest.approx(right)


@given(st.sampled_from([1, -1]), angles, angles, angles, st.floats(0.8, 1.2))
def test_the_inverse_undoes_the_map(side, x, y, roll, magnification):
    framing = plain(side, shift=(x, y), roll=roll, magnification=magnification)
    there = framing.matrix() @ np.array([0.3, -0.7, 1.0])
    assert framing.inverse() @ np.append(there, 1) == pytest.approx([0.3, -0.7])


def test_photographs_of_one_eye_are_framed_alike_but_not_equally():
    framings = [draw_framing((0, 0), 1, 1, np.random.default_rng(seed)) for seed in range(400)]
    shifts = np.array([framing.shift for framing in framings])
    assert shifts.std(axis=0) == pytest.approx([0.035, 0.035], rel=0.15)
    assert np.std([framing.magnification for framing in framings]) == pytest.approx(0.02, rel=0.15)
