"""What was measured already: one JSON line each, so that an interrupted benchmark can go on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Journal:
    """Finished measurements of one set of options, on disk as soon as they are made.

    Parameters
    ----------
    path : Path
        Its lines are `[key, value]`.
    is_resumed : bool
        Keep what an earlier run wrote; else start anew.
    """

    def __init__(self, path: Path, *, is_resumed: bool) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if is_resumed and path.exists():
            self._known = dict(_whole_lines(path))
        # Written again: a line that was cut off is gone.
        partial = path.with_name(path.name + ".partial")
        lines = (json.dumps(pair) + "\n" for pair in self._known.items())
        partial.write_text("".join(lines))
        partial.replace(path)

    def __len__(self) -> int:
        return len(self._known)

    def once(self, key: str, measure: Callable[[], Any]) -> Any:
        """Value of a key: from the journal, or measured now and kept."""
        if key not in self._known:
            value = measure()
            with self._path.open("a") as stream:
                stream.write(json.dumps([key, value]) + "\n")
            self._known[key] = value
        return self._known[key]

    def remove(self) -> None:
        """Everything is in the result: nothing is left to resume."""
        self._path.unlink(missing_ok=True)


def _whole_lines(path: Path) -> list[tuple[str, Any]]:
    found = []
    for line in path.read_text().splitlines():
        try:
            key, value = json.loads(line)
        except ValueError:
            break
        found.append((key, value))
    return found
