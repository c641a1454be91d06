"""VCF and BCF into batches, read by cyvcf2 (htslib); the effect allele is ALT."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import cyvcf2
import numpy as np
import numpy.typing as npt

from igwas.context import Context
from igwas.errors import CorruptFile, InputError
from igwas.genotypes.chromosomes import CHROMOSOMES, haploid_samples
from igwas.genotypes.encoding import MISSING_CALL, pack_hardcalls
from igwas.genotypes.from_pgen import SPLIT
from igwas.genotypes.info import dosage_r2
from igwas.genotypes.sample_tables import make_samples, with_sex_file
from igwas.genotypes.source import GenotypeSource, VariantBatch, variants_per_batch
from igwas.genotypes.vcf_header import read_vcf_header

HalfCalls = Literal["missing", "error", "reference", "haploid"]

HALF_CALLS = "half calls (one of two alleles missing)"
WITHOUT_DS = "variants without DS, for which GT was taken"
_MISSING_ALLELE, _NO_ALLELE = -1, -2
_MAX_HTSLIB_THREADS = 4
_DOSAGE_TOLERANCE = 0.01


class VcfSource(GenotypeSource):
    """A .vcf, .vcf.gz or .bcf.

    A multiallelic variant gives one row for each ALT allele: copies of that allele against all
    others, with REF as the other allele. A haploid call counts twice.

    Parameters
    ----------
    path : Path
        The file.
    field : `auto`, `GT` or `DS`
        Hard calls, dosages, or dosages where the first variant has them.
    half_calls : `missing`, `error`, `reference` or `haploid`
        What ./1 is: missing, an error, 0/1, or 1.
    sex_file : Path, optional
        IID SEX; males' expected variance on X then is that of one copy.
    context : Context
        Threads that decompress.
    """

    def __init__(
        self,
        path: Path,
        *,
        field: Literal["auto", "GT", "DS"] = "auto",
        half_calls: HalfCalls = "missing",
        sex_file: Path | None = None,
        context: Context,
    ) -> None:
        super().__init__()
        self.path = path
        self.inputs = {"vcf": path}
        self._half_calls = half_calls
        header = read_vcf_header(path)
        self.samples = make_samples(header.samples, source=str(path))
        if sex_file is not None:
            self.samples = with_sex_file(self.samples, sex_file)
        wanted = ("DS", "GT") if field == "auto" else (field,)
        if not any(name in header.fields for name in wanted):
            raise InputError(
                f"{path} declares FORMAT fields {', '.join(sorted(header.fields)) or 'none'}; "
                f"expected {' or '.join(wanted)}. Choose another --field, or another file."
            )
        try:
            # Never lazy=True: reading FORMAT of a record that is not unpacked crashes (0.35).
            self._reader = cyvcf2.VCF(
                str(path), threads=min(_MAX_HTSLIB_THREADS, context.n_threads)
            )
        except Exception as error:
            raise CorruptFile(
                f"{path} cannot be opened ({error}); expected a VCF or BCF. Check or copy it again."
            ) from error
        # htslib goes on after a malformed line on a contig the header lacks, and crashes; declared
        # contigs make it report the line instead.
        for name in (*CHROMOSOMES, *(f"chr{name}" for name in (*CHROMOSOMES, "M")), "M"):
            if name not in header.contigs:
                self._reader.add_to_header(f"##contig=<ID={name}>")
        self._variants = self._iterate()
        self._first = next(self._variants, None)
        self.is_dosage = field == "DS" or (
            field == "auto" and "DS" in header.fields and self._has_dosage()
        )
        self.n_variants = self._indexed_count()

    def _has_dosage(self) -> bool:
        return self._first is not None and "DS" in self._first.FORMAT

    def _indexed_count(self) -> int | None:
        """Ask the index for the number of records, only where one stands beside the file."""
        if not any(Path(f"{self.path}{suffix}").is_file() for suffix in (".tbi", ".csi")):
            return None
        try:
            return int(cyvcf2.VCF(str(self.path)).num_records)
        except Exception:
            return None

    @property
    def remedy(self) -> str:
        """The command that sorts this source."""
        return f"bcftools sort {self.path} -Ob -o sorted.bcf"

    def batches(self) -> Iterator[VariantBatch]:
        """Decode record by record."""
        size = variants_per_batch(len(self.samples), 4 if self.is_dosage else 1)
        rows: list[_Row] = []
        if self._first is None:
            return
        for number, record in enumerate(self._records(), start=1):
            rows.extend(self._rows(record, number))
            if len(rows) >= size:
                yield self._batch(rows)
                rows = []
        if rows:
            yield self._batch(rows)

    def _records(self) -> Iterator[Any]:
        yield self._first
        self._first = None
        yield from self._variants

    def _iterate(self) -> Iterator[Any]:
        number, last = 0, "its header"
        while True:
            try:
                record = next(self._reader)
            except StopIteration:
                return
            except Exception as error:
                raise CorruptFile(
                    f"{self.path}: variant {number + 1}, after {last}, cannot be read ({error}); "
                    "expected a whole line. The file is malformed there or was cut short: repair "
                    "or copy it again."
                ) from error
            number, last = number + 1, f"{record.CHROM}:{record.POS}"
            yield record

    def _rows(self, record: Any, number: int) -> list["_Row"]:
        alternates = record.ALT or ["."]
        if len(alternates) > 1:
            self.counts[SPLIT] += 1
        where = f"{self.path}: variant {number} ({record.CHROM}:{record.POS})"
        decode = self._dosages if self.is_dosage else self._calls
        values: npt.NDArray[Any] = decode(record, len(alternates), where)
        return [_Row(record, allele, row) for allele, row in zip(alternates, values, strict=True)]

    def _genotypes(self, record: Any, where: str) -> npt.NDArray[np.int16] | None:
        """Allele numbers (samples, ploidy), -1 missing, -2 no allele; None without GT."""
        if "GT" not in record.FORMAT:
            return None
        alleles: npt.NDArray[np.int16] = record.genotype.array()[:, :-1]
        if alleles.shape[1] > 2:
            raise InputError(
                f"{where} has calls of {alleles.shape[1]} alleles; expected 1 or 2. "
                "Remove the variant from the source."
            )
        return alleles

    def _calls(self, record: Any, n_alternates: int, where: str) -> npt.NDArray[np.int8]:
        """Count each ALT allele: (alleles, samples), MISSING_CALL where not called."""
        alleles = self._genotypes(record, where)
        if alleles is None:
            raise InputError(
                f"{where} has no GT; expected it for every variant. "
                "Choose --field DS or remove the variant."
            )
        if int(alleles.max()) > n_alternates:
            raise InputError(
                f"{where} has a call of allele {int(alleles.max())}; expected at most "
                f"{n_alternates}. Repair the line."
            )
        columns = list(alleles.T)
        copies = np.stack(
            [_count(columns, allele) for allele in range(1, n_alternates + 1)], dtype=np.int8
        )
        if len(columns) == 2 and int(alleles.min()) >= 0:  # all diploid, all called: most records
            return copies
        n_missing = _count(columns, _MISSING_ALLELE)
        n_copies = len(columns) - _count(columns, _NO_ALLELE)
        is_half = (n_missing == 1) & (n_copies == 2)
        is_missing = (n_missing == n_copies) | (is_half & (self._half_calls == "missing"))
        counts_twice = n_copies == 1
        if is_half.any():
            self._note_half_calls(int(is_half.sum()), where)
            if self._half_calls == "haploid":
                counts_twice = counts_twice | is_half
        copies[:, counts_twice] *= 2
        copies[:, is_missing] = MISSING_CALL
        return copies

    def _note_half_calls(self, n_half: int, where: str) -> None:
        if self._half_calls == "error":
            raise InputError(
                f"{where} has {n_half} half calls such as ./1; expected none. Say what they are "
                "with --half-calls missing, reference or haploid."
            )
        self.counts[HALF_CALLS] += n_half

    def _dosages(self, record: Any, n_alternates: int, where: str) -> npt.NDArray[np.float32]:
        """Dosage of each ALT allele, 0 to 2: (alleles, samples); from GT where there is no DS."""
        values = record.format("DS") if "DS" in record.FORMAT else None
        if values is None:
            calls = self._calls(record, n_alternates, where).astype(np.float32)
            self.counts[WITHOUT_DS] += 1
            calls[calls < 0] = np.nan
            return calls
        if values.shape[1] != n_alternates:
            raise InputError(
                f"{where} has {values.shape[1]} DS values a sample; expected {n_alternates}, one "
                "for each ALT allele. Split it with bcftools norm -m-, or use --field GT."
            )
        dosage = values.T.astype(np.float32)
        alleles = self._genotypes(record, where)
        if alleles is not None:
            # A haploid sample's DS counts one copy: 0 to 1.
            is_haploid = (alleles != _NO_ALLELE).sum(axis=1) == 1
            dosage[:, is_haploid & ~np.isnan(dosage).all(axis=0)] *= 2
        with np.errstate(invalid="ignore"):
            outside = (dosage < -_DOSAGE_TOLERANCE) | (dosage > 2 + _DOSAGE_TOLERANCE)
        if outside.any():
            raise InputError(
                f"{where} has dosage {dosage[outside][0]:g}; expected 0 to 2. "
                "Repair the variant, or use --field GT."
            )
        clipped: npt.NDArray[np.float32] = np.clip(dosage, 0, 2)
        return clipped

    def _batch(self, rows: list["_Row"]) -> VariantBatch:
        values = np.stack([row.values for row in rows])
        info = None
        if self.is_dosage:
            info = np.concatenate(
                [
                    dosage_r2(row.values[None], haploid_samples(row.chromosome, self.samples.sex))
                    for row in rows
                ]
            )
        return VariantBatch(
            chromosomes=np.array([row.chromosome for row in rows]),
            positions=np.array([row.position for row in rows], np.int64),
            ids=[row.variant_id for row in rows],
            effect_alleles=[row.effect_allele for row in rows],
            other_alleles=[row.other_allele for row in rows],
            hardcalls=None if self.is_dosage else pack_hardcalls(values),
            dosages=values if self.is_dosage else None,
            info=info,
        )

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def _count(columns: list[npt.NDArray[np.int16]], allele: int) -> npt.NDArray[np.int8]:
    """Copies of an allele number; by column, as sums along an axis of two are slow."""
    counts: npt.NDArray[np.int8] = (columns[0] == allele).astype(np.int8)
    for column in columns[1:]:
        counts += column == allele
    return counts


class _Row:
    """One ALT allele of a record."""

    __slots__ = ("chromosome", "effect_allele", "other_allele", "position", "values", "variant_id")

    def __init__(self, record: Any, effect_allele: str, values: npt.NDArray[Any]) -> None:
        self.chromosome: str = record.CHROM
        self.position: int = record.POS
        self.variant_id: str = record.ID or "."
        self.effect_allele = effect_allele
        self.other_allele: str = record.REF
        self.values = values
