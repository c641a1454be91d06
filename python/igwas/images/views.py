"""Further views of the crop: green with its contrast equalised, and a map of vessels."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from igwas.errors import OptionError
from igwas.images.crop import inside_circle
from igwas.images.imaging_libraries import skimage
from igwas.images.vessels import even_illumination, masked_blur

View = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.bool_]], npt.NDArray[np.uint8]]

# Half widths of vessels, of a crop's side: capillaries of 1 pixel to veins of 8 pixels at 400.
_VESSEL_SIGMAS = (0.0025, 0.004, 0.006, 0.009)
# Response, in contrast to the surroundings, that is drawn white: a large vein of a sharp image.
_FULL_RESPONSE = 0.20
_CLIP_LIMIT = 0.01
_RIM = 0.97


def green(crop: npt.NDArray[np.uint8], visible: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Green channel with its contrast equalised in tiles (CLAHE), black outside.

    Parameters
    ----------
    crop : uint8 (side, side, 3)
    visible : bool (side, side)
        Pixels of the disc within the photograph.

    Returns
    -------
    uint8 (side, side)

    References
    ----------
    Zuiderveld 1994, Graphics Gems IV, 474.
    """
    side = len(crop)
    plane = crop[:, :, 1].astype(np.float32)
    # Black surroundings would take part in the histograms of the tiles at the rim.
    filled = np.where(visible, plane, masked_blur(plane, visible, side / 16))
    equalised = skimage("exposure").equalize_adapthist(
        filled / 255, kernel_size=max(8, side // 8), clip_limit=_CLIP_LIMIT
    )
    return np.where(visible, np.rint(equalised * 255), 0).astype(np.uint8)


def vessels(crop: npt.NDArray[np.uint8], visible: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Dark ridges of the green channel at four widths (Sato's filter), on a scale common to all.

    A classical filter: it enhances vessels, and also the rims of bright lesions; it segments
    nothing. Parameters and result as `green`.

    References
    ----------
    Sato et al. 1998, Med Image Anal 2:143.
    """
    side = len(crop)
    flat = even_illumination(crop[:, :, 1].astype(np.float32), visible, side / 16)
    response = skimage("filters").sato(
        flat, sigmas=[max(0.7, side * share) for share in _VESSEL_SIGMAS], black_ridges=True
    )
    drawn = np.clip(np.rint(response * (255 / _FULL_RESPONSE)), 0, 255)
    return np.where(visible & inside_circle(side, _RIM), drawn, 0).astype(np.uint8)


VIEWS: dict[str, View] = {"green": green, "vessels": vessels}


def check_views(names: tuple[str, ...]) -> None:
    """Refuse a view that is not known, or named twice.

    Raises
    ------
    OptionError
    """
    for name in names:
        if name not in VIEWS or names.count(name) > 1:
            raise OptionError(
                f"views are {','.join(names)!r}; expected each once, out of {', '.join(VIEWS)}. "
                "Correct --views."
            )
