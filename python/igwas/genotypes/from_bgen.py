"""BGEN into batches of dosages, read by the `bgen` package."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from bgen import BgenReader

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.bgen_block import check_zlib_block
from igwas.genotypes.info import information_of_variances
from igwas.genotypes.sample_file import read_sample_file
from igwas.genotypes.sample_tables import make_samples
from igwas.genotypes.samples import Samples
from igwas.genotypes.source import GenotypeSource, VariantBatch, variants_per_batch

AlleleOrder = Literal["ref-first", "ref-last"]

# Bytes that one stored byte can stand for: none, zlib, zstd (a run of 128 KiB takes four).
_MOST_COMPRESSION = (1, 1040, 40_000)
_HEADER_BYTES = 24
# What the package raises on a damaged file, as far as it was seen to.
_DAMAGE = (ValueError, IndexError, OverflowError, MemoryError, RuntimeError)


class BgenSource(GenotypeSource):
    """A .bgen, layout 1 or 2, any bit depth, zlib, zstd or uncompressed.

    The format does not say which allele is the reference: `alleles` does. The effect allele is
    the other one (ALT): the second with `ref-first`, the first with `ref-last`.

    Parameters
    ----------
    path : Path
        The .bgen.
    alleles : `ref-first` or `ref-last`
        Where the reference allele stands.
    sample_file : Path, optional
        Oxford .sample with the ids.
    generate_ids : bool
        Name samples sample_1, sample_2, ... where the file has no ids.
    """

    is_dosage = True

    def __init__(
        self,
        path: Path,
        *,
        alleles: AlleleOrder = "ref-first",
        sample_file: Path | None = None,
        generate_ids: bool = False,
    ) -> None:
        super().__init__()
        self.path = path
        self.inputs = {"bgen": path}
        if sample_file is not None:
            self.inputs["sample"] = sample_file
        self._alleles = alleles
        self._descriptor: int | None = None
        self._size = path.stat().st_size
        self.n_variants = _check_header(path, self._size)
        try:
            self._reader = BgenReader(path)
            header = self._reader.header
            stored_ids = self._reader.samples if header.has_sample_ids else None
        except _DAMAGE as error:
            raise CorruptFile(
                f"{path} cannot be opened ({error}); expected a whole .bgen. Copy it again."
            ) from error
        self.samples = _find_samples(
            path, header.nsamples, stored_ids, sample_file, generate_ids=generate_ids
        )

    @property
    def remedy(self) -> str:
        """The command that sorts this source."""
        prefix = self.path.with_suffix("")
        return (
            f"plink2 --bgen {self.path} {self._alleles} --sort-vars --make-pgen "
            f"--out {prefix.name}.sorted"
        )

    def batches(self) -> Iterator[VariantBatch]:
        """Decode variant by variant."""
        assert self.n_variants is not None
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        size = variants_per_batch(len(self.samples), 4)
        for start in range(0, self.n_variants, size):
            yield self._batch(start, min(start + size, self.n_variants))

    def _batch(self, start: int, stop: int) -> VariantBatch:
        n_variants = stop - start
        dosages = np.empty((n_variants, len(self.samples)), np.float32)
        info = np.empty(n_variants, np.float32)
        positions = np.empty(n_variants, np.int64)
        chromosomes, ids, effect_alleles, other_alleles = [], [], [], []
        for row in range(n_variants):
            name = f"{self.path}: variant {start + row + 1}"
            assert self._descriptor is not None
            try:
                variant = next(self._reader)
                chromosomes.append(variant.chrom)
                positions[row] = variant.pos
                ids.append(variant.rsid or variant.varid or ".")
                other, effect = self._order(variant, name)
                if variant.compression == "zlib":
                    check_zlib_block(self._descriptor, variant)
                dosages[row], info[row] = self._decode(variant, name)
            except _DAMAGE as error:
                raise CorruptFile(
                    f"{name} cannot be read ({error}); expected a whole record. "
                    "The file is damaged or was cut short: copy it again."
                ) from error
            other_alleles.append(other)
            effect_alleles.append(effect)
        return VariantBatch(
            chromosomes=np.array(chromosomes),
            positions=positions,
            ids=ids,
            effect_alleles=effect_alleles,
            other_alleles=other_alleles,
            dosages=dosages,
            info=info,
        )

    def _order(self, variant: Any, name: str) -> tuple[str, str]:
        """Other and effect allele."""
        found = variant.alleles
        if len(found) != 2:
            raise InputError(
                f"{name} ({variant.rsid or variant.varid}) has {len(found)} alleles; expected 2. "
                "Split or remove multiallelic variants first, with qctool or bcftools norm -m-."
            )
        first, second = found
        return (first, second) if self._alleles == "ref-first" else (second, first)

    def _decode(self, variant: Any, name: str) -> tuple[npt.NDArray[np.float32], float]:
        """Dosage on the 0 to 2 scale, and the information of the variant."""
        ploidy = variant.ploidy
        highest = int(ploidy.max())
        if highest > 2 or not int(ploidy.min()):
            raise InputError(
                f"{name} ({variant.rsid or variant.varid}) has ploidy {ploidy.min()} to "
                f"{highest}; expected 1 or 2. Remove it from the source."
            )
        probabilities = variant.probabilities.astype(np.float64)
        is_haploid = ploidy == 1
        moments = _phased_moments if variant.is_phased else _unphased_moments
        second, variance = moments(probabilities, is_haploid)
        copies = ploidy.astype(np.float64)
        carried = second if self._alleles == "ref-first" else copies - second
        dosage = np.where(is_haploid, 2 * carried, carried).astype(np.float32)
        return dosage, information_of_variances(variance, carried, copies)

    def close(self) -> None:
        """Close the .bgen."""
        self._reader.close()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _unphased_moments(
    probabilities: npt.NDArray[np.float64], is_haploid: npt.NDArray[np.bool_]
) -> Moments:
    """Mean and variance of the second allele's count, from P(0), P(1), P(2) of it."""
    one = probabilities[:, 1]
    # A haploid sample has P(0) and P(1) only; a matrix of haploid samples has no third column.
    two = np.zeros_like(one)
    if probabilities.shape[1] > 2:
        two = np.where(is_haploid, 0.0, probabilities[:, 2])
    mean = one + 2 * two
    return mean, one + 4 * two - mean**2


def _phased_moments(
    probabilities: npt.NDArray[np.float64], is_haploid: npt.NDArray[np.bool_]
) -> Moments:
    """Mean and variance from the probabilities of each haplotype's first and second allele."""
    first = probabilities[:, 1]
    second = np.zeros_like(first)
    if probabilities.shape[1] > 2:
        second = np.where(is_haploid, 0.0, probabilities[:, 3])
    return first + second, first * (1 - first) + second * (1 - second)


def _check_header(path: Path, size: int) -> int:
    """Check magic number and sizes before the package sees the file; give the variant count."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER_BYTES)
    if len(start) < _HEADER_BYTES or start[16:20] not in (b"bgen", bytes(4)):
        raise InputError(
            f"{path} has bytes {start[16:20].hex(' ') or 'none'} at offset 16; expected "
            "62 67 65 6e, a .bgen. Check that this is the file you mean."
        )
    offset, header, n_variants, n_samples = np.frombuffer(start[:16], "<u4").tolist()
    if header < 20 or offset < header or offset + 4 > size:
        raise CorruptFile(
            f"{path} has {size} bytes, a header of {header} and data from {offset + 4}; expected "
            "header, then data, inside the file. It is damaged or was cut short: copy it again."
        )
    if not n_variants or not n_samples:
        raise InputError(
            f"{path} has {n_variants} variants and {n_samples} samples; expected at least 1 of "
            "each. Check the file."
        )
    # The shortest record of a variant: lengths, position, allele count, block length.
    if n_variants * 16 > size:
        raise CorruptFile(
            f"{path} has {size} bytes; expected more for the {n_variants} variants of its header. "
            "It is damaged or was cut short: copy it again."
        )
    _check_sample_count(path, size, header, n_variants, n_samples)
    return int(n_variants)


def _check_sample_count(
    path: Path, size: int, header: int, n_variants: int, n_samples: int
) -> None:
    """Refuse a count that no compression could fit, before memory is taken for it."""
    with path.open("rb") as stream:
        stream.seek(header)
        flags = int.from_bytes(stream.read(4), "little")
    # Every sample takes at least a byte of each variant before it is compressed.
    if n_variants * n_samples > size * _MOST_COMPRESSION[min(flags & 3, 2)]:
        raise CorruptFile(
            f"{path} has {size:,} bytes; expected more for the {n_samples:,} samples of its "
            "header. It is damaged or was cut short: copy it again."
        )


def _find_samples(
    path: Path,
    n_samples: int,
    stored_ids: list[str] | None,
    sample_file: Path | None,
    *,
    generate_ids: bool,
) -> Samples:
    if sample_file is not None:
        samples = read_sample_file(sample_file)
        _check_sample_file(path, samples, sample_file, n_samples, stored_ids)
        return samples
    if stored_ids is not None:
        return make_samples(stored_ids, source=str(path))
    if generate_ids:
        return make_samples([f"sample_{i + 1}" for i in range(n_samples)], source=str(path))
    beside = path.with_suffix(".sample")
    name = beside if beside.is_file() else "FILE.sample"
    raise InputError(
        f"{path} has no sample ids; expected them inside it or in a .sample file. Give them with "
        f"--sample-file {name}, or number them with --generate-sample-ids."
    )


def _check_sample_file(
    path: Path, samples: Samples, sample_file: Path, n_samples: int, stored_ids: list[str] | None
) -> None:
    if len(samples) != n_samples:
        raise InputError(
            f"{sample_file} has {len(samples)} samples but {path} has {n_samples}; expected the "
            "same. Give the .sample file of this .bgen."
        )
    pairs = zip(samples.family_id, samples.sample_id, stored_ids or [], strict=False)
    for index, (family, sample, stored) in enumerate(pairs):
        if stored not in (sample, family, f"{family}_{sample}"):
            raise InputError(
                f"{sample_file} names sample {index + 1} {sample!r} but {path} names it "
                f"{stored!r}; expected the same. Give the .sample file of this .bgen, or none."
            )
