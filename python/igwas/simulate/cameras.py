"""Fundus cameras: what a photograph owes to the instrument and not to the eye."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Camera:
    """How one model of camera records a retina.

    Parameters
    ----------
    name : str
        As written to the manifest.
    height : float
        Height of the photograph, in its widths.
    radius : float
        Radius of the field of view, in widths; a circle higher than the photograph is cut above
        and below.
    notch_degrees : float or None
        Where a marker sticks out of the rim, clockwise from the right; None without one.
    white_balance : tuple of three floats
        Factors of red, green and blue.
    blur : float
        Standard deviation of the optics' point spread, in radii of the field.
    vignette : float
        Share of the light that is lost at the rim.
    noise : float
        Standard deviation of the sensor's noise at full signal, 0 to 255.
    exposure : float
        Factor of the light; 1 is usual.
    jpeg_quality : int
        Of the files that the camera writes, 1 to 95.
    """

    name: str
    height: float
    radius: float
    notch_degrees: float | None
    white_balance: tuple[float, float, float]
    blur: float
    vignette: float
    noise: float
    exposure: float
    jpeg_quality: int


CAMERAS: tuple[Camera, ...] = (
    Camera("notched", 1.00, 0.485, 318.0, (1.00, 1.00, 1.00), 0.0055, 0.30, 3.0, 0.86, 92),
    Camera("cropped", 0.86, 0.480, None, (1.03, 0.98, 0.93), 0.0075, 0.40, 4.5, 0.80, 85),
    Camera("bordered", 0.86, 0.420, 0.0, (0.97, 1.02, 1.05), 0.0065, 0.24, 3.5, 0.90, 90),
)
