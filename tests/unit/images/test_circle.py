import numpy as np

from igwas.images.circle import best_circle, circles_through, refine

FRAME = {"frame_centre": (100.0, 100.0), "frame_size": 200.0}


def points_on(circle, degrees, noise=0.0, seed=0):
    angle = np.deg2rad(degrees)
    points = np.column_stack(
        [circle[0] + circle[2] * np.cos(angle), circle[1] + circle[2] * np.sin(angle)]
    )
    return points + np.random.default_rng(seed).normal(0, noise, points.shape)


def test_three_points_on_a_line_give_no_finite_circle():
    points = [np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), np.array([[2.0, 2.0]])]
    assert not np.isfinite(circles_through(*points)).all()


def test_the_circle_is_found_among_as_many_outliers():
    truth = np.array([95.0, 108.0, 70.0])
    rim = points_on(truth, np.arange(0, 360, 2), noise=0.2)
    outliers = np.random.default_rng(1).uniform(40, 150, rim.shape)
    found = best_circle(
        np.vstack([rim, outliers]), np.empty((0, 2)), radius_range=(40, 220), **FRAME
    )
    assert np.abs(found - truth).max() < 1


def test_points_that_must_lie_inside_rule_a_small_circle_out():
    large, small = np.array([100.0, 100.0, 90.0]), np.array([100.0, 100.0, 50.0])
    rim = np.vstack([points_on(large, np.arange(0, 90)), points_on(small, np.arange(0, 120))])
    inside = points_on(large, np.arange(180, 360))
    found = best_circle(rim, inside, radius_range=(40, 220), **FRAME)
    assert abs(found[2] - 90) < 1


def test_too_few_points_give_no_circle():
    rim = points_on(np.array([100.0, 100.0, 50.0]), np.arange(5))
    assert best_circle(rim, np.empty((0, 2)), radius_range=(40, 220), **FRAME) is None


def test_circles_of_another_size_are_no_answer():
    rim = points_on(np.array([100.0, 100.0, 10.0]), np.arange(360))
    assert best_circle(rim, np.empty((0, 2)), radius_range=(40, 60), **FRAME) is None


def test_refining_reaches_a_hundredth_of_a_pixel_without_noise():
    truth = np.array([95.0, 108.0, 70.0])
    found = refine(
        truth + 2,
        points_on(truth, np.arange(360)),
        scale=0.4,
        frame_centre=(100, 100),
        centre_sd=20,
    )
    assert np.abs(found - truth).max() < 0.01


def test_refining_is_not_moved_by_a_tenth_of_outliers():
    truth = np.array([95.0, 108.0, 70.0])
    points = points_on(truth, np.arange(360), noise=0.3)
    points[::10] += 6
    found = refine(truth + 1, points, scale=0.4, frame_centre=(100, 100), centre_sd=20)
    assert np.abs(found - truth).max() < 0.1


def test_a_short_arc_is_held_near_the_middle_of_the_picture():
    arc = points_on(np.array([100.0, 100.0, 90.0]), np.arange(40, 52), noise=0.5, seed=4)
    start = np.array([103.0, 98.0, 91.0])
    found = refine(start, arc, scale=0.5, frame_centre=(100, 100), centre_sd=5)
    assert np.hypot(*(found[:2] - 100)) < 10
