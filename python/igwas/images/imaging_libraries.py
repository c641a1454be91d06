"""Pillow and scikit-image, imported when they are needed, with a cure where they are missing."""

import importlib
from typing import Any

from igwas.errors import IgwasError
from igwas.extras import install_command


def pillow() -> Any:
    """The module PIL.Image.

    Raises
    ------
    IgwasError
        If Pillow is not installed.
    """
    return _module("PIL.Image", "Pillow")


def skimage(name: str) -> Any:
    """A module of scikit-image, such as `filters`.

    Raises
    ------
    IgwasError
        If scikit-image is not installed.
    """
    return _module(f"skimage.{name}", "scikit-image")


def _module(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise IgwasError(
            f"needs {package}. Install it with: {install_command('encoder')}"
        ) from error
