"""One photograph, from pixels to the crop an encoder sees."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError
from igwas.images.crop import check_size, crop_disc
from igwas.images.disc import Disc, find_disc
from igwas.images.fingerprint import fingerprint
from igwas.images.measures import measure
from igwas.images.quality import judge

EYES = ("left", "right", "unknown")
DEFAULT_SIZE_PX = 400


@dataclass(frozen=True)
class Prepared:
    """A photograph made ready.

    Parameters
    ----------
    rgb : uint8 (size_px, size_px, 3)
        The disc, black outside; mirrored if it is a right eye.
    disc : Disc
        In pixels of the photograph.
    is_mirrored : bool
        Whether `rgb` is mirrored.
    measures : dict of str to float
        See `igwas.images.measures.MEASURES`.
    quality : float
        0 to 1.
    grade : str
        `keep`, `usable` or `reject`.
    grade_reason : str
        Why it is not `keep`; empty if it is.
    fingerprint : uint64 (8,)
        Of the look of the crop, not mirrored: near duplicates have near fingerprints.
    """

    rgb: npt.NDArray[np.uint8]
    disc: Disc
    is_mirrored: bool
    measures: dict[str, float]
    quality: float
    grade: str
    grade_reason: str
    fingerprint: npt.NDArray[np.uint64]


def prepare(
    rgb: npt.NDArray[np.uint8], eye: str = "unknown", size_px: int = DEFAULT_SIZE_PX
) -> Prepared:
    """Find the disc, crop and resize it, mirror a right eye, and judge its quality.

    Exactly what `igwas-fast images` does with each photograph.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
        The upright photograph (EXIF orientation applied), not mirrored.
    eye : str
        `left`, `right` or `unknown`; only right eyes are mirrored.
    size_px : int
        Side of the crop, pixels.

    Returns
    -------
    Prepared

    Raises
    ------
    ShapeError
        If the array is no uint8 colour picture of at least 32 x 32 pixels.
    InputError
        If the eye has another name.
    OptionError
        If the size is out of range.

    Examples
    --------
    >>> rows, columns = np.mgrid[:200, :300] + 0.5
    >>> picture = np.zeros((200, 300, 3), np.uint8)
    >>> picture[np.hypot(columns - 150, rows - 100) < 80] = (180, 90, 40)
    >>> prepared = prepare(picture, "right", 128)
    >>> prepared.rgb.shape, prepared.is_mirrored, prepared.rgb[64, 64].tolist()
    ((128, 128, 3), True, [180, 90, 40])
    """
    if eye not in EYES:
        raise InputError(f"eye is {eye!r}; expected left, right or unknown. Correct it.")
    check_size(size_px)
    disc = find_disc(rgb)
    crop = crop_disc(rgb, disc, size_px)
    measures = measure(rgb, disc, eye)
    quality = judge(measures)
    is_mirrored = eye == "right"
    seen = np.ascontiguousarray(crop[:, ::-1]) if is_mirrored else crop
    return Prepared(
        seen, disc, is_mirrored, measures, quality.value, quality.grade, quality.reason,
        fingerprint(rgb, disc),
    )  # fmt: skip
