"""What a figure draws, read back from it: for tests, and for those who keep a figure's numbers."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray


def drawn_points(figure: Figure, gid: str = "points", axes: int = 0) -> NDArray[np.float64]:
    """Points (x, y) of the scatters with a `gid`, float64 (points, 2).

    Parameters
    ----------
    figure : Figure
    gid : str
        As the plots name what they draw: points, leads, lead.
    axes : int
        Which of the figure's axes.
    """
    found: list[Any] = [
        np.asarray(one.get_offsets(), dtype=np.float64)
        for one in figure.axes[axes].collections
        if one.get_gid() == gid and len(one.get_paths())
    ]
    return np.concatenate(found) if found else np.zeros((0, 2))
