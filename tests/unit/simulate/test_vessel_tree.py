import dataclasses

import numpy as np
import pytest

from igwas.simulate.anatomy import anatomy_of
from igwas.simulate.eye_parameters import EYE_PARAMETERS, parameter_names
from igwas.simulate.vessel_tree import STEP, draw_layout, grow_vessels

N = len(EYE_PARAMETERS)
SEEDS = range(5)


def grown(seed=0, **scores):
    values = np.zeros(N)
    for name, value in scores.items():
        values[parameter_names().index(name)] = value
    layout = draw_layout(np.random.default_rng([seed, 1]))
    return grow_vessels(anatomy_of(values), layout, np.random.default_rng([seed, 2])), layout


def paths(generations):
    """Every vessel's middle line and whether it is a venule, trunks first."""
    for vessels in reversed(generations):
        for row, n_points in enumerate(vessels.n_points):
            if n_points > 1:
                yield vessels.path[row, :n_points], bool(vessels.is_venule[row])


def arc_over_chord(line):
    pieces = np.hypot(*np.diff(line, axis=0).T)
    return pieces.sum() / np.hypot(*(line[-1] - line[0]))


def n_vessels(generations):
    return sum(int((vessels.n_points > 1).sum()) for vessels in generations)


def test_the_same_draws_grow_the_same_tree():
    one, other = grown(3)[0], grown(3)[0]
    for first, second in zip(one, other, strict=True):
        for field in dataclasses.fields(first):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


@pytest.mark.parametrize("seed", SEEDS)
def test_trunks_leave_the_disc_and_half_of_them_are_venules(seed):
    generations, layout = grown(seed)
    trunks = generations[-1]
    away = np.hypot(*(trunks.path[:, 0] - np.array(layout.disc)).T)
    assert away.max() < 0.12
    assert trunks.is_venule.mean() == 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_arcades_pass_above_and_below_the_macula(seed):
    generations, layout = grown(seed)
    lines = [line for line, _ in paths(generations[-1:])]
    is_long = [len(line) * STEP > 1.1 for line in lines]
    ends = np.array([line[np.argmin(np.abs(line[:, 0] - layout.fovea[0]))]
                     for line, long in zip(lines, is_long, strict=True) if long])  # fmt: skip
    heights = ends[:, 1] - layout.fovea[1]
    assert (heights > 0.25).any()
    assert (heights < -0.25).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_vessel_enters_the_foveal_zone(seed):
    generations, layout = grown(seed)
    for line, _ in paths(generations):
        assert np.hypot(*(line - np.array(layout.fovea)).T).min() >= 0.12


@pytest.mark.parametrize("seed", SEEDS)
def test_vessels_taper_and_branches_are_narrower_than_trunks(seed):
    generations, _ = grown(seed)
    for vessels in generations:
        assert (np.diff(vessels.width, axis=1) <= 0).all()
    widest = [vessels.width.max() for vessels in generations]
    assert widest == sorted(widest)


@pytest.mark.parametrize("seed", SEEDS)
def test_more_branching_only_adds_branches(seed):
    few, many = (grown(seed, vessel_branching=score)[0] for score in (-1.0, 1.0))
    starts = [{tuple(line[0]) for line, _ in paths(generations)} for generations in (few, many)]
    assert starts[0] < starts[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_calibre_moves_no_vessel(seed):
    thin, wide = (grown(seed, vessel_calibre=score)[0] for score in (-1.0, 1.0))
    for one, other in zip(thin, wide, strict=True):
        np.testing.assert_array_equal(one.path, other.path)
        assert (one.width < other.width).all()


def test_the_ratio_is_that_of_the_trunks():
    def ratio(score):
        trunks = grown(0, arteriole_venule_ratio=score)[0][-1]
        n = len(trunks.is_venule) // 2
        return trunks.width[:n, 0] / trunks.width[n:, 0]

    values = np.zeros((2, N))
    values[1, parameter_names().index("arteriole_venule_ratio")] = 1.0
    usual, high = (eye.arteriole_width / eye.venule_width for eye in map(anatomy_of, values))
    assert ratio(1.0) / ratio(0.0) == pytest.approx(high / usual)


@pytest.mark.parametrize("seed", SEEDS)
def test_tortuosity_lengthens_paths_between_the_same_ends(seed):
    means = []
    for score in (-2.0, -1.0, 0.0, 1.0, 2.0):
        lines = [
            line for line, _ in paths(grown(seed, vessel_tortuosity=score)[0]) if len(line) > 9
        ]
        means.append(np.mean([arc_over_chord(line) for line in lines]))
    assert means == sorted(means)


def test_two_eyes_have_trees_of_their_own():
    one, other = grown(0)[0][-1], grown(1)[0][-1]
    assert np.abs(one.path[:, 10] - other.path[:, 10]).max() > 0.05


def test_hardly_any_branching_leaves_the_trunks():
    generations, _ = grown(0, vessel_branching=-99.0)
    assert n_vessels(generations[-1:]) <= n_vessels(generations) < 60


def test_the_fovea_is_temporal_of_the_disc_and_lower():
    layouts = [draw_layout(np.random.default_rng(seed)) for seed in range(200)]
    offsets = np.array([np.subtract(layout.fovea, layout.disc) for layout in layouts])
    assert offsets[:, 0].min() > 0.5
    assert offsets[:, 1].mean() > 0.05


def test_an_eye_without_a_branch_has_its_trunks():
    anatomy = dataclasses.replace(anatomy_of(np.zeros(N)), branching=0.0)
    layout = draw_layout(np.random.default_rng(1))
    generations = grow_vessels(anatomy, layout, np.random.default_rng(2))
    assert n_vessels(generations) == n_vessels(generations[-1:]) > 0
