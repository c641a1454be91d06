"""Oxford .sample files: the ids of a .bgen that carries none."""

from pathlib import Path

from igwas.errors import InputError
from igwas.genotypes.sample_tables import make_samples, parse_sex, read_lines
from igwas.genotypes.samples import Samples

_TYPES = frozenset("0DCPB")
_HEADER_LINES = 2


def read_sample_file(path: Path) -> Samples:
    """Read a .sample: two header lines (names, types), then ID_1 ID_2 and more; or one id a line.

    Raises
    ------
    InputError
        If the header is not of that form, naming the line with another number of columns.
    """
    lines = read_lines(path)
    columns = lines[0].split() if lines else []
    types = lines[1].split() if len(lines) > 1 else []
    if len(types) != len(columns) or not types or types[0] != "0" or not set(types) <= _TYPES:
        raise InputError(
            f"{path} line 2 is {(lines[1] if len(lines) > 1 else '')[:40]!r}; expected the types "
            "of its columns, such as 0 0 0 D. Give an Oxford .sample file."
        )
    records = []
    for number, line in enumerate(lines[_HEADER_LINES:], start=_HEADER_LINES + 1):
        fields = line.split()
        if len(fields) != len(columns):
            raise InputError(
                f"{path} line {number} has {len(fields)} columns; expected {len(columns)} as in "
                "its header. Repair the line."
            )
        records.append(fields)
    has_family = len(columns) > 1 and types[1] == "0"
    sex_at = next((i for i, name in enumerate(columns) if name.lower() == "sex"), None)
    return make_samples(
        [fields[1 if has_family else 0] for fields in records],
        [fields[0] for fields in records] if has_family else None,
        None if sex_at is None else [parse_sex(fields[sex_at]) for fields in records],
        source=str(path),
        first_line=_HEADER_LINES + 1,
    )
