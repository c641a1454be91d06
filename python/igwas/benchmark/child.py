"""One command as a child process: wall and CPU seconds, and peak memory."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from igwas.errors import IgwasError

_SCRIPTS = Path(__file__).resolve().parent / "scripts"
# Variables that choose a slower kernel of a BLAS or another instruction set than the machine has.
_DISTORTING = ("OPENBLAS_CORETYPE", "OPENBLAS_VERBOSE", "MKL_DEBUG_CPU_TYPE",
               "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "BLIS_ARCH_TYPE", "IGWAS_SIMD")  # fmt: skip
_DISTORTING_PREFIXES = ("NVPL_",)
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_TAIL_LINES = 4


@dataclass(frozen=True)
class Command:
    """A command line and what it needs.

    Attributes
    ----------
    arguments : tuple of str
    folder : Path
        Where it runs and writes.
    environment : mapping
        Variables beside the cleaned ones of this process.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The line as one would type it, free of where this Python and this package are."""
        shown = [_shown(word) for word in self.arguments]
        return " ".join(
            [*(f"{name}={value}" for name, value in self.environment.items()), shlex.join(shown)]
        )


@dataclass(frozen=True)
class Usage:
    """What one run used."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def _shown(word: str) -> str:
    if word == sys.executable:
        return "python"
    path = Path(word)
    return f"igwas/benchmark/scripts/{path.name}" if path.parent == _SCRIPTS else word


class CommandFailed(IgwasError):  # noqa: N818
    """A program that is measured ended with an error."""


def script(name: str) -> str:
    """Path of a program of `scripts/`."""
    return str(_SCRIPTS / name)


def blas_threads(threads: int) -> dict[str, str]:
    """Variables that tell a BLAS how many threads to use."""
    return dict.fromkeys(_THREADS, str(threads))


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables of this process without those that distort a comparison."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in (*_DISTORTING, *_THREADS) and not name.startswith(_DISTORTING_PREFIXES)
    }
    return {**kept, **(extra or {})}


def run(command: Command) -> Usage:
    """Run a command to its end.

    Raises
    ------
    CommandFailed
        With the end of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="igwas-bench-") as place:
        result, said = Path(place) / "usage.json", Path(place) / "output.txt"
        words = [sys.executable, "-I", "-S", script("launcher.py"), str(result), *command.arguments]
        with said.open("wb") as output:
            status = _wait(words, command, output)
        if status:
            raise CommandFailed(_failure(command, status, said.read_text(errors="replace")))
        return Usage(**json.loads(result.read_text()))


def _wait(words: list[str], command: Command, output: Any) -> int:
    # In a session of its own, so that whatever interrupts us ends the child's children too.
    process = subprocess.Popen(
        words,
        cwd=command.folder,
        env=clean_environment(command.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _failure(command: Command, status: int, said: str) -> str:
    tail = " | ".join(line.strip() for line in said.splitlines()[-_TAIL_LINES:] if line.strip())
    return (
        f"{command.arguments[0]} ended with status {status} and said: {tail or 'nothing'}; "
        f"expected it to succeed. Try it alone, or leave it out with --engines: {command.text()}"
    )


def run_json(command: Command) -> Any:
    """Run a command that prints one JSON document, and read it.

    Raises
    ------
    CommandFailed
    """
    process = subprocess.run(
        command.arguments,
        cwd=command.folder,
        env=clean_environment(command.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise CommandFailed(_failure(command, process.returncode, process.stderr))
    return json.loads(process.stdout)
