"""The folder of a run: what is in it, and who may write there."""

import datetime
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from igwas._version import __version__
from igwas.encoder.checkpoint import BEST, LAST
from igwas.encoder.split import Split
from igwas.errors import OutputError
from igwas.provenance import describe_inputs
from igwas.whole_file import whole_file

FILES = (LAST, BEST, "log.csv", "split.tsv", "run.json", "images.cache", "images.cache.json")


def make_folder(run_dir: Path) -> None:
    """Make the folder of a run, if it is not there.

    Raises
    ------
    OutputError
    """
    if run_dir.exists() and not run_dir.is_dir():
        raise OutputError(f"{run_dir} is a file; expected a folder. Choose another output.")
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{run_dir} cannot be made ({error.strerror}); expected a folder to write to. "
            "Check its path and permissions."
        ) from error


def empty_folder(run_dir: Path, *, resume: bool, overwrite: bool) -> None:
    """Remove the run that is there, or refuse to; for the one process that may write there.

    Raises
    ------
    OutputError
        If there is a run and neither `resume` nor `overwrite`.
    """
    there = (run_dir / LAST).exists()
    if there and not (resume or overwrite):
        raise OutputError(
            f"{run_dir} holds a run already; expected an empty folder. Give --resume to go on "
            "with it, or --overwrite to start again."
        )
    if overwrite:
        for name in FILES:
            (run_dir / name).unlink(missing_ok=True)
        shutil.rmtree(run_dir / "tensorboard", ignore_errors=True)


def what_is_kept(run_dir: Path) -> str:
    """What a stopped run leaves to go on from, in words."""
    last = run_dir / LAST
    if last.exists():
        return f"{last} keeps the steps up to its checkpoint: go on with --resume"
    return f"{run_dir} has no checkpoint yet: start again with --resume"


def write_split(split: Split, run_dir: Path) -> None:
    """Write `split.tsv`: participant_id and part."""
    lines = ["participant_id\tpart"]
    lines += [f"{person}\t{part}" for part, people in split.parts().items() for person in people]
    write_text(run_dir / "split.tsv", "\n".join(lines) + "\n")


def write_description(
    run_dir: Path, *, images: Path, options: Mapping[str, Any], details: Mapping[str, Any]
) -> None:
    """Write `run.json`: who trained what on what, how."""
    description: dict[str, Any] = {
        "format": "igwas training run",
        "igwas_version": __version__,
        "command": " ".join(sys.argv),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": describe_inputs({"images": images}),
        "options": dict(options),
        "torch": torch.__version__,
        **details,
    }
    write_text(run_dir / "run.json", json.dumps(description, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all; OutputError if it cannot be written."""
    with whole_file(path) as partial:
        partial.write_text(text)
