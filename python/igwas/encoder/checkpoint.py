"""Checkpoints: written whole or not at all, loaded without running code that a file could hold."""

import hashlib
import io
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from igwas._version import __version__
from igwas.encoder.options import TrainOptions
from igwas.errors import CorruptFile, IncompleteFile, InputError
from igwas.whole_file import whole_file

FORMAT = "igwas encoder checkpoint"
VERSION = 1
LAST, BEST = "last.pt", "best.pt"
# What torch.load raises on files that are cut short, damaged or no checkpoints at all.
_LOAD_ERRORS = (
    RuntimeError,
    pickle.UnpicklingError,
    EOFError,
    zipfile.BadZipFile,
    ValueError,
    KeyError,
    AttributeError,
    IndexError,
    TypeError,
    AssertionError,
    struct.error,
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A run at one step.

    Parameters
    ----------
    options : TrainOptions
    step : int
        Optimiser steps done.
    network : dict of tensors
        State of the network.
    training_state : dict
        What going on needs besides: objective, optimiser, scaler, random numbers, best score.
    images_path, images_digest : str
        images.h5, and its digest as `igwas.provenance.file_digest` gives it.
    image_size_px, preprocessing_version
        Of images.h5.
    people : dict of lists
        Ids of the people for `train`, `validation` and `test`.
    training_digest : str
        Of the people trained and validated on, and of their images.
    validation : dict
        Scores at this step.
    """

    options: TrainOptions
    step: int
    network: dict[str, Tensor]
    training_state: dict[str, Any]
    images_path: str
    images_digest: str
    image_size_px: int
    preprocessing_version: str
    people: dict[str, list[str]]
    training_digest: str
    validation: dict[str, float]

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the network's tensors."""
        return digest_of(self.network)


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names, types, shapes and bytes of tensors, by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        digest.update(plain.numpy().tobytes())
    return digest.hexdigest()


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint beside its place, then rename it.

    Raises
    ------
    OutputError
        If it cannot be written; the one before it is then untouched.
    """
    content = {field.name: getattr(checkpoint, field.name) for field in fields(checkpoint)}
    content["options"] = checkpoint.options.as_dict()
    content |= {
        "format": FORMAT,
        "version": VERSION,
        "igwas_version": __version__,
        "weights_digest": checkpoint.weights_digest,
    }
    packed = _packed(content)
    with whole_file(path) as partial, partial.open("wb") as stream:
        stream.write(packed)
        stream.flush()
        os.fsync(stream.fileno())


def _packed(content: dict[str, Any]) -> memoryview:
    """A checkpoint in memory.

    torch's zip writer, when it is stopped, still writes as it is destroyed, and ends the process if
    its file is closed by then.
    """
    stream = io.BytesIO()
    try:
        torch.save(content, stream)
    except RuntimeError as error:
        # The writer hides Ctrl-C behind an error of its own.
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise
    return stream.getbuffer()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check its weights against their digest.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Checkpoint
        Tensors on the CPU.

    Raises
    ------
    InputError
        If it is no checkpoint of ours or of a newer version; CorruptFile if it is cut short or its
        weights do not match their digest.
    """
    content = _load(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(
            f"{path} is no checkpoint of igwas-fast; expected best.pt or last.pt of a run. "
            "Check the path."
        )
    if content.get("version") != VERSION:
        raise InputError(
            f"{path} is a checkpoint of version {content.get('version')}; expected {VERSION}. "
            f"Use igwas-fast {content.get('igwas_version')}, which wrote it."
        )
    absent = [field.name for field in fields(Checkpoint) if field.name not in content]
    if absent:
        raise CorruptFile(
            f"{path} lacks {', '.join(absent)}; expected a whole checkpoint. Copy it again."
        )
    values = {field.name: content[field.name] for field in fields(Checkpoint)}
    values["options"] = TrainOptions.from_dict(values["options"])
    checkpoint = Checkpoint(**values)
    if checkpoint.weights_digest != content.get("weights_digest"):
        raise CorruptFile(
            f"{path}: the weights do not match their digest; expected those that were written. "
            "Copy the file again."
        )
    return checkpoint


def _damaged_member(path: Path) -> str:
    """Name of a part whose bytes are not those that were written; empty if there is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() or ""
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, zlib.error) as error:
        return f"its directory ({error})"


def _load(path: Path) -> Any:
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a checkpoint. Give a file.")
    if not path.exists():
        raise InputError(f"{path} does not exist; expected a checkpoint. Check the path.")
    if not zipfile.is_zipfile(path):
        raise CorruptFile(
            f"{path} cannot be read as a checkpoint (it is no zip archive, or cut short); expected "
            "a whole one of igwas-fast. Copy it again, or give another."
        )
    damaged = _damaged_member(path)
    if damaged:
        # torch does not look: a damaged optimiser would go on with other numbers.
        raise CorruptFile(
            f"{path} cannot be read as a checkpoint ({damaged} does not match its checksum); "
            "expected a whole one of igwas-fast. Copy it again, or give another."
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except _LOAD_ERRORS as error:
        # torch's own words advise to run whatever code the file holds.
        raise CorruptFile(
            f"{path} cannot be read as a checkpoint (its records are damaged, or hold more than "
            "numbers and texts); expected a whole one of igwas-fast. Copy it again, or give "
            "another."
        ) from error


def find_checkpoint(path: Path, which: str = BEST) -> Path:
    """Resolve a run's folder to its checkpoint; a file stands for itself.

    Raises
    ------
    IncompleteFile
        If the folder has no such checkpoint.
    """
    if not path.is_dir():
        return path
    if not (path / which).exists():
        raise IncompleteFile(
            f"{path} has no {which}; expected the folder of a run that got as far as its first "
            "validation. Train for longer, or give another folder."
        )
    return path / which
