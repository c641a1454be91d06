"""Vessels as dark ridges of the green channel, where their contrast is greatest."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Plane = npt.NDArray[np.float32]


def masked_blur(plane: Plane, inside: npt.NDArray[np.bool_], sigma: float) -> Plane:
    """Gaussian mean over the pixels of `inside` alone, so that black outside darkens nothing.

    Parameters
    ----------
    plane : float32 (rows, columns)
    inside : bool (rows, columns)
    sigma : float
        Standard deviation, pixels.

    Returns
    -------
    float32 (rows, columns)
        0 where no pixel of `inside` is near.
    """
    weight = inside.astype(np.float32)
    total = ndimage.gaussian_filter(plane * weight, sigma, truncate=3)
    count = ndimage.gaussian_filter(weight, sigma, truncate=3)
    mean: Plane = np.divide(total, count, out=np.zeros_like(total), where=count > 1e-4)
    return mean


def even_illumination(plane: Plane, inside: npt.NDArray[np.bool_], sigma: float) -> Plane:
    """The plane over its wide mean, less 1: 0 is as bright as the surroundings, 0 outside.

    The floor under the mean keeps sensor noise of unlit parts from looking like contrast.
    """
    return over_mean(plane, inside, masked_blur(plane, inside, sigma))


def over_mean(plane: Plane, inside: npt.NDArray[np.bool_], mean: Plane) -> Plane:
    """`even_illumination` where the wide mean is known already."""
    return np.where(inside, plane / np.maximum(mean, 8.0) - np.minimum(mean / 8.0, 1.0), 0).astype(
        np.float32
    )


def ridge_response(plane: Plane, sigmas: tuple[float, ...]) -> Plane:
    """Greatest curvature across dark lines over several widths: Sato's measure in the plane.

    Equal to `skimage.filters.sato` with `black_ridges=True` (a test compares them), in a quarter
    of its time: each photograph passes here.

    Parameters
    ----------
    plane : float32 (rows, columns)
    sigmas : tuple of float
        Half widths of the lines looked for, pixels.

    Returns
    -------
    float32 (rows, columns)
        0 or more, in units of the plane.

    References
    ----------
    Sato et al. 1998, Med Image Anal 2:143.
    """
    return ridge_responses(plane, sigmas)[0]


def ridge_responses(plane: Plane, sigmas: tuple[float, ...]) -> tuple[Plane, Plane]:
    """`ridge_response` of the plane and of its negative: dark lines and bright ones.

    The derivatives of a negative are the negatives: the second costs next to nothing.
    """
    dark, bright = np.zeros_like(plane), np.zeros_like(plane)
    for sigma in sigmas:
        across, along, mixed = (
            ndimage.gaussian_filter(plane, sigma, order=order) for order in ((2, 0), (0, 2), (1, 1))
        )
        half_trace = (across + along) / 2
        spread = np.hypot((across - along) / 2, mixed)
        np.maximum(dark, sigma**2 * (spread + half_trace), out=dark)
        np.maximum(bright, sigma**2 * (spread - half_trace), out=bright)
    return dark, bright
