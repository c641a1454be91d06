"""The machine, the versions and the commit that a result belongs to."""

import hashlib
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from igwas import _core
from igwas._version import __version__
from igwas.doctor import Diagnosis


def describe_machine(diagnosis: Diagnosis) -> dict[str, Any]:
    """Facts for JSON: processor, cores, memory, kernel, instruction set, versions, commit."""
    machine = diagnosis.facts["machine"]
    return {
        "processor": machine["processor"],
        "simd": machine["simd"],
        "cores": machine["cores"],
        "memory": machine.get("memory", "unknown"),
        "system": machine["system"],
        "kernel": platform.version(),
        "core_simd": _core.simd_level(),
        "versions": {name: str(value) for name, value in diagnosis.facts["versions"].items()},
        "commit": commit(),
        "core_digest": core_digest(),
    }


def commit(folder: Path | None = None) -> str:
    """Commit of the sources this package runs from, and whether they were changed since."""
    folder = folder or Path(__file__).resolve().parent
    revision = _git(folder, "rev-parse", "HEAD")
    # A wheel installed below somebody else's repository has that one's commit, not ours.
    if not revision or not _git(folder, "ls-files", "--error-unmatch", "__init__.py"):
        return f"release {__version__}"
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/")
    return revision + (" with changes" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def core_digest() -> str:
    """First 12 digits of the SHA-256 of the compiled core."""
    return hashlib.sha256(Path(_core.__file__).read_bytes()).hexdigest()[:12]


def load_average() -> list[float]:
    """Of 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]
