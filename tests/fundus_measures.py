"""Plain measurements on drawn photographs, one a parameter: each sees pixels only.

Sizes are in radii of the field; the camera's field and the eye's layout are taken as known.
"""

import numpy as np
from scipy import ndimage

from igwas.images.vessels import even_illumination, ridge_response


class DrawnEye:
    """A photograph with the places that measurements look at.

    `rgb` is uint8 (rows, columns, 3); `disc` and `fovea` are pixels x, y; `radius` is in pixels.
    """

    def __init__(self, rgb, disc, fovea, radius):
        self.rgb = rgb.astype(np.float32)
        self.radius = radius
        rows, columns = rgb.shape[:2]
        y, x = np.mgrid[:rows, :columns] + 0.5
        self.from_disc = np.hypot(x - disc[0], y - disc[1]) / radius
        self.from_fovea = np.hypot(x - fovea[0], y - fovea[1]) / radius
        self.from_middle = np.hypot(x - columns / 2, y - rows / 2) / radius
        self.inside = self.from_middle < 0.97
        # The retina that is neither rim, nerve head nor fovea.
        self.plain = (self.from_middle < 0.85) & (self.from_disc > 0.25) & (self.from_fovea > 0.2)

    def flat(self, channel):
        return even_illumination(self.rgb[:, :, channel], self.inside, self.radius / 8)

    def ridges(self, channel=1):
        return ridge_response(self.flat(channel), (0.008 * self.radius, 0.014 * self.radius))

    def vessels(self):
        """Mask of vessels, by the threshold of `igwas.images.measures`."""
        ridges = self.ridges()
        mask = (ridges > 0.03) & self.plain
        labels, _ = ndimage.label(mask, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        return sizes[labels] >= 0.3 * self.radius


def darkness(eye):
    return -eye.rgb[eye.plain].mean()


def disc_area(eye):
    """Pixels around the nerve head that are brighter than half way to its bright part."""
    green = eye.rgb[:, :, 1]
    ground = np.median(green[(eye.from_disc > 0.3) & (eye.from_disc < 0.45)])
    top = np.percentile(green[eye.from_disc < 0.06], 80)
    return (green[eye.from_disc < 0.28] > (ground + top) / 2 - 5).sum()


def cup_brightness(eye):
    return eye.rgb[:, :, 2][eye.from_disc < 0.11].mean()


def vessel_darkness(eye):
    """How much the vessels, wide ones above all, take away from the ground."""
    return -eye.flat(1)[eye.plain & (eye.ridges() > 0.03)].sum()


def redness_of_vessels(eye):
    """Ridges of green over those of red, in which venules show most."""
    vessels = eye.vessels()
    return eye.ridges(1)[vessels].sum() / eye.ridges(0)[vessels].sum()


def winding(eye):
    """Spread of direction along vessels: 1 less the mean coherence in small windows."""
    weight = eye.ridges() * eye.vessels()
    smooth = ndimage.gaussian_filter(eye.flat(1), 0.012 * eye.radius)
    dy, dx = np.gradient(smooth)
    xx, yy, xy = (
        ndimage.gaussian_filter(weight * product, 0.07 * eye.radius)
        for product in (dx * dx, dy * dy, dx * dy)
    )
    coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9)
    return 1 - (coherence * weight).sum() / weight.sum()


def vessel_length(eye):
    from skimage.morphology import skeletonize

    return skeletonize(eye.vessels()).sum()


def macula_darkness(eye):
    green = eye.rgb[:, :, 1]
    around = (eye.from_fovea > 0.35) & (eye.from_fovea < 0.45) & (eye.from_disc > 0.25)
    return np.median(green[around]) - np.median(green[eye.from_fovea < 0.1])


def texture(eye):
    """Spread of red, in which the retina's vessels show least, at the width of the choroid's."""
    red = ndimage.gaussian_filter(eye.flat(0), 0.02 * eye.radius)
    away = eye.plain & ~ndimage.binary_dilation(eye.vessels(), iterations=3)
    return red[away].std()


MEASURES = {
    "pigment": darkness,
    "disc_size": disc_area,
    "cup_ratio": cup_brightness,
    "vessel_calibre": vessel_darkness,
    "arteriole_venule_ratio": redness_of_vessels,
    "vessel_tortuosity": winding,
    "vessel_branching": vessel_length,
    "macula": macula_darkness,
    "fundus_texture": texture,
}
