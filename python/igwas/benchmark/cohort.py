"""A simulated cohort on disk, kept in the work folder by a digest of its parameters."""

import dataclasses
import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from igwas.benchmark.calls import draw_rows, unpack_rows
from igwas.benchmark.options import CohortShape
from igwas.benchmark.spectrum import draw_frequencies
from igwas.errors import OutputError
from igwas.phenotypes.phenotypes_file import write_phenotypes

# Raised when the bytes that a shape stands for change.
_RECIPE = 1
MAGIC = bytes([0x6C, 0x1B, 0x01])
_ROWS = 64
_N_FACTORS = 4
# Variants with an effect, so that the answers checked reach far into the tails.
_N_PLANTED = 8
# Independent random streams.
_CALLS, _FREQUENCIES, _COVARIATES, _PHENOTYPES = range(4)
_log = logging.getLogger("igwas")


@dataclass(frozen=True)
class BenchmarkCohort:
    """Files of a cohort; those that not every engine reads are made when first asked for.

    Attributes
    ----------
    folder : Path
    shape : CohortShape
    """

    folder: Path
    shape: CohortShape

    @property
    def phenotypes(self) -> Path:
        """phenotypes.h5, rows in the order of the .fam."""
        return self.folder / "phenotypes.h5"

    @property
    def covariates(self) -> Path:
        """Table with FID, IID and all covariates but the intercept."""
        return self.folder / "covariates.tsv"

    @property
    def phenotype_names(self) -> list[str]:
        """Names in the order of the columns."""
        return [f"dim{column:04d}" for column in range(self.shape.n_phenotypes)]

    @property
    def has_covariates(self) -> bool:
        """Whether there is any beside the intercept."""
        return self.shape.n_covariates > 1

    @property
    def row_bytes(self) -> int:
        """Bytes of a variant in the .bed."""
        return -(-self.shape.n_samples // 4)

    def genotypes(self, n_variants: int | None = None) -> Path:
        """The .bed, or one of its first variants only; the .bim and .fam lie beside it."""
        return self._part(self.folder / "genotypes.bed", n_variants)

    def _part(self, whole: Path, n_variants: int | None) -> Path:
        n_variants = n_variants or self.shape.n_variants
        if n_variants == self.shape.n_variants:
            return whole
        stem = whole.stem.removeprefix("genotypes")
        part = whole.with_name(f"{stem}first{n_variants}.bed")
        if not part.exists():
            _copy_first(whole, part, n_variants, self.row_bytes)
        return part

    def phenotype_table(self) -> Path:
        """The same phenotypes as text, with FID and IID; the values are those of phenotypes.h5."""
        path = self.folder / "phenotypes.tsv"
        if not path.exists():
            columns = dict(zip(self.phenotype_names, self.values().T, strict=True))
            _write_table(path, self.shape.n_samples, columns)
        return path

    def values(self) -> npt.NDArray[np.float64]:
        """Phenotypes, float64 (samples, phenotypes)."""
        import h5py

        with h5py.File(self.phenotypes) as file:
            return np.asarray(file["/values"][:], dtype=np.float64)

    def design(self) -> npt.NDArray[np.float64]:
        """Intercept and covariates, float64 (samples, covariates)."""
        intercept = np.ones((self.shape.n_samples, 1))
        if not self.has_covariates:
            return intercept
        columns = range(2, self.shape.n_covariates + 1)
        table = np.loadtxt(self.covariates, skiprows=1, usecols=columns, ndmin=2)
        return np.hstack([intercept, table])

    def dosage(self, variants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Copies of the effect allele, float64 (variants, samples); NaN is missing."""
        stored = np.memmap(self.genotypes(), np.uint8, "r", offset=len(MAGIC))
        rows = np.asarray(stored.reshape(-1, self.row_bytes)[variants])
        return unpack_rows(rows, self.shape.n_samples)


def digest_of(shape: CohortShape) -> str:
    """Name of a shape's folder.

    Examples
    --------
    >>> digest_of(CohortShape()) == digest_of(CohortShape(seed=2))
    False
    """
    content = json.dumps([_RECIPE, dataclasses.asdict(shape)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def make_cohort(work: Path, shape: CohortShape) -> BenchmarkCohort:
    """Simulate a cohort, or find it in the work folder.

    Raises
    ------
    OutputError
        If the disk has no room for it.
    """
    folder = work / f"cohort-{digest_of(shape)}"
    if folder.is_dir():
        return BenchmarkCohort(folder, shape)
    _check_room(work, shape)
    _log.info(
        "simulating %s samples x %s variants", f"{shape.n_samples:,}", f"{shape.n_variants:,}"
    )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        cohort = BenchmarkCohort(partial, shape)
        _write_genotypes(cohort)
        covariates = _write_covariates(cohort)
        _write_phenotypes(cohort, covariates)
        (partial / "cohort.json").write_text(json.dumps(dataclasses.asdict(shape), indent=2) + "\n")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return BenchmarkCohort(folder, shape)


def _check_room(work: Path, shape: CohortShape) -> None:
    # The .bed and part of it again, phenotypes as HDF5 and as text.
    need = shape.n_samples * (shape.n_variants // 2 + 20 * shape.n_phenotypes)
    free = shutil.disk_usage(work).free
    if need > free:
        raise OutputError(
            f"{work} has {free / 2**30:.1f} GiB free; expected {need / 2**30:.1f} for a cohort of "
            f"{shape.n_samples:,} samples. Free some, or choose another --work folder."
        )


def generator_of(shape: CohortShape, *stream: int) -> np.random.Generator:
    """One of a cohort's independent random streams."""
    return np.random.Generator(np.random.SFC64([shape.seed, *stream]))


def draw_cohort_frequencies(shape: CohortShape) -> npt.NDArray[np.float64]:
    """Minor allele frequency of each variant of a cohort, (variants,)."""
    return draw_frequencies(shape.spectrum, shape.n_variants, generator_of(shape, _FREQUENCIES))


def _write_genotypes(cohort: BenchmarkCohort) -> None:
    shape = cohort.shape
    frequency = draw_cohort_frequencies(shape)
    generator = generator_of(shape, _CALLS)
    bed = cohort.genotypes()
    with bed.open("wb") as stream:
        stream.write(MAGIC)
        for start in range(0, shape.n_variants, _ROWS):
            part = frequency[start : start + _ROWS]
            stream.write(draw_rows(part, shape.n_samples, shape.missing_rate, generator).data)
    _write_lines(bed.with_suffix(".bim"), shape.n_variants, lambda i: _bim_line(i, shape))
    _write_lines(bed.with_suffix(".fam"), shape.n_samples, _fam_line)


def _write_lines(path: Path, count: int, line: Callable[[int], str]) -> None:
    with path.open("w") as stream:
        stream.writelines(map(line, range(count)))


def _bim_line(variant: int, shape: CohortShape) -> str:
    chromosome = 1 + variant * 22 // shape.n_variants
    return f"{chromosome}\tv{variant}\t0\t{1000 + variant}\tA\tG\n"


def _fam_line(sample: int) -> str:
    return f"P{sample:07d}\tP{sample:07d}\t0\t0\t{1 + sample % 2}\t-9\n"


def _copy_first(whole: Path, part: Path, n_variants: int, row_bytes: int) -> None:
    """The .bed comes last under its name: it says that the other two are there."""
    part.with_suffix(".fam").write_bytes(whole.with_suffix(".fam").read_bytes())
    lines = whole.with_suffix(".bim").read_bytes().splitlines(keepends=True)[:n_variants]
    part.with_suffix(".bim").write_bytes(b"".join(lines))
    partial = part.with_suffix(".partial")
    with whole.open("rb") as source, partial.open("wb") as target:
        target.write(source.read(len(MAGIC) + n_variants * row_bytes))
    partial.replace(part)


def _write_covariates(cohort: BenchmarkCohort) -> npt.NDArray[np.float64]:
    """Write the covariates, the first of which is 0 or 1; returns (samples, covariates - 1)."""
    shape = cohort.shape
    generator = generator_of(shape, _COVARIATES)
    values = generator.standard_normal((shape.n_samples, shape.n_covariates - 1))
    if cohort.has_covariates:
        values[:, 0] = values[:, 0] > 0
    values = np.round(values, 6)
    names = [f"covariate{column + 1}" for column in range(values.shape[1])]
    _write_table(cohort.covariates, shape.n_samples, dict(zip(names, values.T, strict=True)))
    return values


def _write_phenotypes(cohort: BenchmarkCohort, covariates: npt.NDArray[np.float64]) -> None:
    shape = cohort.shape
    generator = generator_of(shape, _PHENOTYPES)
    n_samples, n_phenotypes = shape.n_samples, shape.n_phenotypes
    planted = _planted_dosage(cohort)
    drivers = np.hstack([covariates, generator.standard_normal((n_samples, _N_FACTORS)), planted])
    weights = generator.standard_normal((drivers.shape[1], n_phenotypes))
    weights[: covariates.shape[1]] *= 0.1
    weights[covariates.shape[1] :] *= 0.3
    # z scores of planted variants reach from 0 to about 30, whatever the number of samples.
    weights[-_N_PLANTED:] *= 40 / n_samples**0.5
    values = drivers @ weights
    for column in values.T:
        column += generator.standard_normal(n_samples)
    # Six decimals, so that a text table holds exactly the same numbers.
    np.round(values, 6, out=values)
    ids = [f"P{sample:07d}" for sample in range(n_samples)]
    write_phenotypes(cohort.phenotypes, ids, cohort.phenotype_names, values, family_id=ids)


def _planted_dosage(cohort: BenchmarkCohort) -> npt.NDArray[np.float64]:
    """Standardised dosage of the first variants, (samples, planted); constant ones are 0."""
    dosage = cohort.dosage(np.arange(_N_PLANTED))
    dosage -= np.nanmean(dosage, axis=1, keepdims=True)
    np.nan_to_num(dosage, copy=False)
    deviation = dosage.std(axis=1, keepdims=True)
    dosage /= np.where(deviation > 0, deviation, 1.0)
    return dosage.T


def _write_table(path: Path, n_samples: int, columns: dict[str, npt.NDArray[np.float64]]) -> None:
    ids = pa.array([f"P{sample:07d}" for sample in range(n_samples)])
    arrays = {name: np.ascontiguousarray(values) for name, values in columns.items()}
    partial = path.with_name(path.name + ".partial")
    # Column names are quoted by pyarrow whatever its options say; not every peer reads that.
    with partial.open("wb") as stream:
        stream.write("\t".join(["FID", "IID", *columns]).encode() + b"\n")
        pa.csv.write_csv(
            pa.table({"FID": ids, "IID": ids, **arrays}),
            stream,
            pa.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"),
        )
    partial.replace(path)
