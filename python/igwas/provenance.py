"""What every file of ours says about itself: who wrote it, from what, how."""

import datetime
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.schema import SCHEMA_VERSION, FileKind

_SLAB = 2**20


def file_digest(path: Path | str) -> str:
    """Digest that identifies an input: SHA-256 of its size and of first, middle and last mebibyte.

    Hashing a biobank's genotypes whole would cost more than scanning them; chunk checksums find
    damage, this finds the wrong or a changed file.
    """
    path = Path(path)
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for offset in sorted({0, max(0, size // 2 - _SLAB // 2), max(0, size - _SLAB)}):
            stream.seek(offset)
            digest.update(stream.read(_SLAB))
    return digest.hexdigest()


def describe_inputs(paths: Mapping[str, Path | str]) -> dict[str, dict[str, Any]]:
    """Path, size and digest of each input, by role."""
    return {
        role: {
            "path": str(path),
            "size_bytes": Path(path).stat().st_size,
            "digest": file_digest(path),
        }
        for role, path in paths.items()
    }


def root_attributes(
    kind: FileKind,
    *,
    inputs: Mapping[str, Path | str] | None = None,
    options: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> dict[str, Any]:
    """Root attributes of a new file.

    Parameters
    ----------
    kind : FileKind
        What the file is.
    inputs : mapping of role to path, optional
        Files it was made from.
    options : mapping, optional
        Options that decide its content; must serialise to JSON.
    command : str, optional
        The command line; by default this process's.
    """
    return {
        "format": kind.name,
        "schema_version": SCHEMA_VERSION,
        "igwas_version": __version__,
        "command": command if command is not None else " ".join(sys.argv),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": json.dumps(describe_inputs(inputs or {})),
        "options": json.dumps(dict(options or {}), default=str),
    }
