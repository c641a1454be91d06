"""The header of a .vcf, .vcf.gz or .bcf, read before htslib is: samples, fields, contigs."""

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from igwas.errors import CorruptFile, InputError

_GZIP = b"\x1f\x8b"
# The empty block that ends every whole BGZF file.
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_N_FIXED = 9
_MAX_HEADER_BYTES = 2**28


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def readline(self) -> bytes: ...


@dataclass(frozen=True)
class VcfHeader:
    """Sample names, FORMAT fields that are declared, contigs that are declared."""

    samples: tuple[str, ...]
    fields: frozenset[str]
    contigs: frozenset[str]


def read_vcf_header(path: Path) -> VcfHeader:
    """Read the header and check that the file is whole as far as its ends show.

    Raises
    ------
    InputError
        If it is no VCF or BCF or has no samples; CorruptFile if it was cut short.
    """
    with path.open("rb") as raw:
        is_compressed = raw.read(2) == _GZIP
    if is_compressed:
        _check_bgzf_end(path)
    try:
        with path.open("rb") as raw:
            lines = _header_lines(path, gzip.GzipFile(fileobj=raw) if is_compressed else raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorruptFile(
            f"{path} cannot be decompressed ({error}); expected a whole file. Copy it again."
        ) from error
    if not is_compressed:
        _check_last_line(path)
    declared = "\n".join(lines)
    return VcfHeader(
        _samples(path, lines),
        frozenset(re.findall(r"^##FORMAT=<ID=([^,>]+)", declared, re.MULTILINE)),
        frozenset(re.findall(r"^##contig=<(?:.*?,)?ID=([^,>]+)", declared, re.MULTILINE)),
    )


def _header_lines(path: Path, stream: _Bytes) -> list[str]:
    start = stream.read(5)
    if start[:3] == b"BCF":
        length = int.from_bytes(stream.read(4), "little")
        text = stream.read(min(length, _MAX_HEADER_BYTES)).rstrip(b"\0")
        if len(text) < 1:
            raise CorruptFile(f"{path} ends in its header; expected a whole file. Copy it again.")
        return text.decode("utf-8", "replace").splitlines()
    if start != b"##fil":
        raise InputError(
            f"{path} starts with {start[:5]!r}; expected ##fileformat=VCF or BCF. "
            "Check that this is the file you mean."
        )
    lines = [(start + stream.readline()).decode("utf-8", "replace").rstrip("\r\n")]
    while lines[-1].startswith("##"):
        line = stream.readline()
        if not line:
            raise CorruptFile(
                f"{path} ends before its #CHROM line; expected a whole header. Copy it again."
            )
        lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
    return lines


def _samples(path: Path, lines: list[str]) -> tuple[str, ...]:
    columns = lines[-1].split("\t")
    if columns[0] != "#CHROM":
        raise InputError(
            f"{path} line {len(lines)} begins {lines[-1][:40]!r}; expected #CHROM after the header "
            "lines. Repair the header."
        )
    if len(columns) <= _N_FIXED:
        raise InputError(
            f"{path} has no samples; expected at least 1 column after FORMAT. "
            "Give a file with genotypes."
        )
    return tuple(columns[_N_FIXED:])


def _check_bgzf_end(path: Path) -> None:
    with path.open("rb") as raw:
        head = raw.read(16)
        is_bgzf = len(head) == 16 and head[3] & 4 and head[12:14] == b"BC"
        if not is_bgzf:
            return
        raw.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        end = raw.read()
    if end != _BGZF_END:
        raise CorruptFile(
            f"{path} lacks the block that ends a bgzip file; expected it as the last 28 bytes. "
            "It was cut short: copy it again."
        )


def _check_last_line(path: Path) -> None:
    with path.open("rb") as raw:
        if raw.read(3) == b"BCF":
            return
        raw.seek(path.stat().st_size - 1)
        last = raw.read(1)
    # Without it, a genotype cut from 0/1 to 0 would be read as a haploid call.
    if last != b"\n":
        raise CorruptFile(
            f"{path} does not end with a line break; expected a whole last line. It was probably "
            "cut short: copy it again (if it is whole, add a line break)."
        )
