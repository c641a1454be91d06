"""Resizing as a product with a constant matrix: the same in NumPy, torch and ONNX."""

import numpy as np
import numpy.typing as npt


def resize_matrix(old_px: int, new_px: int) -> npt.NDArray[np.float32]:
    """Weights that resize one axis with a triangle filter, widened where the axis shrinks.

    A shrinking filter must average every pixel it passes over, or fine vessels alias; this is the
    antialiased bilinear filter of imaging libraries. Rows sum to 1.

    Parameters
    ----------
    old_px, new_px : int
        Lengths of the axis.

    Returns
    -------
    float32 (new_px, old_px)

    Examples
    --------
    >>> resize_matrix(4, 2)
    array([[0.42857143, 0.42857143, 0.14285715, 0.        ],
           [0.        , 0.14285715, 0.42857143, 0.42857143]], dtype=float32)
    """
    scale = old_px / new_px
    support = max(1.0, scale)
    centres = (np.arange(new_px) + 0.5) * scale
    distance = np.abs(np.arange(old_px) + 0.5 - centres[:, None]) / support
    weights = np.clip(1 - distance, 0, None)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def disc_mask(size_px: int, radius: float) -> npt.NDArray[np.float32]:
    """1 inside a centred circle and 0 outside.

    Parameters
    ----------
    size_px : int
        Side of the image.
    radius : float
        As a share of the half-side; 0 gives all ones.

    Returns
    -------
    float32 (size_px, size_px)
    """
    if radius == 0:
        return np.ones((size_px, size_px), np.float32)
    offsets = (np.arange(size_px) + 0.5) / size_px * 2 - 1
    return (np.hypot(offsets[:, None], offsets) < radius).astype(np.float32)
