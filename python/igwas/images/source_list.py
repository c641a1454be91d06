"""Which photographs there are: all of a folder, or those of a manifest."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from igwas.errors import InputError
from igwas.images.photograph import SUFFIXES
from igwas.images.photograph_names import parse_name
from igwas.quoted_cells import read_rows

# Name of a column -> the names it may have in a manifest.
COLUMNS: dict[str, tuple[str, ...]] = {
    "path": ("path", "file", "filename", "image", "image_path"),
    "participant_id": ("participant_id", "participant", "person", "iid", "eid"),
    "eye": ("eye", "laterality"),
    "visit": ("visit", "visit_id"),
    "image_id": ("image_id",),
}
EYE_WORDS = {
    "left": "left", "l": "left", "os": "left", "le": "left",
    "right": "right", "r": "right", "od": "right", "re": "right",
    "": "unknown", "unknown": "unknown", "na": "unknown", "nan": "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One photograph to be read.

    Parameters
    ----------
    path : Path
    image_id, participant_id, eye, visit : str
        As stored.
    metadata : tuple of str
        Values of the further columns of the manifest.
    """

    path: Path
    image_id: str
    participant_id: str
    eye: str
    visit: str = ""
    metadata: tuple[str, ...] = ()


@dataclass
class SourceList:
    """What was found.

    Parameters
    ----------
    sources : list of Source
        In the order of the manifest, or of the names in a folder.
    metadata_names : tuple of str
        Further columns of the manifest.
    skipped : list of (str, str)
        Path and reason of what gives no photograph.
    n_other_files : int
        Files of a folder whose suffix is no picture's.
    unrecognised : list of str
        Photographs whose name follows no pattern: each is taken for a person of its own.
    """

    sources: list[Source] = field(default_factory=list)
    metadata_names: tuple[str, ...] = ()
    skipped: list[tuple[str, str]] = field(default_factory=list)
    n_other_files: int = 0
    unrecognised: list[str] = field(default_factory=list)


def list_sources(path: Path) -> SourceList:
    """List the photographs of a folder and the folders in it, or of a manifest.

    Parameters
    ----------
    path : Path
        A folder, or a manifest: .csv (commas) or .tsv, .txt (tabs) with a header.

    Returns
    -------
    SourceList

    Raises
    ------
    InputError
        If there is no photograph, or the manifest cannot be used.
    """
    if not _is_utf8(str(path.absolute())):
        raise InputError(
            f"{printable(str(path))} is no UTF-8; expected a path that can be stored. Rename it."
        )
    if path.is_dir():
        found = _list_folder(path)
    elif path.is_file():
        found = _read_manifest(path)
    else:
        raise InputError(
            f"{path} does not exist; expected a folder of photographs or a manifest. "
            "Check the path."
        )
    if not found.sources and not found.skipped:
        raise InputError(
            f"{path} holds no photograph ({found.n_other_files:,} other files); expected files "
            f"ending in {', '.join(sorted(SUFFIXES))}. Check the path."
        )
    return found


def printable(text: str) -> str:
    """The text with what cannot be printed or stored as UTF-8 written as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _list_folder(folder: Path) -> SourceList:
    found = SourceList()
    names = []
    for name in _walk(folder):
        if Path(name).suffix.lower() not in SUFFIXES:
            found.n_other_files += 1
        elif printable(name) != name:
            reason = "its name holds a control character or is not UTF-8; rename it"
            found.skipped.append((printable(str(folder / name)), reason))
        else:
            names.append(name)
    for name, image_id in zip(names, _image_ids(names), strict=True):
        parts = parse_name(Path(name).stem)
        if parts.is_ambiguous:
            reason = "its name does not say one eye and one person; give a manifest"
            found.skipped.append((str(folder / name), reason))
            continue
        if not parts.is_recognised:
            found.unrecognised.append(name)
        found.sources.append(
            Source(folder / name, image_id, parts.participant_id, parts.eye, parts.visit)
        )
    return found


def _walk(folder: Path) -> Iterator[str]:
    """Names below the folder, relative to it; a folder named as a picture is among them."""
    for where, folders, files in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        named = [name for name in folders if Path(name).suffix.lower() in SUFFIXES]
        folders[:] = [name for name in folders if name not in named]
        for name in sorted([*files, *named]):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(where, name), folder)  # noqa: PTH118


def _refuse_folder(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: {(error.strerror or str(error)).lower()}; expected to list the "
        "folder. Check its permissions."
    ) from error


def _image_ids(names: Sequence[str]) -> list[str]:
    """Paths without suffix; with it where two photographs would share one."""
    paths = [Path(name) for name in names]
    bare = [(path.with_suffix("") if path.name else path).as_posix() for path in paths]
    shared = {stem for stem, count in _counts(bare).items() if count > 1}
    return [path.as_posix() if stem in shared else stem
            for path, stem in zip(paths, bare, strict=True)]  # fmt: skip


def _counts(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def _read_manifest(path: Path) -> SourceList:
    delimiter = {".csv": ",", ".tsv": "\t", ".txt": "\t"}.get(path.suffix.lower())
    if delimiter is None:
        raise InputError(
            f"{path} ends in {path.suffix!r}; expected a folder, or a manifest ending in .csv "
            "(commas), .tsv or .txt (tabs). Rename or convert it."
        )
    try:
        rows = [row for _, row in read_rows(path, delimiter)]
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} cannot be read as text ({error}); expected a UTF-8 table. Save it as one."
        ) from error
    if not any(map(any, rows)):
        raise InputError(f"{path} is empty; expected a header and a line a photograph. Fill it.")
    return _from_rows(path, [name.strip() for name in rows[0]], rows[1:])


def _from_rows(path: Path, header: list[str], rows: list[list[str]]) -> SourceList:
    at = _columns(path, header)
    _refuse_control(path, 1, header, list(range(len(header))))
    further = [i for i in range(len(header)) if i not in at.values()]
    found = SourceList(metadata_names=tuple(header[i] for i in further))
    lines = [(number, row) for number, row in enumerate(rows, 2) if any(row)]
    names: list[str] = []
    identifiers = [at[name] for name in ("participant_id", "visit") if name in at]
    for number, row in lines:
        if len(row) != len(header):
            raise InputError(
                f"{path} line {number} has {len(row)} columns; expected {len(header)}, as in the "
                "header. Correct the line."
            )
        _refuse_control(path, number, row, identifiers)
        names.append(row[at["path"]].strip())
    _refuse_repeats(path, "photograph", names)
    given = [row[at["image_id"]].strip() for _, row in lines] if "image_id" in at else None
    ids = given or _image_ids(names)
    _refuse_repeats(path, "image_id", ids)
    for (number, row), name, image_id in zip(lines, names, ids, strict=True):
        if printable(name + image_id) != name + image_id:
            found.skipped.append((printable(name), "its name holds a control character"))
            continue
        source = Source(
            path.parent / name, image_id, row[at["participant_id"]].strip(),
            _eye(path, number, row[at["eye"]] if "eye" in at else ""),
            row[at["visit"]].strip() if "visit" in at else "",
            tuple(row[i].strip() for i in further),
        )  # fmt: skip
        if not source.participant_id:
            raise InputError(
                f"{path} line {number} names no participant; expected one. Fill it in."
            )
        found.sources.append(source)
    return found


def _refuse_control(path: Path, number: int, row: list[str], identifiers: list[int]) -> None:
    """Identifiers join tables, and no text with a null byte can be stored."""
    for at, text in enumerate(row):
        if "\0" in text or (at in identifiers and printable(text.strip()) != text.strip()):
            raise InputError(
                f"{path} line {number} has {text!r} in column {at + 1}; expected no control "
                "character. Correct the line."
            )


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    at: dict[str, int] = {}
    repeated = [name for name, count in _counts(header).items() if count > 1 or not name]
    if repeated:
        raise InputError(
            f"{path} has columns without a name of their own ({repeated[0]!r}); expected unique "
            "names. Rename them."
        )
    for column, names in COLUMNS.items():
        places = [i for i, name in enumerate(header) if name.lower() in names]
        if len(places) > 1:
            raise InputError(
                f"{path} has {len(places)} columns for {column} "
                f"({', '.join(header[i] for i in places)}); expected one. Rename the others."
            )
        if places:
            at[column] = places[0]
    for column in ("path", "participant_id"):
        if column not in at:
            raise InputError(
                f"{path} has no column for {column} (found: {', '.join(header)}); expected one of "
                f"{', '.join(COLUMNS[column])}. Rename it."
            )
    return at


def _refuse_repeats(path: Path, what: str, values: Sequence[str]) -> None:
    for value, count in _counts(values).items():
        if count > 1 or not value:
            raise InputError(
                f"{path} names {what} {value!r} {count} times; expected each once, and none "
                "empty. Correct the lines."
            )


def _eye(path: Path, number: int, text: str) -> str:
    eye = EYE_WORDS.get(text.strip().lower())
    if eye is None:
        raise InputError(
            f"{path} line {number} has eye {text!r}; expected left, right or unknown (also L, R, "
            "OS, OD). Correct it."
        )
    return eye
