"""How an eye lies in a photograph: gaze, roll and magnification, differing between visits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Framing:
    """From places in an eye to places in a photograph.

    An eye's axes are those of a left eye as photographed; a right eye is its mirror image.

    Parameters
    ----------
    centre : (float, float)
        Middle of the field of view, pixels.
    radius : float
        Of the field of view, pixels.
    shift : (float, float)
        What the field is centred on, in radii, in the eye's axes.
    roll : float
        Of the eye beside the camera, radians.
    magnification : float
    side : int
        1 for a left eye, -1 for a right one.
    """

    centre: tuple[float, float]
    radius: float
    shift: tuple[float, float]
    roll: float
    magnification: float
    side: int

    def matrix(self) -> Floats:
        """Affine map, float64 (2, 3), from (x, y, 1) in the eye to pixels."""
        scale = self.radius * self.magnification
        cos, sin = scale * np.cos(self.roll), scale * np.sin(self.roll)
        turn = np.array([[cos, -sin], [sin, cos]])
        moved = turn @ -np.array(self.shift)
        left = np.column_stack([turn, moved])
        left[0] *= self.side
        left[:, 2] += self.centre
        return np.asarray(left)

    def inverse(self) -> Floats:
        """Affine map, float64 (2, 3), from pixels to places in the eye."""
        matrix = self.matrix()
        turn = np.linalg.inv(matrix[:, :2])
        return np.column_stack([turn, -turn @ matrix[:, 2]])


def draw_framing(
    centre: tuple[float, float], radius: float, side: int, generator: np.random.Generator
) -> Framing:
    """Draw gaze, roll and magnification as they differ between photographs of one eye."""
    noise = generator.normal(size=4)
    return Framing(
        centre, radius, (float(0.035 * noise[0]), float(0.035 * noise[1])),
        float(np.deg2rad(2.5) * noise[2]), float(np.exp(0.02 * noise[3])), side,
    )  # fmt: skip
