import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas.errors import ShapeError
from igwas.simulate.anatomy import LARGEST_SCORE, Anatomy, anatomy_of
from igwas.simulate.eye_parameters import EYE_PARAMETERS, parameter_names

N = len(EYE_PARAMETERS)
# Parameter -> what of the anatomy it moves, and only that.
MOVES = {
    "pigment": {"melanin"},
    "disc_size": {"disc_radius"},
    "cup_ratio": {"cup_ratio"},
    "vessel_calibre": {"arteriole_width", "venule_width"},
    "arteriole_venule_ratio": {"arteriole_width", "venule_width"},
    "vessel_tortuosity": {"tortuosity"},
    "vessel_branching": {"branching"},
    "macula": {"macula_density", "macula_radius"},
    "fundus_texture": {"choroid_contrast"},
}


def scores_with(name, value):
    scores = np.zeros(N)
    scores[parameter_names().index(name)] = value
    return scores


def test_every_parameter_has_a_name_of_its_own_and_a_likeness_between_eyes():
    assert len(set(parameter_names())) == N
    assert set(MOVES) == set(parameter_names())
    assert all(0 < parameter.between_eyes < 1 for parameter in EYE_PARAMETERS)


@pytest.mark.parametrize("name", parameter_names())
def test_a_score_moves_what_it_stands_for_and_nothing_else(name):
    usual = dataclasses.asdict(anatomy_of(np.zeros(N)))
    moved = dataclasses.asdict(anatomy_of(scores_with(name, 1.0)))
    assert {key for key in usual if moved[key] != usual[key]} == MOVES[name]


@pytest.mark.parametrize("name", sorted(set(parameter_names()) - {"arteriole_venule_ratio"}))
@given(values=st.tuples(*[st.floats(-LARGEST_SCORE, LARGEST_SCORE)] * 2))
def test_a_higher_score_never_gives_less(name, values):
    low, high = (anatomy_of(scores_with(name, value)) for value in sorted(values))
    for key in MOVES[name]:
        assert getattr(low, key) <= getattr(high, key)


def test_the_ratio_widens_arterioles_and_narrows_venules():
    low, high = (anatomy_of(scores_with("arteriole_venule_ratio", value)) for value in (-1, 1))
    assert low.arteriole_width < high.arteriole_width
    assert low.venule_width > high.venule_width
    products = [eye.arteriole_width * eye.venule_width for eye in (low, high)]
    assert products[0] == pytest.approx(products[1])


@given(st.lists(st.floats(-1e6, 1e6), min_size=N, max_size=N))
def test_whatever_the_scores_it_is_an_eye(scores):
    anatomy = anatomy_of(scores)
    assert 0.07 < anatomy.disc_radius < 0.27  # 0.5 to 1.8 mm
    assert 0 < anatomy.cup_ratio < 0.95
    assert 0.007 < anatomy.arteriole_width < anatomy.venule_width * 1.3 < 0.13
    assert 0 < anatomy.branching < 1
    assert all(value > 0 for value in dataclasses.astuple(anatomy))


def test_scores_are_clipped():
    assert anatomy_of(np.full(N, 99.0)) == anatomy_of(np.full(N, LARGEST_SCORE))


@pytest.mark.parametrize("scores", [np.zeros(N - 1), np.zeros((1, N)), [np.nan] * N, []])
def test_wrong_scores_are_refused(scores):
    with pytest.raises(ShapeError, match=f"expected {N} finite numbers: pigment"):
        anatomy_of(scores)


def test_the_anatomy_is_of_plain_numbers():
    assert all(type(value) is float for value in dataclasses.astuple(anatomy_of(np.zeros(N))))
    assert isinstance(anatomy_of(np.zeros(N)), Anatomy)
