"""From reflected light to the pixels a camera records: illumination, optics, outline, noise."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from igwas.simulate.cameras import Camera

Plane = npt.NDArray[np.float32]

# What is left of light where there is no retina, 0 to 255.
_BLACK = 3.0
# A notch: its half width in degrees, and how far it sticks out, in radii.
_NOTCH_DEGREES, _NOTCH_REACH = 3.2, 0.055


def rows_of(camera: Camera, width: int) -> int:
    """Height of a photograph of this width, pixels."""
    return round(camera.height * width)


@lru_cache(maxsize=8)
def outline(camera: Camera, width: int) -> tuple[Plane, Plane]:
    """Field of view, 0 to 1, and distance from its middle in radii; float32 (rows, columns)."""
    rows, radius = rows_of(camera, width), camera.radius * width
    u = ((np.arange(width) + 0.5 - width / 2) / radius)[np.newaxis, :]
    v = ((np.arange(rows) + 0.5 - rows / 2) / radius)[:, np.newaxis]
    distance = np.hypot(u, v)
    inside = np.clip((1 - distance) * radius + 0.5, 0, 1)
    if camera.notch_degrees is not None:
        angle = np.rad2deg(np.arctan2(v, u)) - camera.notch_degrees
        off = np.abs((angle + 180) % 360 - 180) / _NOTCH_DEGREES
        reach = 1 + _NOTCH_REACH * np.sqrt(np.clip(1 - off**2, 0, None))
        inside = np.maximum(inside, (off < 1) * np.clip((reach - distance) * radius + 0.5, 0, 1))
    planes = inside.astype(np.float32), distance.astype(np.float32)
    for plane in planes:
        plane.flags.writeable = False
    return planes


def record(
    light: npt.NDArray[np.float32],
    camera: Camera,
    exposure: float,
    side: int,
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Record light as the camera does.

    Parameters
    ----------
    light : float32 (3, rows, columns)
        Reflected light, 255 is white at usual exposure.
    camera : Camera
    exposure : float
        Factor of the light, beside the camera's own.
    side : int
        1 for a left eye, -1 for a right one: light falls in from the same side of the eye.
    generator : numpy.random.Generator
        The photograph's own: direction of the light, haze, noise of the sensor.

    Returns
    -------
    uint8 (rows, columns, 3)
    """
    rows, columns = light.shape[1:]
    inside, distance = outline(camera, columns)
    slope = generator.normal(0, 0.05, size=2)
    haze = 6 + 5 * abs(float(generator.normal()))
    u = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / (camera.radius * columns)
    v = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) / (camera.radius * columns)
    lit = 1 - np.float32(camera.vignette) * distance**2 * (0.4 + 0.6 * distance**2)
    lit = lit * (1 + np.float32(side * slope[0]) * u[np.newaxis, :])
    lit = lit * (1 + np.float32(slope[1]) * v[:, np.newaxis]) * inside
    blur = camera.blur * camera.radius * columns
    blurred = np.empty((rows, columns, 3), np.float32)
    for c, balance in enumerate(camera.white_balance):
        gain = np.float32(exposure * camera.exposure * balance)
        signal = _shoulder((light[c] + np.float32(haze)) * lit * gain) + np.float32(_BLACK)
        blurred[:, :, c] = ndimage.gaussian_filter(signal, blur, truncate=3)
    # Shot noise grows with the root of the signal; what is left in the dark is the sensor's own.
    grain = generator.standard_normal(blurred.shape, dtype=np.float32)
    spread = camera.noise * np.sqrt(np.float32(0.08) + blurred / np.float32(255))
    recorded = np.clip(blurred + grain * spread + np.float32(0.5), 0, 255)
    return np.asarray(recorded, dtype=np.uint8)


def _shoulder(signal: Plane) -> Plane:
    """Highlights roll off above 220 instead of being cut, as cameras' tone curves do."""
    over = np.maximum(signal - np.float32(220), 0)
    return np.asarray(np.minimum(signal, np.float32(220)) + 35 * (1 - np.exp(-over / 35)))
