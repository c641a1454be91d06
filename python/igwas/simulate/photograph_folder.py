"""The folder of simulated photographs: new, to go on with, or to be replaced."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.errors import IncompleteFile, OutputError
from igwas.simulate.photograph_list import PlannedPhotograph

MANIFEST = "manifest.csv"
SETTINGS = "photographs.json"
PARTIAL = ".partial"


def settings_of(
    planned: list[PlannedPhotograph], metadata: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """What says whether a folder is of the same call."""
    digest = hashlib.sha256(__version__.encode())
    for one in planned:
        drawn = (one.path.name, *astuple(one)[1:])
        digest.update(repr(drawn).encode())
    digest.update(repr({name: list(values) for name, values in metadata.items()}).encode())
    return {
        "igwas_version": __version__,
        "arguments_sha256": digest.hexdigest(),
        "photographs": [one.path.name for one in planned],
    }


def prepare_folder(
    folder: Path, settings: dict[str, Any], *, resume: bool, overwrite: bool
) -> bool:
    """Make the folder ready; True if an earlier call has finished what this one is to do."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder. Choose another name.")
    earlier = _earlier(folder)
    if earlier is not None and not overwrite:
        is_complete = (folder / MANIFEST).exists()
        if not resume:
            if is_complete:
                raise OutputError(
                    f"{folder / MANIFEST} exists; expected a new folder. Choose another or give "
                    "--overwrite."
                )
            raise IncompleteFile(
                f"{folder} was left by an interrupted run; expected none. Give --resume to go on "
                "with it, or --overwrite to start again."
            )
        if earlier["arguments_sha256"] != settings["arguments_sha256"]:
            raise OutputError(
                f"{folder} holds photographs of other people or other options; expected the same "
                "to go on with. Give --overwrite to start again, or choose another folder."
            )
        return is_complete
    if earlier is not None:
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in earlier["photographs"]:
            for left in (name, name + PARTIAL):
                (folder / Path(left).name).unlink(missing_ok=True)
    folder.mkdir(exist_ok=True)
    write_whole(folder / SETTINGS, (json.dumps(settings, indent=1) + "\n").encode())
    return False


def _earlier(folder: Path) -> dict[str, Any] | None:
    """Settings of the call that wrote the folder; None if it is new or empty."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} <= {SETTINGS + PARTIAL}:
        return None
    try:
        settings = json.loads((folder / SETTINGS).read_text())
        names = [str(name) for name in settings["photographs"]]
        return {"arguments_sha256": str(settings["arguments_sha256"]), "photographs": names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{folder} holds files that are no simulated photographs; expected a new or empty "
            "folder. Choose another."
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Give a file its name when it is complete."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        partial.write_bytes(content)
        os.replace(partial, path)  # noqa: PTH105 - as fast as it gets, for many files
    finally:
        partial.unlink(missing_ok=True)
