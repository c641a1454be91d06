"""A cohort's people among many others in one .bed."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from igwas.benchmark.calls import draw_codes, pack_codes, unpack_codes, unpack_rows
from igwas.benchmark.cohort import MAGIC, BenchmarkCohort, draw_cohort_frequencies, generator_of
from igwas.errors import OutputError

# Random streams beside those of the cohort.
_POSITIONS, _OTHERS = 21, 22
# Samples x variants that are drawn at once: 32 MB as bytes.
_CALLS_AT_ONCE = 2**25
_log = logging.getLogger("igwas")


@dataclass(frozen=True)
class WideCohort(BenchmarkCohort):
    """The cohort's people among others without phenotypes, in the cohort's order.

    Attributes
    ----------
    folder : Path
        The cohort's own: phenotypes and covariates are the same files.
    shape : CohortShape
    file_samples : int
        People in the genotype file.
    """

    file_samples: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a variant in the wide .bed."""
        return -(-self.file_samples // 4)

    def genotypes(self, n_variants: int | None = None) -> Path:
        """The wide .bed, or one of its first variants."""
        return self._part(self.folder / f"wide{self.file_samples}.bed", n_variants)

    def positions(self) -> npt.NDArray[np.int64]:
        """Rows of the wide .fam that are the cohort's people, ascending, int64 (samples,)."""
        generator = generator_of(self.shape, _POSITIONS, self.file_samples)
        chosen = generator.choice(self.file_samples, self.shape.n_samples, replace=False)
        return np.sort(chosen).astype(np.int64)

    def dosage(self, variants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Copies of the effect allele of the cohort's people, as the narrow file has them."""
        stored = np.memmap(self.genotypes(), np.uint8, "r", offset=len(MAGIC))
        rows = np.asarray(stored.reshape(-1, self.row_bytes)[variants])
        return unpack_rows(rows, self.file_samples)[:, self.positions()]


def make_wide(cohort: BenchmarkCohort, file_samples: int) -> WideCohort:
    """Write the wide .bed beside the narrow one, or find it there.

    Parameters
    ----------
    cohort : BenchmarkCohort
    file_samples : int
        At least the cohort's samples.

    Raises
    ------
    OutputError
        If the disk has no room for it.
    """
    wide = WideCohort(cohort.folder, cohort.shape, file_samples)
    bed = wide.genotypes()
    if bed.exists():
        return wide
    need, free = _room(wide)
    if need > free:
        raise OutputError(
            f"{cohort.folder} has {free / 2**30:.1f} GiB free; expected {need / 2**30:.1f} for "
            f"{file_samples:,} people. Free some, or lower --file-samples."
        )
    _log.info("simulating %s people around the cohort", f"{file_samples:,}")
    bed.with_suffix(".bim").write_bytes(cohort.genotypes().with_suffix(".bim").read_bytes())
    _write_fam(cohort, wide)
    partial = bed.with_suffix(".partial")
    try:
        with partial.open("wb") as stream:
            stream.write(MAGIC)
            for rows in _wide_rows(cohort, wide):
                stream.write(rows.data)
        # Last: a .bed under its name says that all three files are whole.
        partial.replace(bed)
    finally:
        partial.unlink(missing_ok=True)
    return wide


def _room(wide: WideCohort) -> tuple[int, int]:
    need = 2 * wide.row_bytes * wide.shape.n_variants + 40 * wide.file_samples
    return need, shutil.disk_usage(wide.folder).free


def _write_fam(cohort: BenchmarkCohort, wide: WideCohort) -> None:
    own = cohort.genotypes().with_suffix(".fam").read_text().splitlines(keepends=True)
    lines = [
        f"X{row:07d}\tX{row:07d}\t0\t0\t{1 + row % 2}\t-9\n" for row in range(wide.file_samples)
    ]
    for row, line in zip(wide.positions(), own, strict=True):
        lines[row] = line
    wide.genotypes().with_suffix(".fam").write_text("".join(lines))


def _wide_rows(cohort: BenchmarkCohort, wide: WideCohort) -> Iterator[npt.NDArray[np.uint8]]:
    """Rows of the wide .bed: everybody drawn, then the cohort's people put in their places."""
    shape, positions = cohort.shape, wide.positions()
    frequency = draw_cohort_frequencies(shape)
    generator = generator_of(shape, _OTHERS, wide.file_samples)
    n_rows = max(1, _CALLS_AT_ONCE // wide.file_samples)
    with cohort.genotypes().open("rb") as stream:
        stream.seek(len(MAGIC))
        for start in range(0, shape.n_variants, n_rows):
            part = frequency[start : start + n_rows]
            stored = stream.read(len(part) * cohort.row_bytes)
            own = np.frombuffer(stored, np.uint8).reshape(len(part), cohort.row_bytes)
            codes = draw_codes(part, wide.file_samples, shape.missing_rate, generator)
            codes[:, positions] = unpack_codes(own, shape.n_samples)
            yield pack_codes(codes)
