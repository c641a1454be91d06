"""statistics.h5 -> summary statistics in another program's columns, in one streaming pass."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.association.ranking import OMNIBUS
from igwas.association.statistics_file import StatisticsFile, open_statistics
from igwas.context import Context, cpu_context
from igwas.provenance import file_digest
from igwas.sole_writer import refuse_inputs, refuse_special
from igwas.sumstats import gwas_ssf, plink2, regenie
from igwas.sumstats.destination import (
    OrderCheck,
    TextDestination,
    partial_path,
    refuse_existing,
    write_index,
    write_text,
)
from igwas.sumstats.options import ALL, ExportOptions
from igwas.sumstats.parquet import ParquetDestination
from igwas.sumstats.records import RecordReader, Records
from igwas.sumstats.text import join_rows
from igwas.sumstats.text_format import TextFormat
from igwas.whole_file import named_in_errors

logger = logging.getLogger("igwas")

TEXT_FORMATS: dict[str, TextFormat] = {
    text_format.name: text_format
    for text_format in (gwas_ssf.FORMAT, regenie.FORMAT, plink2.FORMAT)
}

Progress = Callable[[int, int], None]
"""Called with variants read and variants in all."""


@dataclass(frozen=True)
class ExportSummary:
    """What an export wrote.

    Parameters
    ----------
    path : Path
        The table.
    format : str
        Its format.
    n_rows : int
        Rows written.
    n_untested : int
        Tests left out because the variant could not be tested.
    sidecar_path, index_path : Path or None
        Metadata or provenance beside it, and its tabix index, where written.
    omnibus : str
        Phenotypes and people of the omnibus test; empty where phenotypes were exported.
    """

    path: Path
    format: str
    n_rows: int
    n_untested: int
    sidecar_path: Path | None = None
    index_path: Path | None = None
    omnibus: str = ""


def export_sumstats(
    statistics: Path | str,
    output: Path | str,
    *,
    options: ExportOptions,
    context: Context | None = None,
    progress: Progress | None = None,
) -> ExportSummary:
    """Write one phenotype, the omnibus, or all phenotypes in the chosen format.

    Parameters
    ----------
    statistics : Path or str
        A complete statistics.h5.
    output : Path or str
        The table; `.gz` is written as blocked gzip with a tabix index beside it where the format
        is tab-separated and the variants are sorted. A provenance file is written beside text.
    options : ExportOptions
        What to write.
    context : Context, optional
        Threads for compression.
    progress : callable, optional
        Called after each batch.

    Returns
    -------
    ExportSummary

    Raises
    ------
    OptionError
        For an unknown phenotype, choices that contradict each other, or a context that asks for a
        device.
    InputError
        If the statistics cannot be read or are unfinished.
    OutputError
        If the output exists or its folder does not.
    """
    output, context = Path(output), cpu_context(context, "the export")
    format_name = options.format_for(output)
    refuse_special(output)
    beside = ("", "-meta.yaml", ".provenance.json", ".tbi", ".csi")
    for suffix in beside:
        name = output.with_name(output.name + suffix)
        refuse_inputs(name, {"STATISTICS": Path(statistics)})
    with open_statistics(statistics) as source:
        reader = RecordReader(source, options)
        if options.phenotype in (OMNIBUS, ALL) and options.phenotype in source.phenotype_names:
            logger.warning(
                "a phenotype is named %r; the word is taken as the command's own",
                options.phenotype,
            )
        if "caution" in source.attributes:
            logger.warning("%s", source.attributes["caution"])
        provenance = _provenance(source, options, format_name)
        job = _Export(source, reader, output, options, provenance, progress)
        if format_name == "parquet":
            return job.to_parquet()
        return job.to_text(TEXT_FORMATS[format_name], context.n_threads)


def _provenance(source: StatisticsFile, options: ExportOptions, format_name: str) -> dict[str, Any]:
    """Who wrote the export, from what, how, and what the scan says about itself."""
    kept = ("igwas_version", "command", "created", "missing", "transform", "covariate_names",
            "caution")  # fmt: skip
    return {
        "igwas_version": __version__,
        "command": " ".join(sys.argv),
        "format": format_name,
        "phenotype": options.phenotype,
        "min_log10p": options.min_log10p,
        "top": options.top,
        **_origin(source, options),
        "statistics": {
            "path": str(source.path),
            "size_bytes": source.path.stat().st_size,
            "digest": file_digest(source.path),
        },
        "scan": {
            name: _plain(source.attributes[name]) for name in kept if name in source.attributes
        }
        | ({"projection": source.options["projection"]} if source.is_projection else {}),
    }


def _origin(source: StatisticsFile, options: ExportOptions) -> dict[str, Any]:
    """Eye and dimension of the phenotypes that are exported; what the omnibus is of."""
    if options.phenotype == ALL:
        labels = zip(source.phenotype_names, source.labels, strict=True)
        return {"eyes": {name: list(label) for name, label in labels}}
    if options.phenotype == OMNIBUS:
        mask = source.omnibus_mask(options.mask)
        return {"mask": mask, "omnibus_of": source.describe_mask(mask)}
    eye, dimension = source.labels[source.phenotype_index(options.phenotype)]
    return {"eye": eye, "dimension": dimension}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


@dataclass
class _Export:
    """One export under way."""

    source: StatisticsFile
    reader: RecordReader
    output: Path
    options: ExportOptions
    provenance: dict[str, Any]
    progress: Progress | None
    n_rows: int = 0
    n_unusual: int = 0

    def to_text(self, text_format: TextFormat, threads: int) -> ExportSummary:
        is_ssf = text_format.name == "gwas-ssf"
        compress = self.output.suffix in (".gz", ".bgz")
        sidecar = (
            gwas_ssf.metadata_path(self.output)
            if is_ssf
            else self.output.with_name(self.output.name + ".provenance.json")
        )
        refuse_existing([self.output, sidecar], overwrite=self.options.overwrite)
        order = OrderCheck()
        partial = partial_path(self.output)
        destination = TextDestination(partial, self.output, compress=compress, threads=threads)
        try:
            header = text_format.columns(self.reader.empty(), self.options)
            destination.write((text_format.separator.join(header) + "\n").encode())
            for records in self.reader.batches():
                columns = text_format.columns(records, self.options)
                order.update(next(iter(columns.values())), records.position)
                destination.write(join_rows(list(columns.values()), text_format.separator))
                self._count(records, is_ssf)
            md5 = destination.close()
            write_text(sidecar, self._sidecar_text(is_ssf, md5, order.is_sorted))
        except BaseException:
            destination.abandon()
            partial.unlink(missing_ok=True)
            raise
        self._remove_old_indexes()
        partial.replace(self.output)
        self._report_end()
        index = None
        if compress and text_format.can_be_indexed:
            index = write_index(self.output, order, header_lines=text_format.header_lines)
        self._warn(is_ssf)
        return ExportSummary(
            self.output, text_format.name, self.n_rows, self.reader.n_untested, sidecar, index,
            omnibus=self.reader.omnibus,
        )  # fmt: skip

    def to_parquet(self) -> ExportSummary:
        refuse_existing([self.output], overwrite=self.options.overwrite)
        partial = partial_path(self.output)
        try:
            with named_in_errors(self.output, can_resume=False):
                destination = ParquetDestination(partial, self.reader.empty(), self.provenance)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        try:
            for records in self.reader.batches():
                with named_in_errors(self.output, can_resume=False):
                    destination.write(records)
                self._count(records, is_ssf=False)
            with named_in_errors(self.output, can_resume=False):
                destination.close()
        except BaseException:
            destination.abandon()
            partial.unlink(missing_ok=True)
            raise
        partial.replace(self.output)
        self._report_end()
        return ExportSummary(
            self.output, "parquet", self.n_rows, self.reader.n_untested, omnibus=self.reader.omnibus
        )

    def _report_end(self) -> None:
        # A selection may end before the last variant, or be empty.
        if self.progress is not None:
            self.progress(self.source.n_variants, self.source.n_variants)

    def _remove_old_indexes(self) -> None:
        # An index of the file that is being replaced would point into the middle of lines.
        for suffix in (".tbi", ".csi"):
            self.output.with_name(self.output.name + suffix).unlink(missing_ok=True)

    def _sidecar_text(self, is_ssf: bool, md5: str, is_sorted: bool) -> str:
        if not is_ssf:
            return json.dumps({**self.provenance, "md5": md5}, indent=2) + "\n"
        return gwas_ssf.metadata(
            self.source, self.options, self.output,
            md5=md5, is_sorted=is_sorted, provenance=self.provenance,
        )  # fmt: skip

    def _count(self, records: Records, is_ssf: bool) -> None:
        self.n_rows += records.n_rows
        if is_ssf:
            self.n_unusual += gwas_ssf.count_unusual_alleles(records)
        if self.progress is not None:
            self.progress(self.reader.rows_seen, self.source.n_variants)

    def _warn(self, is_ssf: bool) -> None:
        if not is_ssf:
            return
        if self.options.phenotype in (OMNIBUS, ALL):
            logger.warning(
                "%s has GWAS-SSF's names but is no GWAS-SSF file: that holds one phenotype's betas",
                self.output,
            )
        elif self.options.is_limited:
            logger.warning(
                "%s has GWAS-SSF's columns but is no GWAS-SSF file: that holds all variants that "
                "were tested, and effects that were chosen by their p are too large",
                self.output,
            )
        if self.n_unusual:
            logger.warning(
                "%d rows of %s have alleles other than A, C, G, T strings, which GWAS-SSF does "
                "not allow",
                self.n_unusual, self.output,
            )  # fmt: skip
        if self.options.include_untested:
            logger.warning("GWAS-SSF allows no rows without a test; they were asked for")
