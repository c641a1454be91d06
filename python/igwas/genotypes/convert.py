"""Convert bed, pgen, bgen or vcf to genotypes.h5."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from igwas.context import Context, cpu_context
from igwas.errors import InputError, OptionError
from igwas.genotypes.chromosomes import HAPLOID
from igwas.genotypes.encoding import Encoding, dosage_scale, encode_dosages
from igwas.genotypes.sample_tables import with_sex_file
from igwas.genotypes.samples import Samples
from igwas.genotypes.source import GenotypeSource, VariantBatch
from igwas.genotypes.variant_order import VariantOrder
from igwas.genotypes.writer import DEFAULT_LEVEL, GenotypeWriter, check_output
from igwas.provenance import root_attributes
from igwas.schema import GENOTYPES
from igwas.sole_writer import refuse_inputs, refuse_special, sole_writer

logger = logging.getLogger("igwas.genotypes")

Format = Literal["bed", "pgen", "bgen", "vcf"]
Progress = Callable[[int, int | None], None]

HAPLOID_HETEROZYGOTES = "heterozygous calls where one copy is expected (male X, Y, MT)"
UNKNOWN_SEX_ON_X = "samples of unknown sex in a file with chromosome X"
_MIN_LEVEL, _MAX_LEVEL = 1, 19
_HET_BITS = np.uint8(0x55)


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """How a source is read and stored.

    Parameters
    ----------
    field : `auto`, `GT` or `DS`
        vcf and pgen: hard calls, dosages, or dosages where there are any.
    dosage_bits : 8 or 16
        Bits a dosage is stored in.
    half_calls : `missing`, `error`, `reference` or `haploid`
        vcf: what ./1 is.
    bgen_alleles : `ref-first`, `ref-last` or None
        bgen: which allele is the reference; None is ref-first. The other is the effect allele.
    sample_file : Path or None
        bgen: Oxford .sample.
    generate_sample_ids : bool
        bgen: number the samples of a file without ids.
    sex_file : Path or None
        IID SEX, for any source.
    allow_unknown_chromosomes : bool
        Keep contigs and chromosome 0.
    compression_level : int
        zstd level, 1 to 19.
    raw : bool
        Store uncompressed.
    rows_per_chunk : int or None
        Variants in a chunk; None is about 1 MiB.
    overwrite : bool
        Replace the output.
    """

    field: Literal["auto", "GT", "DS"] = "auto"
    dosage_bits: Literal[8, 16] = 8
    half_calls: Literal["missing", "error", "reference", "haploid"] = "missing"
    bgen_alleles: Literal["ref-first", "ref-last"] | None = None
    sample_file: Path | None = None
    generate_sample_ids: bool = False
    sex_file: Path | None = None
    allow_unknown_chromosomes: bool = False
    compression_level: int = DEFAULT_LEVEL
    raw: bool = False
    rows_per_chunk: int | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not _MIN_LEVEL <= self.compression_level <= _MAX_LEVEL:
            raise OptionError(
                f"compression level is {self.compression_level}; expected {_MIN_LEVEL} to "
                f"{_MAX_LEVEL}. Choose one of those."
            )
        if self.dosage_bits not in (8, 16):
            raise OptionError(
                f"dosage bits is {self.dosage_bits}; expected 8 or 16. Choose one of those."
            )
        if self.sample_file is not None and self.generate_sample_ids:
            raise OptionError(
                "--sample-file and --generate-sample-ids were both given; expected one of them. "
                "Drop one."
            )


@dataclass
class ConvertSummary:
    """Account of a conversion.

    Parameters
    ----------
    path : Path
        The file written.
    encoding : Encoding
        How genotypes are stored.
    samples : Samples
        Who is in it.
    chromosome_counts : dict of str to int
        Variants on each chromosome, in file order.
    n_missing : int
        Missing genotypes.
    counts : Counter
        Splits, half calls and the like, in words.
    """

    path: Path
    encoding: Encoding
    samples: Samples
    chromosome_counts: dict[str, int] = field(default_factory=dict)
    n_missing: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def n_variants(self) -> int:
        """Number of variants written."""
        return sum(self.chromosome_counts.values())

    @property
    def missing_rate(self) -> float:
        """Share of genotypes that are missing."""
        return self.n_missing / max(1, self.n_variants * len(self.samples))


def detect_format(path: Path) -> Format:
    """Format of a source, from its name.

    Raises
    ------
    InputError
        If the name ends in none of the known suffixes, or there is no such file.
    """
    name = path.name.lower()
    for suffix, found in _SUFFIXES.items():
        if name.endswith(suffix):
            if not path.is_file():
                raise InputError(f"{path} does not exist; expected a {suffix}. Check the path.")
            return found
    raise InputError(
        f"{path} has no known suffix; expected one of {', '.join(_SUFFIXES)}. "
        "Give the file itself, not its prefix."
    )


_SUFFIXES: dict[str, Format] = {
    ".bed": "bed", ".pgen": "pgen", ".bgen": "bgen",
    ".vcf": "vcf", ".vcf.gz": "vcf", ".vcf.bgz": "vcf", ".bcf": "vcf",
}  # fmt: skip

_ONLY_FOR: dict[str, tuple[Format, ...]] = {
    "field": ("vcf", "pgen"),
    "half_calls": ("vcf",),
    "bgen_alleles": ("bgen",),
    "sample_file": ("bgen",),
    "generate_sample_ids": ("bgen",),
}


def _check_options(found: Format, options: ConvertOptions) -> None:
    defaults = ConvertOptions()
    for name, formats in _ONLY_FOR.items():
        if found not in formats and getattr(options, name) != getattr(defaults, name):
            raise OptionError(
                f"--{name.replace('_', '-')} was given for a {found}; expected it only for "
                f"{' and '.join(formats)}. Leave it out."
            )


def open_source(path: Path, options: ConvertOptions, context: Context) -> GenotypeSource:
    """Open a source by its format; each reader is imported only when it is needed.

    Raises
    ------
    InputError
        If it cannot be used; OptionError if an option does not fit its format.
    """
    found = detect_format(path)
    _check_options(found, options)
    source = _open(found, path, options, context)
    if options.sex_file is not None:
        source.inputs["sex"] = options.sex_file
        if found != "vcf":  # that reader needs sex early, and has it
            source.samples = with_sex_file(source.samples, options.sex_file)
    return source


def _open(found: Format, path: Path, options: ConvertOptions, context: Context) -> GenotypeSource:
    if found == "bed":
        from igwas.genotypes.from_bed import BedSource

        return BedSource(path, allow_unknown_chromosomes=options.allow_unknown_chromosomes)
    if found == "pgen":
        from igwas.genotypes.from_pgen import PgenSource

        return PgenSource(path, field=options.field)
    if found == "bgen":
        from igwas.genotypes.from_bgen import BgenSource

        return BgenSource(
            path,
            alleles=options.bgen_alleles or "ref-first",
            sample_file=options.sample_file,
            generate_ids=options.generate_sample_ids,
        )
    from igwas.genotypes.from_vcf import VcfSource

    return VcfSource(
        path,
        field=options.field,
        half_calls=options.half_calls,
        sex_file=options.sex_file,
        context=context,
    )


def convert(
    source: Path | str,
    output: Path | str,
    *,
    options: ConvertOptions | None = None,
    context: Context | None = None,
    progress: Progress | None = None,
) -> ConvertSummary:
    """Convert a source to genotypes.h5, in memory that does not grow with its variants.

    The effect allele is A1 (column 5) of a .bim, ALT of pgen and vcf, and the allele that is not
    the reference of bgen (`bgen_alleles`). Dosages count it, 0 to 2, on haploid chromosomes too.

    Parameters
    ----------
    source : Path or str
        .bed, .pgen, .bgen, .vcf, .vcf.gz or .bcf.
    output : Path or str
        The file to be; it appears when it is complete, under a temporary name until then.
    options : ConvertOptions, optional
        How to read and store.
    context : Context, optional
        Threads.
    progress : callable, optional
        Called with the variants written so far and those expected (None if unknown).

    Returns
    -------
    ConvertSummary
        What was written.

    Raises
    ------
    InputError
        If the source cannot be used; OptionError, OutputError likewise. Nothing is then left.
    """
    source_path, output_path = Path(source), Path(output)
    options, context = options or ConvertOptions(), cpu_context(context, "the conversion")
    refuse_special(output_path)
    check_output(output_path, overwrite=options.overwrite, inputs={"source": source_path})
    opened = open_source(source_path, options, context)
    try:
        check_output(output_path, overwrite=options.overwrite, inputs=opened.inputs)
        refuse_inputs(output_path, opened.inputs)
        with sole_writer(output_path):
            return _convert(opened, output_path, options, context, progress)
    finally:
        opened.close()


def _convert(
    source: GenotypeSource,
    output: Path,
    options: ConvertOptions,
    context: Context,
    progress: Progress | None,
) -> ConvertSummary:
    encoding: Encoding = "hardcalls"
    if source.is_dosage:
        encoding = "dosage8" if options.dosage_bits == 8 else "dosage16"
    summary = ConvertSummary(output, encoding, source.samples)
    order = VariantOrder(
        str(source.path),
        source.remedy,
        row=source.row_word,
        allow_unknown=options.allow_unknown_chromosomes,
    )
    writer = GenotypeWriter(
        output,
        source.samples,
        encoding,
        attributes=root_attributes(GENOTYPES, inputs=source.inputs, options=asdict(options)),
        context=context,
        level=options.compression_level,
        raw=options.raw,
        rows_per_chunk=options.rows_per_chunk,
    )
    with writer:
        for batch in source.batches():
            _append(writer, order, batch, summary)
            if progress is not None:
                progress(writer.n_variants, source.n_variants)
        if not writer.n_variants:
            raise InputError(f"{source.path} has no variants; expected at least 1. Check the file.")
        writer.finish(order.names)
    summary.counts.update(source.counts)
    _log(summary)
    return summary


def _append(
    writer: GenotypeWriter, order: VariantOrder, batch: VariantBatch, summary: ConvertSummary
) -> None:
    codes = order.add(batch.chromosomes, batch.positions)
    rows: npt.NDArray[np.unsignedinteger]
    if batch.hardcalls is not None:
        rows = batch.hardcalls
        # Code 1, missing: the low bit of a pair without its high bit.
        summary.n_missing += int(np.bitwise_count(rows & ~(rows >> 1) & _HET_BITS).sum())
    else:
        assert batch.dosages is not None
        assert summary.encoding != "hardcalls"
        rows = encode_dosages(batch.dosages, summary.encoding)
        summary.n_missing += int((rows == dosage_scale(summary.encoding) + 1).sum())
    for code in np.unique(codes):
        name, chosen = order.names[code], codes == code
        n_before = summary.chromosome_counts.get(name, 0)
        summary.chromosome_counts[name] = n_before + int(chosen.sum())
        if batch.hardcalls is not None and (name == "X" or name in HAPLOID):
            everyone = np.ones(len(summary.samples), np.bool_)
            haploid = summary.samples.sex == 1 if name == "X" else everyone
            n_found = _count_heterozygotes(batch.hardcalls[chosen], haploid)
            summary.counts[HAPLOID_HETEROZYGOTES] += n_found
    writer.append(
        rows,
        codes=codes,
        positions=batch.positions,
        ids=batch.ids,
        effect_alleles=batch.effect_alleles,
        other_alleles=batch.other_alleles,
        info=batch.info,
    )


def _count_heterozygotes(rows: npt.NDArray[np.uint8], is_chosen: npt.NDArray[np.bool_]) -> int:
    """Count code 2, one of each, among some samples of packed rows."""
    pairs = np.zeros((4 * rows.shape[1],), np.uint8)
    pairs[: len(is_chosen)] = is_chosen
    mask = (pairs.reshape(-1, 4) << np.array([0, 2, 4, 6], np.uint8)).sum(axis=1, dtype=np.uint8)
    return int(np.bitwise_count((rows >> 1) & ~rows & _HET_BITS & mask).sum())


def _log(summary: ConvertSummary) -> None:
    if "X" in summary.chromosome_counts:
        summary.counts[UNKNOWN_SEX_ON_X] = int((summary.samples.sex == 0).sum())
    summary.counts = +summary.counts  # drop what did not happen
    for what, count in summary.counts.items():
        logger.info("%s: %s %s", summary.path, f"{count:,}", what)
