"""demo.json: with which options a demo was begun, and which of its commands have finished."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.demo.options import DemoOptions
from igwas.errors import IncompleteFile, InputError

NAME = "demo.json"
PARTIAL = NAME + ".partial"


@dataclass(frozen=True)
class Finished:
    """A command that has finished.

    Parameters
    ----------
    stage, command : str
    seconds, cpu_seconds : float
        By the clock; of all threads and processes together.
    files : dict of str to str, optional
        What it made, as `describe_made` gives it; None in an account of an older version.
    """

    stage: str
    command: str
    seconds: float
    cpu_seconds: float
    files: dict[str, str] | None = None


class Journal:
    """The file in the demo's folder.

    Parameters
    ----------
    folder : Path
    options : DemoOptions
    resume : bool
        Read what is there instead of beginning.

    Attributes
    ----------
    finished : list of Finished
    interrupted : str
        The command that ran when an earlier demo stopped; empty where there is none, or where it
        had begun over older files: what lies there may be theirs, and is not gone on with.

    Raises
    ------
    InputError
        If the file cannot be read.
    IncompleteFile
        If the demo that is there has other options.
    """

    def __init__(self, folder: Path, options: DemoOptions, *, resume: bool) -> None:
        self._path = folder / NAME
        self._settings = {"igwas_version": __version__, **options.as_dict()}
        self.finished: list[Finished] = []
        self.interrupted = ""
        self._running, self._is_over_older = "", False
        if resume and self._path.exists():
            self._read()
        else:
            self._write()

    def begin(self, stage: str, *, is_over_older: bool = False) -> None:
        """Record that a command starts; the file is replaced whole.

        Parameters
        ----------
        stage : str
        is_over_older : bool
            Whether it replaces files that are there.
        """
        self._running, self._is_over_older = stage, is_over_older
        self._write()

    def forget(self, stages: Sequence[str]) -> None:
        """Let these count as not finished; written when the next one begins."""
        self.finished = [one for one in self.finished if one.stage not in stages]

    def add(self, finished: Finished) -> None:
        """Record that it has finished, in place of an earlier time."""
        self.finished = [one for one in self.finished if one.stage != finished.stage]
        self.finished.append(finished)
        self._running, self._is_over_older = "", False
        self._write()

    def _read(self) -> None:
        try:
            content = json.loads(self._path.read_text())
            settings = _mapping(content, "settings")
            self.finished = [_finished(one) for one in content["finished"]]
            if not content.get("is_over_older", False):
                self.interrupted = str(content["running"])
        except (ValueError, KeyError, TypeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"{self._path} cannot be read as the account of a demo ({reason}); expected what "
                "igwas-fast demo wrote. Start again with --overwrite."
            ) from error
        other = [
            f"{name} {settings.get(name)} there, {value} here"
            for name, value in self._settings.items()
            if settings.get(name) != value
        ]
        if other:
            raise IncompleteFile(
                f"{self._path.parent} holds a demo of other options ({'; '.join(other)}); expected "
                "the same to go on. Repeat them, give --overwrite, or choose another folder."
            )

    def _write(self) -> None:
        content = {
            "settings": self._settings,
            "finished": [asdict(one) for one in self.finished],
            "running": self._running,
            "is_over_older": self._is_over_older,
        }
        partial = self._path.with_name(PARTIAL)
        try:
            partial.write_text(json.dumps(content, indent=2) + "\n")
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)


def _mapping(content: Any, name: str) -> dict[str, Any]:
    """A part of what was read that is an object of JSON."""
    if not isinstance(content, dict):
        raise TypeError(f"it is {str(content)[:40]!r}")
    if not isinstance(content[name], dict):
        raise TypeError(f"{name} is {str(content[name])[:40]!r}")
    return dict(content[name])


def _finished(one: dict[str, Any]) -> Finished:
    """A command as it was recorded; what is damaged would fail where it is used, far from here."""
    found = Finished(**one)
    for name, kind in (("stage", str), ("command", str), ("seconds", int | float),
                       ("cpu_seconds", int | float)):  # fmt: skip
        if not isinstance(getattr(found, name), kind):
            raise TypeError(f"{name} of {found.stage!r} is {getattr(found, name)!r}")
    if found.files is not None:
        for path, what in _mapping(one, "files").items():
            if not isinstance(what, str):
                raise TypeError(f"files of {found.stage!r} has {what!r} for {path!r}")
    return found
