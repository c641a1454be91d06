"""Image-based genome-wide association studies."""

from igwas._version import __version__

__all__ = ["__version__"]
