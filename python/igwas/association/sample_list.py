"""Lists of samples for --keep and --remove, as PLINK writes them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.delimited_source import open_text
from igwas.phenotypes.sample_ids import BY_BOTH, NamedIds, join_rule, sample_keys

_HEADERS = ("FID", "#FID", "IID", "#IID")


def read_sample_list(path: Path | str) -> NamedIds:
    """Read a list of samples.

    Each line is `FID IID` (further columns are ignored, so a .fam will do) or a lone IID. A header
    (`#FID IID`, `FID IID`, `#IID`, `IID`) is understood; other lines that start with `#` are
    comments. Repeats do not matter.

    Parameters
    ----------
    path : Path or str
        Text, plain or gzip.

    Returns
    -------
    NamedIds
        Family ids are None where the list has IIDs alone.

    Raises
    ------
    InputError
        If the file is no text, names no sample, or mixes both forms.
    """
    path = Path(path)
    families: list[str] = []
    samples: list[str] = []
    iid_column: int | None = None
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            fields = _fields(path, line, number)
            if not fields:
                continue
            if fields[0] in _HEADERS and not samples:
                iid_column = _header_column(path, fields)
                continue
            if fields[0].startswith("#"):
                continue
            if iid_column is None:
                iid_column = min(len(fields), 2) - 1
            if len(fields) <= iid_column:
                raise InputError(
                    f"{path}, line {number}: {len(fields)} field where others have FID and IID; "
                    "expected one form in the whole list. Write FID IID, or IID, in every line."
                )
            if iid_column:
                families.append(fields[0])
            samples.append(fields[iid_column])
    if not samples:
        raise InputError(
            f"{path} names no sample; expected FID IID, or IID, a line. Check that it is the "
            "right file."
        )
    family_id = np.array(families, dtype=object) if families else None
    return NamedIds(np.array(samples, dtype=object), family_id, path)


def _fields(path: Path, line: bytes, number: int) -> list[str]:
    try:
        return line.decode("utf-8-sig").split()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, line {number} is no UTF-8 text; expected a list of FID IID, or IID. "
            "Give a text file."
        ) from error


def _header_column(path: Path, fields: list[str]) -> int:
    names = [field.removeprefix("#") for field in fields]
    if "IID" not in names[:2]:
        raise InputError(
            f"{path}: the header is {' '.join(fields)!r}; expected FID IID or IID. Name the ids so."
        )
    return names.index("IID")


def is_listed(samples: NamedIds, listed: NamedIds) -> NDArray[np.bool_]:
    """Tell which samples a list names, by FID and IID where both have families, else by IID.

    Returns
    -------
    bool (samples,)
        True for those listed; ids of the list that are no samples are ignored.
    """
    by_both = join_rule(samples, listed) == BY_BOTH
    wanted: set[Any] = set(sample_keys(listed, by_both))
    return np.array([key in wanted for key in sample_keys(samples, by_both)], dtype=bool)
