"""PLINK 2's text files: .psam (samples) and .pvar or .pvar.zst (variants)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.sample_tables import make_samples, parse_sex, read_fam, read_lines
from igwas.genotypes.samples import Samples

_VARIANT_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT")


def read_psam(path: Path) -> Samples:
    """Read a .psam: a header with #FID IID or #IID, SEX if known; without a header, a .fam.

    Raises
    ------
    InputError
        Naming the line with too few columns, or the repeated ids.
    """
    lines = read_lines(path)
    # Lines that start with ## may stand before the header.
    header = next((i for i, line in enumerate(lines) if not line.startswith("##")), len(lines))
    if header == len(lines):
        raise InputError(f"{path} has no samples; expected at least 1. Check the file.")
    if not lines[header].startswith("#"):
        return read_fam(path)
    columns = lines[header].removeprefix("#").split()
    if "IID" not in columns[:2] or not lines[header].startswith(("#FID", "#IID")):
        raise InputError(
            f"{path} line {header + 1} begins {lines[header][:40]!r}; expected a header that "
            "begins #FID IID or #IID. Repair the header."
        )
    records = []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        fields = line.split()
        if len(fields) != len(columns):
            raise InputError(
                f"{path} line {number} has {len(fields)} columns; expected {len(columns)} as in "
                "its header. Repair the line."
            )
        records.append(dict(zip(columns, fields, strict=True)))
    return make_samples(
        [record["IID"] for record in records],
        [record["FID"] for record in records] if "FID" in columns else None,
        [parse_sex(record["SEX"]) for record in records] if "SEX" in columns else None,
        source=str(path),
        first_line=header + 2,
    )


@dataclass(frozen=True)
class PvarRow:
    """One line of a .pvar: a variant with all its ALT alleles."""

    line: int
    chromosome: str
    position: int
    variant_id: str
    reference: str
    alternates: tuple[str, ...]


def iterate_pvar(path: Path) -> Iterator[PvarRow]:
    """Read a .pvar or .pvar.zst line by line.

    Raises
    ------
    InputError
        Naming the line that is malformed; CorruptFile if the compressed stream is damaged.
    """
    try:
        with _open_text(path) as stream:
            yield from _rows(path, stream)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} has bytes that are not UTF-8; expected UTF-8 text. Convert it with iconv."
        ) from error
    except OSError as error:
        raise CorruptFile(
            f"{path} cannot be read ({error}); expected a whole file. Copy it again."
        ) from error


def _open_text(path: Path) -> io.TextIOWrapper:
    if path.suffix != ".zst":
        return path.open(encoding="utf-8")
    stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8")


def _rows(path: Path, stream: io.TextIOWrapper) -> Iterator[PvarRow]:
    order: list[int] | None = None
    n_columns = 0
    for number, line in enumerate(stream, start=1):
        if line.startswith("##"):
            continue
        if order is None:
            columns = line.rstrip("\r\n").split("\t")
            if any(name not in columns for name in _VARIANT_COLUMNS):
                raise InputError(
                    f"{path} line {number} begins {line[:40]!r}; expected a tab-separated header "
                    "with #CHROM POS ID REF ALT. Write it with: plink2 --make-pgen"
                )
            order = [columns.index(name) for name in _VARIANT_COLUMNS]
            n_columns = max(order) + 1
            continue
        fields = line.rstrip("\r\n").split("\t", n_columns)
        if len(fields) < n_columns:
            raise InputError(
                f"{path} line {number} has {len(fields)} columns; expected at least {n_columns}. "
                "Repair the line."
            )
        chromosome, position, name, reference, alternates = (fields[i] for i in order)
        if not position.isdecimal():
            raise InputError(
                f"{path} line {number} has position {position[:40]!r}; expected an integer. "
                "Repair the line."
            )
        yield PvarRow(
            number, chromosome, int(position), name, reference, tuple(alternates.split(","))
        )
