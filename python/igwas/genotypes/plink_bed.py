"""A PLINK 1 .bed read in place: arithmetic offsets, no checksum."""

import hashlib
import re
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.bim import Bim
from igwas.genotypes.chunk_index import ChunkIndex, default_rows_per_chunk
from igwas.genotypes.encoding import row_bytes
from igwas.genotypes.genotype_file import GenotypeFile
from igwas.genotypes.sample_tables import read_fam
from igwas.provenance import file_digest

_MAGIC = b"\x6c\x1b"
_HEADER_BYTES = 3
# A table of hundreds of phenotypes names them all in one line.
_LONGEST_LINE = 2**20


class BedGenotypes(GenotypeFile):
    """A .bed with its .bim and .fam; the effect allele is allele 1, column 5 of the .bim.

    Parameters
    ----------
    path : Path
        The .bed; the others have the same name with .bim and .fam.
    allow_unknown_chromosomes : bool
        Keep chromosome names that are not known.

    Raises
    ------
    InputError
        If one of the three is missing or malformed, or they disagree.
    """

    def __init__(self, path: Path, *, allow_unknown_chromosomes: bool = False) -> None:
        self.path = path
        self.encoding = "hardcalls"
        self.bim_path, self.fam_path = path.with_suffix(".bim"), path.with_suffix(".fam")
        _check_header(path)
        for companion in (self.bim_path, self.fam_path):
            if not companion.is_file():
                raise InputError(
                    f"{companion} does not exist; expected it beside {path.name}. "
                    "Put the .bim and .fam of the same name into its folder."
                )
        self.samples = read_fam(self.fam_path)
        self._bim = Bim(self.bim_path, allow_unknown_chromosomes=allow_unknown_chromosomes)
        self.chromosomes = self._bim.names, self._bim.codes
        self.positions = self._bim.positions
        self._check_size()
        self.chunks = self._index()

    def _check_size(self) -> None:
        stride = row_bytes("hardcalls", self.n_samples)
        found = self.path.stat().st_size
        expected = _HEADER_BYTES + self.n_variants * stride
        if found == expected:
            return
        n_rows, rest = divmod(found - _HEADER_BYTES, stride)
        sizes = (
            f"{self.path} has {found} bytes; expected {expected} for the {self.n_variants} "
            f"variants of {self.bim_path.name} and {self.n_samples} samples of "
            f"{self.fam_path.name}"
        )
        if found < expected:
            raise CorruptFile(
                f"{sizes}. It was cut short after {n_rows} variants, or the three files do not "
                "belong together: copy them again."
            )
        raise InputError(
            f"{sizes}. It holds {n_rows} variants{' and a part' if rest else ''} of that many "
            "samples: the three files do not belong together. Use those of one data set."
        )

    def _index(self) -> ChunkIndex:
        stride = row_bytes("hardcalls", self.n_samples)
        rows = default_rows_per_chunk(stride)
        first = np.arange(0, self.n_variants, rows, dtype=np.int64)
        return ChunkIndex(
            path=self.path,
            encoding="hardcalls",
            n_variants=self.n_variants,
            n_samples=self.n_samples,
            row_bytes=stride,
            rows_per_chunk=rows,
            offset=_HEADER_BYTES + first * stride,
            size=np.minimum(rows, self.n_variants - first) * stride,
            codec="raw",
            crc32c=None,
        )

    @cached_property
    def digest(self) -> str:
        """Digest of the three files."""
        parts = (file_digest(p) for p in (self.path, self.bim_path, self.fam_path))
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def variants(self, start: int, stop: int) -> pd.DataFrame:
        """Names and alleles of variants `start` to `stop`; see GenotypeFile."""
        return self._bim.variants(start, stop)


def _is_table(path: Path) -> bool:
    """Whether a file begins with a line of columns, as text."""
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_LINE)
    line, newline, _ = start.partition(b"\n")
    if not newline:
        return False
    try:
        text = line.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        return False
    is_printable = all(letter.isprintable() or letter == "\t" for letter in text)
    return is_printable and len(re.split(r"[\t, ]+", text.strip())) > 1


def _file_meant(path: Path) -> str:
    """What to do about a table in place of genotypes."""
    bed, pgen = path.with_suffix(".bed"), path.with_suffix(".pgen")
    if path.suffix in (".pvar", ".psam") and pgen.is_file():
        return f"Convert {pgen} first: igwas-fast genotypes {pgen} -o genotypes.h5"
    if path.suffix in (".bim", ".fam", ".pvar", ".psam") and bed.is_file():
        return f"Give {bed}."
    return (
        "Check that this is the file you mean (in assoc, genotypes come first, phenotypes second)."
    )


def _check_header(path: Path) -> None:
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if header[:2] != _MAGIC and _is_table(path):
        raise InputError(f"{path} is a table; expected genotypes.h5 or a .bed. {_file_meant(path)}")
    if header[:2] != _MAGIC or len(header) < _HEADER_BYTES:
        raise InputError(
            f"{path} starts with bytes {header.hex(' ') or 'none'}; expected 6c 1b 01, a PLINK 1 "
            ".bed. Check that this is the file you mean."
        )
    if header[2] != 1:
        raise InputError(
            f"{path} is sample-major (third byte {header[2]:02x}); expected variant-major (01). "
            f"Convert it with: plink --bfile {path.with_suffix('')} --make-bed --out NEW"
        )
