"""PLINK 2 .pgen into batches, read by pgenlib; the effect allele is ALT."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pgenlib

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.chromosomes import haploid_samples
from igwas.genotypes.encoding import pack_hardcalls
from igwas.genotypes.info import dosage_r2
from igwas.genotypes.pgen_header import read_pgen_header
from igwas.genotypes.plink2_tables import PvarRow, iterate_pvar, read_psam
from igwas.genotypes.source import GenotypeSource, VariantBatch, variants_per_batch

SPLIT = "multiallelic variants split into one row for each ALT allele"


class PgenSource(GenotypeSource):
    """A .pgen with .pvar or .pvar.zst, and .psam.

    A multiallelic variant gives one row for each ALT allele: copies of that allele against all
    others, with REF as the other allele.

    Parameters
    ----------
    path : Path
        The .pgen; the others have the same name.
    field : `auto`, `GT` or `DS`
        Hard calls, dosages, or dosages where the file has any.
    """

    row_word = "row"

    def __init__(self, path: Path, *, field: Literal["auto", "GT", "DS"] = "auto") -> None:
        super().__init__()
        self.path = path
        header = read_pgen_header(path)
        self._pvar_path = _companion(path, ".pvar", ".pvar.zst")
        psam_path = _companion(path, ".psam")
        self.inputs = {"pgen": path, "pvar": self._pvar_path, "psam": psam_path}
        self.samples = read_psam(psam_path)
        n_alleles = np.array(
            [1 + len(row.alternates) for row in iterate_pvar(self._pvar_path)], np.int64
        )
        found = (len(n_alleles), len(self.samples))
        if found != (header.n_variants, header.n_samples):
            raise InputError(
                f"{path} has {header.n_variants} variants of {header.n_samples} samples, but "
                f"{self._pvar_path.name} has {found[0]} variants and {psam_path.name} {found[1]} "
                "samples; expected the same. Use the three files of one data set."
            )
        self.is_dosage = field == "DS" or (field == "auto" and header.has_dosage)
        self.n_variants = int((n_alleles - 1).sum())
        self.counts[SPLIT] = int((n_alleles > 2).sum())
        self._reader = _open_reader(path, header.n_samples, n_alleles)

    @property
    def remedy(self) -> str:
        """The command that sorts this source."""
        prefix = self.path.with_suffix("")
        vzs = " vzs" if self._pvar_path.suffix == ".zst" else ""
        return f"plink2 --pfile {prefix}{vzs} --sort-vars --make-pgen --out {prefix.name}.sorted"

    def batches(self) -> Iterator[VariantBatch]:
        """Read runs of variants."""
        n_samples = len(self.samples)
        size = variants_per_batch(n_samples, 4 if self.is_dosage else 1)
        rows: list[PvarRow] = []
        start = 0
        for row in iterate_pvar(self._pvar_path):
            rows.append(row)
            if len(rows) == size:
                yield self._batch(start, rows)
                start, rows = start + len(rows), []
        if rows:
            yield self._batch(start, rows)

    def _batch(self, start: int, rows: Sequence[PvarRow]) -> VariantBatch:
        counts = np.array([len(row.alternates) for row in rows])
        values = self._read(start, counts)
        expanded = [(row, alternate) for row in rows for alternate in row.alternates]
        dosages = info = None
        if self.is_dosage:
            dosages = np.where(values < 0, np.float32(np.nan), values).astype(np.float32)
            info = dosage_r2(dosages, self._haploid([row.chromosome for row, _ in expanded]))
        return VariantBatch(
            chromosomes=np.array([row.chromosome for row, _ in expanded]),
            positions=np.array([row.position for row, _ in expanded], np.int64),
            ids=[row.variant_id for row, _ in expanded],
            effect_alleles=[alternate for _, alternate in expanded],
            other_alleles=[row.reference for row, _ in expanded],
            hardcalls=None if self.is_dosage else pack_hardcalls(values),
            dosages=dosages,
            info=info,
        )

    def _haploid(self, chromosomes: Sequence[str]) -> npt.NDArray[np.bool_] | None:
        by_name = {name: haploid_samples(name, self.samples.sex) for name in set(chromosomes)}
        if not any(mask.any() for mask in by_name.values()):
            return None
        return np.stack([by_name[name] for name in chromosomes])

    def _read(self, start: int, counts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Read copies of each ALT allele, -9 missing: (rows after the split, samples)."""
        dtype = np.float32 if self.is_dosage else np.int8
        out = np.empty((int(counts.sum()), len(self.samples)), dtype)
        name = "read_dosages" if self.is_dosage else "read"
        try:
            if counts.max() == 1:
                getattr(self._reader, f"{name}_range")(start, start + len(counts), out)
                return out
            first_row = np.cumsum(counts) - counts
            for allele in range(1, int(counts.max()) + 1):
                chosen = np.flatnonzero(counts >= allele)
                part = np.empty((len(chosen), len(self.samples)), dtype)
                variants = (start + chosen).astype(np.uint32)
                getattr(self._reader, f"{name}_list")(variants, part, allele)
                out[first_row[chosen] + allele - 1] = part
        except RuntimeError as error:
            raise CorruptFile(
                f"{self.path}: variants {start + 1} to {start + len(counts)} cannot be read "
                f"({error}); expected whole records. The file is damaged, or has dosages of "
                "multiallelic variants: split those with bcftools norm -m-, or use --field GT."
            ) from error
        return out

    def close(self) -> None:
        """Close the .pgen."""
        self._reader.close()


def _companion(path: Path, *suffixes: str) -> Path:
    candidates = [path.with_suffix(suffix) for suffix in suffixes]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    names = " or ".join(str(candidate) for candidate in candidates)
    raise InputError(
        f"{names} does not exist; expected it beside {path.name}. "
        "Put the .pvar and .psam of the same name into its folder."
    )


def _open_reader(path: Path, n_samples: int, n_alleles: npt.NDArray[np.int64]) -> Any:
    offsets = None
    if n_alleles.max() > 2:
        offsets = np.concatenate([[0], np.cumsum(n_alleles)]).astype(np.uintp)
    try:
        return pgenlib.PgenReader(
            bytes(path),
            raw_sample_ct=n_samples,
            variant_ct=len(n_alleles),
            allele_idx_offsets=offsets,
        )
    except RuntimeError as error:
        raise InputError(
            f"{path} cannot be opened ({error}); expected a whole .pgen that fits its .pvar. "
            "Use the three files of one data set, or copy them again."
        ) from error
