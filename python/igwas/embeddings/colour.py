"""The colour histogram of a photograph: the baseline every encoder has to beat."""

from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import ShapeError

BINS = 16
SIZE_PX = 64

# Photographs are taken in slabs: the float copies of a slab stay near 100 MB at 400 pixels.
_SLAB_BYTES = 2**27


def colour_histogram(
    rgb: npt.NDArray[np.uint8], *, bins: int = BINS, size_px: int = SIZE_PX
) -> npt.NDArray[np.float32]:
    """Joint histogram of red, green and blue, square root of the counts, length 1.

    The photograph is first averaged down to `size_px`, so that noise and sharpness leave no trace;
    black outside the disc is counted too. The dot product of two such vectors is the Bhattacharyya
    coefficient of the two histograms.

    Parameters
    ----------
    rgb : uint8 (images, rows, columns, 3)
        Photographs; one of (rows, columns, 3) is taken as one.
    bins : int
        Bins a channel.
    size_px : int
        Side of the averaged photograph; a smaller one is taken as it is.

    Returns
    -------
    float32 (images, bins ** 3)

    Raises
    ------
    ShapeError
        If the axes or the type are others.

    References
    ----------
    Swain & Ballard 1991, Int J Comput Vis 7:11 (histograms of colour); Bhattacharyya 1943.

    Examples
    --------
    >>> import numpy as np
    >>> black = np.zeros((1, 8, 8, 3), np.uint8)
    >>> colour_histogram(black, bins=2)
    array([[1., 0., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    rgb = rgb[None] if rgb.ndim == 3 else rgb
    if rgb.ndim != 4 or rgb.shape[3] != 3 or rgb.dtype != np.uint8:
        raise ShapeError(
            f"photographs are {rgb.dtype} {rgb.shape}; expected uint8 (images, rows, columns, 3). "
            "Convert them first."
        )
    rows = _area_weights(rgb.shape[1], size_px)
    columns = _area_weights(rgb.shape[2], size_px)
    histograms = np.zeros((len(rgb), bins**3), dtype=np.float32)
    step = max(1, _SLAB_BYTES // max(1, 4 * rgb[:1].size))
    for start in range(0, len(rgb), step):
        slab = slice(start, start + step)
        histograms[slab] = _histograms(_average(rgb[slab], rows, columns), bins)
    return histograms


def _average(rgb: npt.NDArray[np.uint8], rows: Any, columns: Any) -> npt.NDArray[np.float32]:
    narrow = np.einsum("nrck,wc->nrwk", rgb.astype(np.float32), columns, optimize=True)
    return np.asarray(np.einsum("nrwk,hr->nhwk", narrow, rows, optimize=True))


def _area_weights(length: int, size: int) -> npt.NDArray[np.float32]:
    """Matrix (size, length) whose rows average equal shares of the axis, split pixels included."""
    size = min(size, length)
    edges = np.arange(size + 1) * (length / size)
    pixel = np.arange(length)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights: npt.NDArray[np.float32] = (covered.clip(0) * (size / length)).astype(np.float32)
    return weights


def _histograms(rgb: npt.NDArray[np.float32], bins: int) -> npt.NDArray[np.float32]:
    # The average of 255s may round to just above 255 or below: the top bin takes both.
    level = np.clip((rgb + 1e-3) * (bins / 256), 0, bins - 1).astype(np.int64)
    code = (level[..., 0] * bins + level[..., 1]) * bins + level[..., 2]
    flat = code.reshape(len(rgb), -1) + np.arange(len(rgb))[:, None] * bins**3
    counts = np.bincount(flat.ravel(), minlength=len(rgb) * bins**3)
    share = counts.reshape(len(rgb), bins**3) / flat.shape[1]
    return np.asarray(np.sqrt(share), dtype=np.float32)
