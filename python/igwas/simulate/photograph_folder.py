"""The folder of simulated photographs: new, to go on with, or to be replaced."""

import csv
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.errors import IncompleteFile, OutputError
from igwas.images.photograph import SUFFIXES
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
    earlier = _earlier(folder, settings["photographs"], overwrite=overwrite)
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


def _earlier(folder: Path, planned: list[str], *, overwrite: bool) -> dict[str, Any] | None:
    """Settings of the call that wrote the folder; None if it is new or empty."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} <= {SETTINGS + PARTIAL}:
        return None
    if not (folder / SETTINGS).exists():
        raise OutputError(
            f"{folder} holds files that are no simulated photographs; expected a new or empty "
            "folder. Choose another."
        )
    try:
        settings = json.loads((folder / SETTINGS).read_text())
        names = [str(name) for name in settings["photographs"]]
        return {"arguments_sha256": str(settings["arguments_sha256"]), "photographs": names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if overwrite:
            return {"arguments_sha256": "", "photographs": _drawn(folder, planned)}
        raise OutputError(
            f"{folder / SETTINGS} is damaged; expected the list of what an earlier run drew. Give "
            "--overwrite to draw again."
        ) from error


def _drawn(folder: Path, planned: list[str]) -> list[str]:
    """Photographs to be replaced where the list of them is damaged: all that are known as drawn.

    Another one may be somebody's own, or be left of other options and be taken for one of these.
    """
    names = {*planned, *_of_manifest(folder / MANIFEST)}
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(PARTIAL)
        if Path(name).suffix.lower() in SUFFIXES and name not in names:
            raise OutputError(
                f"{folder / SETTINGS} is damaged and does not say whether {path.name} was drawn by "
                "an earlier run; expected no other photographs. Move it away, or choose another "
                "folder."
            )
    return sorted(names)


def _of_manifest(path: Path) -> list[str]:
    """Photographs that a manifest names; none if it cannot be read."""
    try:
        with path.open(newline="") as stream:
            names = [row["path"] for row in csv.DictReader(stream)]
    except (OSError, ValueError, KeyError, csv.Error):
        return []
    return [name for name in names if name and Path(name).suffix.lower() in SUFFIXES]


def write_whole(path: Path, content: bytes) -> None:
    """Give a file its name when it is complete."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        partial.write_bytes(content)
        os.replace(partial, path)  # noqa: PTH105 - as fast as it gets, for many files
    finally:
        partial.unlink(missing_ok=True)
