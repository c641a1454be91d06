"""regenie's LOCO predictions: a _pred.list that names one .loco text file for each phenotype.

A .loco file has a header `FID_IID id id ...` and one line for each chromosome left out (23 is X).
The files together can be many GB, so lines are indexed by offset once and parsed when a chromosome
is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.genotypes.chromosomes import normalise_chromosome
from igwas.phenotypes.delimited_source import open_text
from igwas.phenotypes.joined_ids import match_joined
from igwas.phenotypes.loco import Loco, choose_phenotypes
from igwas.phenotypes.sample_ids import NamedIds, SampleIds
from igwas.phenotypes.table_source import parse_number


@dataclass(frozen=True)
class _LocoFile:
    """Where the lines of one .loco file start, once decompressed."""

    path: Path
    header: bytes
    offsets: dict[str, int]


class RegenieLoco(Loco):
    """Predictions of regenie's step 1, in standard deviations of the residualised phenotype.

    Parameters
    ----------
    path : Path
        The _pred.list. A .loco file that is not where the list says is looked for beside the list.
    phenotype_names : sequence of str
        Phenotypes wanted.

    Raises
    ------
    InputError
        If a phenotype or file is absent, or a line is not as long as the header.
    """

    is_standardised = True

    def __init__(self, path: Path, phenotype_names: Sequence[str]) -> None:
        super().__init__()
        self.path = path
        self.names = tuple(phenotype_names)
        listed = _read_list(path)
        available = list(listed)
        chosen = choose_phenotypes(path, phenotype_names, available)
        self._files = [_index(_find(path, listed[available[index]])) for index in chosen]
        self.chromosomes = tuple(
            name
            for name in (self._files[0].offsets if self._files else ())
            if all(name in file.offsets for file in self._files)
        )
        # The phenotypes of one run have the same samples: hold and match each header once.
        self._headers = {
            file.header: NamedIds(_header_ids(file.header), None, file.path)
            for file in reversed(self._files)
        }

    @property
    def source_paths(self) -> tuple[Path, ...]:
        """The list, and the .loco files of the phenotypes wanted."""
        return (self.path, *(file.path for file in self._files))

    def sample_ids(self, phenotype: int) -> NDArray[Any]:
        """See Loco.sample_ids; each is FID_IID."""
        return self._headers[self._files[phenotype].header].sample_id

    def _locate(self, samples: SampleIds) -> list[NDArray[np.int64]]:
        rows = {header: match_joined(samples, ids) for header, ids in self._headers.items()}
        return [rows[file.header] for file in self._files]

    def _read(self, chromosome: str, phenotype: int) -> NDArray[np.float64]:
        file = self._files[phenotype]
        with open_text(file.path) as stream:
            stream.seek(file.offsets[chromosome])
            cells = stream.readline().split()[1:]
        try:
            return np.array([b"nan" if cell == b"NA" else cell for cell in cells]).astype(
                np.float64
            )
        except ValueError as error:
            texts = (cell.decode(errors="replace") for cell in cells)
            wrong = next(text for text in texts if text != "NA" and parse_number(text) is None)
            raise InputError(
                f"{file.path}: the line of chromosome {chromosome} has the value {wrong!r}; "
                "expected numbers or NA. Run regenie's step 1 again."
            ) from error


def _read_list(path: Path) -> dict[str, str]:
    """Phenotype name to .loco path, in the order of the list."""
    listed: dict[str, str] = {}
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                fields = line.decode("utf-8-sig").split(maxsplit=1)
            except UnicodeDecodeError:
                fields = [""]
            if not fields:
                continue
            if len(fields) != 2:
                raise InputError(
                    f"{path}, line {number} is not a phenotype name and a file; expected loco.h5 "
                    "or regenie's _pred.list. Give one of those."
                )
            if fields[0] in listed:
                raise InputError(
                    f"{path}, line {number}: phenotype {fields[0]!r} is listed twice; expected "
                    "each once. Remove one of the lines."
                )
            listed[fields[0]] = fields[1].strip()
    return listed


def _find(list_path: Path, text: str) -> Path:
    """Find the file relative to the list, else of that name beside it; each also as .gz."""
    named = list_path.parent / text
    beside = list_path.parent / Path(text).name
    candidates = [p for base in (named, Path(text), beside) for p in (base, Path(f"{base}.gz"))]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputError(
        f"{list_path} names {text}, which does not exist, nor {beside.name} beside the list; "
        "expected the .loco file. Copy it there, or correct the list."
    )


def _index(path: Path) -> _LocoFile:
    """Find the lines of a .loco file and check that each is as long as the header."""
    offsets: dict[str, int] = {}
    with open_text(path) as stream:
        try:
            header = stream.readline()
            n_fields = len(header.split())
            if not header.startswith(b"FID_IID") or n_fields < 2:
                raise InputError(
                    f"{path} starts with {header[:40].decode(errors='replace').strip()!r}; "
                    "expected the header FID_IID of a regenie .loco file. Check the _pred.list."
                )
            offset = len(header)
            for line in stream:
                _add_line(path, line, offset, n_fields, offsets)
                offset += len(line)
        except (EOFError, OSError) as error:
            raise InputError(
                f"{path} cannot be read to its end ({error}); expected a whole file. Copy it again."
            ) from error
    if not offsets:
        raise InputError(
            f"{path} has a header but no chromosome; expected a line for each. "
            "Run regenie's step 1 again."
        )
    return _LocoFile(path, header.strip(), offsets)


def _add_line(path: Path, line: bytes, offset: int, n_fields: int, offsets: dict[str, int]) -> None:
    if not line.strip():
        return
    found = len(line.split())
    name = line[:100].split(maxsplit=1)[0].decode(errors="replace")
    if found != n_fields:
        raise InputError(
            f"{path}: the line of chromosome {name} has {found} fields; expected {n_fields}, as "
            "in the header. The file is cut short or damaged: run regenie's step 1 again."
        )
    offsets[normalise_chromosome(name, allow_unknown=True)] = offset


def _header_ids(header: bytes) -> NDArray[Any]:
    return np.array(header.decode(errors="replace").split()[1:], dtype=object)
