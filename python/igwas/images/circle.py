"""Circles through noisy points: one found among outliers, and one refined by least squares."""

from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

# Fixed, so that a photograph gives the same circle every time.
_SEED = 20240611
_TRIPLES = 600
_ITERATIONS = 12


def circles_through(first: Points, second: Points, third: Points) -> Points:
    """Circle through each triple of points.

    Parameters
    ----------
    first, second, third : float64 (triples, 2)
        Points x, y.

    Returns
    -------
    float64 (triples, 3)
        Centre x, centre y, radius; not finite where the three lie on a line.

    Examples
    --------
    >>> one = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([[-1.0, 0.0]])
    >>> circles_through(*one).tolist()
    [[0.0, 0.0, 1.0]]
    """
    b, c = second - first, third - first
    with np.errstate(divide="ignore", invalid="ignore"):
        d = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
        b2, c2 = (b**2).sum(axis=1), (c**2).sum(axis=1)
        x = (c[:, 1] * b2 - b[:, 1] * c2) / d
        y = (b[:, 0] * c2 - c[:, 0] * b2) / d
        centre = first + np.stack([x, y], axis=1)
        return np.column_stack([centre, np.hypot(x, y)])


def best_circle(
    rim: Points,
    inside: Points,
    *,
    radius_range: tuple[float, float],
    frame_centre: tuple[float, float],
    frame_size: float,
) -> npt.NDArray[np.float64] | None:
    """Find the circle that most rim points lie on and few points lie outside of (RANSAC).

    Parameters
    ----------
    rim : float64 (points, 2)
        Points of the outline, with outliers: shadows, notch, text.
    inside : float64 (points, 2)
        Points that belong to the disc without being its rim: where it is cut by the frame.
    radius_range : tuple of float
        Smallest and largest radius.
    frame_centre, frame_size : (float, float), float
        The middle of the picture and its shorter side. Among circles that fit equally well the
        one nearer the middle wins; short arcs leave the centre open otherwise.

    Returns
    -------
    float64 (3,) or None
        Centre x, centre y, radius; None if there is no circle of that size.

    References
    ----------
    Fischler & Bolles 1981, CACM 24:381.
    """
    if len(rim) < 12:
        return None
    rng = np.random.default_rng(_SEED)
    triples = rng.integers(0, len(rim), (_TRIPLES, 3))
    circles = circles_through(rim[triples[:, 0]], rim[triples[:, 1]], rim[triples[:, 2]])
    with np.errstate(invalid="ignore"):
        is_possible = (circles[:, 2] >= radius_range[0]) & (circles[:, 2] <= radius_range[1])
    circles = circles[is_possible]
    if not len(circles):
        return None
    off_centre = np.hypot(*(circles[:, :2] - frame_centre).T) / frame_size
    circles = circles[off_centre < 0.6]
    if not len(circles):
        return None
    score = _support(circles, rim, inside)
    score -= 0.5 * len(rim) * (np.hypot(*(circles[:, :2] - frame_centre).T) / frame_size) ** 2
    best: npt.NDArray[np.float64] = circles[int(np.argmax(score))]
    return best


def _support(circles: Points, rim: Points, inside: Points) -> npt.NDArray[np.float64]:
    """Rim points on the circle, less points outside of it."""
    residual = (
        np.hypot(rim[None, :, 0] - circles[:, None, 0], rim[None, :, 1] - circles[:, None, 1])
        - circles[:, None, 2]
    )
    tolerance = 1.0 + 0.006 * circles[:, None, 2]
    on = np.clip(1 - np.abs(residual) / (2 * tolerance), 0, None).sum(axis=1)
    out = (residual > 3 * tolerance).sum(axis=1).astype(float)
    if len(inside):
        beyond = (
            np.hypot(
                inside[None, :, 0] - circles[:, None, 0], inside[None, :, 1] - circles[:, None, 1]
            )
            - circles[:, None, 2]
        )
        out += 2 * (beyond > 3 * tolerance).sum(axis=1)
    support: npt.NDArray[np.float64] = on - 0.7 * out
    return support


def refine(
    circle: npt.NDArray[np.float64],
    points: Points,
    *,
    scale: float,
    frame_centre: tuple[float, float],
    centre_sd: float,
) -> npt.NDArray[np.float64]:
    """Least squares of the distances to the circle, outliers down-weighted (Tukey's biweight).

    Parameters
    ----------
    circle : float64 (3,)
        Where to start.
    points : float64 (points, 2)
        Rim points.
    scale : float
        Standard deviation of a good point's distance, pixels.
    frame_centre, centre_sd : (float, float), float
        Weak prior knowledge: the disc is in the middle of the picture give or take `centre_sd`
        pixels. It decides only where the points leave the centre open.

    Returns
    -------
    float64 (3,)
        Centre x, centre y, radius.
    """
    fitted = np.array(circle, dtype=np.float64)
    prior_weight = (scale / centre_sd) ** 2
    for _ in range(_ITERATIONS):
        offset = points - fitted[:2]
        distance = np.maximum(np.hypot(offset[:, 0], offset[:, 1]), 1e-9)
        residual = distance - fitted[2]
        u = residual / (4.685 * max(scale, 1.4826 * float(np.median(np.abs(residual)))))
        weight = np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
        jacobian = np.column_stack([-offset / distance[:, None], -np.ones(len(points))])
        normal: Any = (jacobian * weight[:, None]).T @ jacobian
        gradient = (jacobian * weight[:, None]).T @ residual
        normal[[0, 1], [0, 1]] += prior_weight
        gradient[:2] += prior_weight * (fitted[:2] - np.asarray(frame_centre))
        # A little damping: a short arc makes the matrix nearly singular.
        step = np.linalg.solve(normal + 1e-9 * np.eye(3), gradient)
        fitted -= step
        if np.abs(step).max() < 1e-4:
            break
    return fitted
