"""Parquet: one row a test, written in row groups as they are read; provenance in its metadata."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from igwas.schema import REASONS
from igwas.sumstats.records import Records
from igwas.sumstats.text import code_text

ROW_GROUP_ROWS = 1_048_576


def to_table(records: Records) -> pa.Table:
    """Turn a batch into an Arrow table; numbers keep their own types, untested values are null."""
    columns: dict[str, Any] = {
        "phenotype": records.phenotype.dictionary_encode(),
        "chromosome": records.chromosome.dictionary_encode(),
        "position": pa.array(records.position),
        "id": records.id,
        "effect_allele": records.effect_allele,
        "other_allele": records.other_allele,
    }
    numbers = (
        "info", "n", "effect_allele_frequency", "minor_allele_count", "beta", "se",
        "f_statistic", "dof1", "dof2", "log10p",
    )  # fmt: skip
    for name in numbers:
        values = getattr(records, name)
        if values is not None:
            columns[name] = pa.array(values, from_pandas=True)
    columns["reason"] = code_text(
        records.reason, [name for name, _ in REASONS.values()]
    ).dictionary_encode()
    return pa.table(columns)


class ParquetDestination:
    """Writes batches to a Parquet file, a row group when enough of them have come."""

    def __init__(self, path: Path, first: Records, provenance: Mapping[str, Any]) -> None:
        schema = to_table(first).schema.with_metadata({"igwas": json.dumps(provenance)})
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._pending: list[pa.Table] = []
        self._n_pending = 0

    def write(self, records: Records) -> None:
        """Add a batch."""
        self._pending.append(to_table(records))
        self._n_pending += records.n_rows
        if self._n_pending >= ROW_GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Close without caring for the content."""
        self._pending = []
        with contextlib.suppress(OSError):  # a full disk fails again; the first error is the one
            self._writer.close()

    def _flush(self) -> None:
        if self._pending:
            table = pa.concat_tables(self._pending).unify_dictionaries().combine_chunks()
            self._writer.write_table(table.replace_schema_metadata(self._schema.metadata))
        self._pending, self._n_pending = [], 0
