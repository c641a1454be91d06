"""Read a photograph's file: upright 8-bit colour, or the reason why not."""

import hashlib
import io
import os
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError
from igwas.images.imaging_libraries import pillow

# Pillow's readers of these formats only: others run other programs, or are no photographs.
FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM", "GIF")
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".ppm", ".gif")
)
# No fundus camera is near these; a hostile header must not take the memory of the machine.
MOST_PIXELS = 80_000_000
MOST_BYTES = 2**29
SHORTEST_SIDE = 64
# What Pillow's readers raise on damaged files, found by feeding them damaged files.
_DECODING_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError,
    AttributeError, NotImplementedError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
_MODES = {
    "CMYK": "its colours are CMYK", "YCCK": "its colours are CMYK", "LAB": "its colours are Lab",
    "HSV": "its colours are HSV", "L": "it is grey (one channel)", "LA": "it is grey",
    "1": "it is black and white", "I": "it is grey, 32 bits", "F": "it is grey, floating point",
}  # fmt: skip


class PhotographError(InputError):
    """The file gives no image; the message is the reason, in a phrase."""


@dataclass(frozen=True)
class Photograph:
    """A photograph read.

    Parameters
    ----------
    rgb : uint8 (rows, columns, 3)
        Upright: the orientation that the file's EXIF data give is applied.
    digest : str
        SHA-256 of the file's bytes.
    """

    rgb: npt.NDArray[np.uint8]
    digest: str


def read_photograph(path: Path | str) -> Photograph:
    """Read one file.

    Colours stay as they are: 8 bits a channel, sRGB as cameras write it; a palette is resolved, a
    16-bit colour channel keeps its high byte. CMYK, Lab and grey pictures are refused: they have
    no natural colours.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Photograph

    Raises
    ------
    PhotographError
        Whatever is wrong with it: no picture, cut short, too large, several pictures, grey...
    """
    content = _read_bytes(Path(path))
    digest = hashlib.sha256(content).hexdigest()
    image_module = pillow()
    image_module.init()  # or formats that Pillow imports late would be unknown to it
    known = [name for name in FORMATS if name in image_module.OPEN]
    bombs = (image_module.DecompressionBombError, image_module.DecompressionBombWarning)
    with warnings.catch_warnings():
        # Doubts about EXIF data are no news to the user; a bomb is.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", image_module.DecompressionBombWarning)
        try:
            with image_module.open(io.BytesIO(content), formats=known) as image:
                rgb = _decode(image)
        except PhotographError:
            raise
        except bombs as error:
            raise PhotographError(_too_large("far more")) from error
        except image_module.UnidentifiedImageError as error:
            raise PhotographError("it is no picture of a known format") from error
        except _DECODING_ERRORS as error:
            raise PhotographError(f"it cannot be decoded ({_one_line(error)})") from error
    return Photograph(rgb, digest)


def _read_bytes(path: Path) -> bytes:
    try:
        # Not blocking: a pipe named x.jpg would be waited for without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PhotographError("it is a folder or a device, not a file")
            if not status.st_size:
                raise PhotographError("the file is empty")
            if status.st_size > MOST_BYTES:
                raise PhotographError(
                    f"the file has {status.st_size:,} bytes; expected at most {MOST_BYTES:,}"
                )
            return stream.read()
    except IsADirectoryError as error:
        raise PhotographError("it is a folder or a device, not a file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotographError(f"it cannot be read ({reason.lower()})") from error


def _decode(image: Any) -> npt.NDArray[np.uint8]:
    from PIL import ImageOps

    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PhotographError(_too_large(f"{width:,} x {height:,}"))
    if min(width, height) < SHORTEST_SIDE:
        raise PhotographError(
            f"it has {width} x {height} pixels; expected at least {SHORTEST_SIDE} on each side"
        )
    # Some cameras store a preview as a second picture (MPO); the first is the photograph.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise PhotographError(f"it holds {image.n_frames} pictures; expected one")
    if image.mode in _MODES or image.mode.startswith("I;"):
        what = _MODES.get(image.mode, "it is grey, 16 bits")
        raise PhotographError(f"{what}; expected RGB in natural colours")
    upright = ImageOps.exif_transpose(image)
    if "A" in upright.getbands() or "transparency" in upright.info:
        # What is transparent is no retina: black, as outside the disc.
        rgba = upright.convert("RGBA")
        ground = pillow().new("RGBA", rgba.size, (0, 0, 0, 255))
        upright = pillow().alpha_composite(ground, rgba)
    rgb = np.asarray(upright.convert("RGB"))
    if (rgb[:, :, 0] == rgb[:, :, 1]).all() and (rgb[:, :, 1] == rgb[:, :, 2]).all():
        raise PhotographError("it is grey (three equal channels); expected natural colours")
    return rgb


def _too_large(size: str) -> str:
    return f"it has {size} pixels; expected at most {MOST_PIXELS:,} in all"


def _one_line(error: BaseException) -> str:
    lines = str(error).split("\n")
    return lines[0].strip()[:200] or type(error).__name__
