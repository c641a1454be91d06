"""Packages of the `encoder` extra, imported when first needed; a missing one names its own cure."""

import importlib
from typing import Any

from igwas.errors import IgwasError
from igwas.extras import install_command


def require(name: str) -> Any:
    """Import a package of the `encoder` extra.

    Parameters
    ----------
    name : str
        Such as `torch`.

    Raises
    ------
    IgwasError
        If it is not installed, or is and cannot be loaded.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != name.split(".")[0]:
            raise IgwasError(
                f"{name} is installed but needs {error.name}, which is not; expected both. "
                f"Install {error.name}."
            ) from error
        raise IgwasError(f"needs {name}. Install it with: {install_command('encoder')}") from error
    except (ImportError, OSError, RuntimeError) as error:
        raise IgwasError(
            f"{name} is installed but does not load ({error}); expected a working one. "
            f"Install it again with: {install_command('encoder', again=True)}"
        ) from error
