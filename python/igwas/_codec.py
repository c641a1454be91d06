"""Where the zstd library is: inside hdf5plugin, which every reader of our files needs anyway."""

from pathlib import Path

from igwas import _core
from igwas.errors import DeviceUnavailable


def ensure_zstd() -> None:
    """Bind zstd for the core, once for the process; later calls cost nothing.

    `_core.zstd_compress` and `_core.zstd_decompress` call this themselves. Call it before handing
    zstd chunks to the C++ reader, which knows no Python.

    Raises
    ------
    DeviceUnavailable
        If hdf5plugin is not installed or holds no zstd library.
    """
    if not _core.zstd_is_loaded():
        _core.load_zstd(str(_zstd_library()))


def _zstd_library() -> Path:
    try:
        import hdf5plugin
    except ImportError as cause:
        raise DeviceUnavailable(
            "hdf5plugin is not installed; expected it for zstd chunks. "
            "Install it with: pip install hdf5plugin"
        ) from cause
    folder = Path(hdf5plugin.PLUGIN_PATH)
    found = sorted(folder.glob("libh5zstd.*"))
    if not found:
        raise DeviceUnavailable(
            f"{folder} has no libh5zstd; expected hdf5plugin's zstd library. "
            "Install it again with: pip install --force-reinstall hdf5plugin"
        )
    return found[0]
