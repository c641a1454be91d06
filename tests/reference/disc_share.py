"""Share of a circle inside a picture, by counting tenths of pixels."""

import numpy as np


def pixels_in_frame(x, y, radius, rows, columns):
    """Points of a fine grid over the circle that lie within the picture, over all in the circle."""
    axis = np.linspace(-radius, radius, 2001)
    u, v = np.meshgrid(axis, axis)
    inside = np.hypot(u, v) <= radius
    in_frame = (x + u >= 0) & (x + u <= columns) & (y + v >= 0) & (y + v <= rows)
    return (inside & in_frame).sum() / inside.sum()
