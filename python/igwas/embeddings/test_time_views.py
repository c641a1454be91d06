"""Views of a photograph whose vectors are averaged when it is embedded."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from igwas.errors import OptionError

Pixels = npt.NDArray[np.uint8]

TEST_TIME = ("flip", "rotate")
ROTATION_DEGREES = 10.0


class TestTimeViews:
    """Makes the views: the photograph itself first, then those asked for.

    `flip` adds the mirror image of every view, `rotate` adds each view turned by ROTATION_DEGREES
    to either side. Right eyes are mirrored already, so that a flipped view shows an eye as no eye
    is: worth its time only for encoders that were trained with flips.

    Parameters
    ----------
    names : sequence of str
        Of TEST_TIME; none is the photograph alone.
    size_px : int
        Side of the photographs.

    Raises
    ------
    OptionError
        If a name is unknown or given twice.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    def __init__(self, names: Sequence[str], size_px: int) -> None:
        check_views(names)
        self.names = tuple(name for name in TEST_TIME if name in names)
        self._size_px = size_px
        angles = (ROTATION_DEGREES, -ROTATION_DEGREES) if "rotate" in names else ()
        self._rotations = [_rotation(size_px, angle) for angle in angles]

    @property
    def n_views(self) -> int:
        """Views a photograph."""
        return (1 + len(self._rotations)) * (1 + ("flip" in self.names))

    def make(self, batch: Pixels) -> list[Pixels]:
        """Views of a batch, each uint8 (images, rows, columns, 3)."""
        views = [batch, *(self._rotate(batch, matrix) for matrix in self._rotations)]
        if "flip" in self.names:
            views += [np.ascontiguousarray(view[:, :, ::-1]) for view in views]
        return views

    def _rotate(self, batch: Pixels, matrix: sparse.csr_matrix) -> Pixels:
        rotated = np.empty_like(batch)
        for image, target in zip(batch, rotated, strict=True):
            flat = image.reshape(-1, 3).astype(np.float32)
            target[...] = np.rint(matrix @ flat).reshape(image.shape)
        return rotated


def check_views(names: Sequence[str]) -> None:
    """Refuse names that are unknown or given twice; OptionError."""
    if not set(names) <= set(TEST_TIME) or len(set(names)) != len(names):
        raise OptionError(
            f"--test-time is {','.join(names)!r}; expected some of {', '.join(TEST_TIME)}, each "
            "once. Give for example flip,rotate."
        )


def _rotation(size: int, degrees: float) -> sparse.csr_matrix:
    """Matrix (pixels, pixels) that turns a square picture about its centre, bilinearly.

    What comes from outside the picture is black, as outside the disc.
    """
    centre = (size - 1) / 2
    row, column = np.mgrid[:size, :size] - centre
    turn = np.deg2rad(degrees)
    y = (np.cos(turn) * row - np.sin(turn) * column + centre).ravel()
    x = (np.sin(turn) * row + np.cos(turn) * column + centre).ravel()
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    down, right = y - top, x - left
    corners = [
        (top, left, (1 - down) * (1 - right)), (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)), (top + 1, left + 1, down * right),
    ]  # fmt: skip
    target = np.arange(size * size)
    rows, columns, weights = [], [], []
    for at_row, at_column, weight in corners:
        is_inside = (
            (at_row >= 0) & (at_row < size) & (at_column >= 0) & (at_column < size) & (weight > 0)
        )
        rows.append(target[is_inside])
        columns.append((at_row * size + at_column)[is_inside])
        weights.append(weight[is_inside])
    entries = np.concatenate(weights).astype(np.float32)
    places = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((entries, places), shape=(size * size, size * size))
