"""What a finished command left on the disk: recognised later, so that no altered file is used."""

import hashlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from igwas.provenance import file_digest

# Larger ones are recognised by size, beginning, middle and end.
_MOST_WHOLE_BYTES = 64 * 2**20
# Locks, what is unfinished, and what is made again when it is missed or is for eyes only.
_PASSING = ("*.lock", "*.partial", "images.cache*", "events.out.*")


def describe_made(folder: Path, made: Sequence[str]) -> dict[str, str]:
    """Size and digest of each file that a command made.

    Parameters
    ----------
    folder : Path
    made : sequence of str
        Files and folders in it; of a folder every file in it counts.

    Returns
    -------
    dict of str to str
        Path, relative to `folder` -> `<bytes> <hexadecimal digits>`.
    """
    paths = sorted(path for name in made for path in _files(folder / name))
    return {path.relative_to(folder).as_posix(): _describe(path) for path in paths}


def find_altered(folder: Path, made: Sequence[str], described: dict[str, str] | None) -> str:
    """First file that is missing or is another than it was; empty if there is none.

    Parameters
    ----------
    folder : Path
    made : sequence of str
        What must be there.
    described : dict of str to str, optional
        As `describe_made` gave it; without it, only that `made` is there is checked.
    """
    for name in made:
        if not (folder / name).exists():
            return name
    for name, was in (described or {}).items():
        path = folder / name
        size = was.partition(" ")[0]
        if not path.is_file() or str(path.stat().st_size) != size or _describe(path) != was:
            return name
    return ""


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for path in place.rglob("*"):
        if path.is_file() and not any(fnmatch(path.name, pattern) for pattern in _PASSING):
            yield path


def _describe(path: Path) -> str:
    size = path.stat().st_size
    if size > _MOST_WHOLE_BYTES:
        return f"{size} {file_digest(path)}"
    with path.open("rb") as stream:
        return f"{size} {hashlib.file_digest(stream, 'sha256').hexdigest()}"
