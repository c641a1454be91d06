"""The names that an output filled in place has during its life."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OutputPaths:
    """The names of one output, all in its folder."""

    output: Path

    @property
    def partial(self) -> Path:
        """Being filled; valid HDF5."""
        return self.output.with_name(self.output.name + ".partial")

    @property
    def creating(self) -> Path:
        """Being laid out; worthless if found."""
        return self.output.with_name(self.output.name + ".creating")

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """All that an unfinished run may leave."""
        return self.creating, self.partial

    def discard(self) -> None:
        """Remove what an unfinished run left."""
        for path in self.unfinished:
            path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Flush a file to the disk, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
