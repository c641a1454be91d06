"""The product of calls or dosages with columns: the plain sum, at every level, on any threads."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tests.reference.cohort_files import write_bed

from igwas import _core
from igwas.association.core_scan import make_source
from igwas.context import Context
from igwas.errors import IgwasError
from igwas.genotypes.encoding import DOSAGE_TYPES
from igwas.genotypes.genotype_file import open_genotypes
from igwas.genotypes.samples import Samples
from igwas.genotypes.writer import GenotypeWriter
from igwas.provenance import root_attributes
from igwas.schema import GENOTYPES

# Rounding of a column in one limb, of its largest magnitude; sums of 500 of them.
STANDARD_TOLERANCE = 3e-6
FULL_TOLERANCE = 1e-12

N_SAMPLES, N_VARIANTS, N_COLUMNS = 501, 90, 24
_BITS = """
import sys
from pathlib import Path
from tests.unit.association.test_products import multiply, write_case
case = write_case(Path(sys.argv[1]))
found = [multiply(*case, threads=threads) for threads in (1, 2, 4, 7)]
bits = {called.tobytes() + missing.tobytes() for called, missing in found}
assert len(bits) == 1, "threads change bits"
sys.stdout.buffer.write(bits.pop())
"""


def write_case(folder):
    """A .bed from very rare to common variants, and columns; returns the .bed, both arrays."""
    generator = np.random.default_rng(11)
    share = np.concatenate([[0, 1], np.geomspace(0.002, 0.998, N_VARIANTS - 2)])
    dosage = generator.binomial(2, share[:, None], (N_VARIANTS, N_SAMPLES)).astype(float)
    dosage[generator.random(dosage.shape) < generator.random((N_VARIANTS, 1)) * 0.1] = np.nan
    dosage[5] = np.nan
    bed = folder / "calls.bed"
    write_bed(bed, dosage, ["1"] * N_VARIANTS, [1] * N_SAMPLES)
    columns = generator.normal(size=(N_SAMPLES, N_COLUMNS))
    return bed, dosage, columns


def multiply(bed, dosage, columns, *, threads=1, is_full=False):
    """Sums over called and missing samples, of the allele that the core counts."""
    model = _core.ScanModel(
        columns=columns,
        file_rows=np.arange(len(columns)),
        is_male=np.zeros(len(columns), np.uint8),
        masks=[],
    )
    with open_genotypes(bed) as file:
        called, missing, seconds = _core.multiply_calls(
            source=make_source(file), model=model, source_row=np.arange(len(dosage)),
            is_full=is_full, threads=threads, repeats=2,
        )  # fmt: skip
    assert len(seconds) == 2
    return called, missing


@pytest.mark.parametrize(
    ("is_full", "tolerance"), [(False, STANDARD_TOLERANCE), (True, FULL_TOLERANCE)]
)
def test_sums_are_those_of_the_plain_product(tmp_path, is_full, tolerance):
    bed, dosage, columns = write_case(tmp_path)
    called, missing = multiply(bed, dosage, columns, is_full=is_full)
    # The effect allele is counted, or the other one where that is the rarer.
    effect, other = np.nansum(dosage, axis=1), np.nansum(2 - dosage, axis=1)
    counted = np.where((effect > other)[:, None], 2 - dosage, dosage)
    scale = np.abs(columns).max() * N_SAMPLES**0.5
    assert np.abs(called - np.nan_to_num(counted) @ columns).max() < tolerance * scale
    assert np.abs(missing - np.isnan(dosage) @ columns).max() < tolerance * scale


def test_every_level_and_number_of_threads_gives_the_same_bits(tmp_path):
    called, missing = multiply(*write_case(tmp_path))
    expected = called.tobytes() + missing.tobytes()
    for level in ("generic", "avx2", "avx512"):
        found = subprocess.run(
            [sys.executable, "-c", _BITS, str(tmp_path)],
            env={**os.environ, "IGWAS_SIMD": level, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        assert found == expected, level


def code_of_two(encoding):
    """The code of two copies."""
    return int(np.iinfo(DOSAGE_TYPES[encoding]).max) - 1


def write_dosages(path, encoding="dosage8"):
    """A genotypes.h5 from rare to common, some fractional and some missing; codes as written."""
    generator = np.random.default_rng(12)
    share = np.geomspace(0.01, 0.99, N_VARIANTS)[:, None]
    two = code_of_two(encoding)
    codes = two // 2 * generator.binomial(2, share, (N_VARIANTS, N_SAMPLES)).astype(np.int64)
    is_off = generator.random(codes.shape) < generator.random((N_VARIANTS, 1)) * 0.6
    codes[is_off] = generator.integers(0, two + 1, is_off.sum())
    codes[generator.random(codes.shape) < 0.03] = two + 1
    ids = np.array([f"S{i}" for i in range(N_SAMPLES)], dtype=object)
    names = [f"v{i}" for i in range(N_VARIANTS)]
    samples = Samples(ids, ids, np.ones(N_SAMPLES, np.uint8))
    with GenotypeWriter(
        path, samples, encoding, attributes=root_attributes(GENOTYPES), context=Context()
    ) as writer:
        writer.append(
            codes.astype(DOSAGE_TYPES[encoding]), codes=np.zeros(N_VARIANTS, np.int16),
            positions=np.arange(1, N_VARIANTS + 1), ids=names,
            effect_alleles=["A"] * N_VARIANTS, other_alleles=["G"] * N_VARIANTS,
        )  # fmt: skip
        writer.finish(["1"])
    return codes


@pytest.mark.parametrize(
    ("is_full", "tolerance"), [(False, STANDARD_TOLERANCE), (True, FULL_TOLERANCE)]
)
@pytest.mark.parametrize("encoding", ["dosage8", "dosage16"])
def test_sums_of_dosages_are_those_of_the_plain_product(tmp_path, encoding, is_full, tolerance):
    codes, two = write_dosages(tmp_path / "d.h5", encoding), code_of_two(encoding)
    columns = np.random.default_rng(3).normal(size=(N_SAMPLES, N_COLUMNS))
    called, missing = multiply(tmp_path / "d.h5", codes, columns, is_full=is_full)
    is_called = codes <= two
    effect = np.where(is_called, codes, 0)
    other = np.where(is_called, two - codes, 0)
    is_flipped = effect.sum(axis=1) > other.sum(axis=1)
    counted = np.where(is_flipped[:, None], other, effect)
    scale = np.abs(columns).max() * N_SAMPLES**0.5
    assert np.abs(called - counted @ columns).max() < two * tolerance * scale
    assert np.abs(missing - ~is_called @ columns).max() < tolerance * scale


@pytest.mark.parametrize("encoding", ["dosage8", "dosage16"])
def test_threads_change_no_bit_of_the_sums_of_dosages(tmp_path, encoding):
    codes = write_dosages(tmp_path / "d.h5", encoding)
    columns = np.random.default_rng(3).normal(size=(N_SAMPLES, N_COLUMNS))
    found = [multiply(tmp_path / "d.h5", codes, columns, threads=n) for n in (1, 2, 4, 7)]
    assert len({called.tobytes() + missing.tobytes() for called, missing in found}) == 1


def test_rows_outside_the_file_are_refused(tmp_path):
    bed, dosage, columns = write_case(tmp_path)
    with pytest.raises(IgwasError, match="variant row 90 is outside"):
        multiply(bed, np.zeros((91, 1)), columns)
    with pytest.raises(IgwasError, match="needs rows of hard calls or of dosages stored"):
        multiply(bed, np.zeros((0, 1)), columns)
    assert dosage.shape == (N_VARIANTS, N_SAMPLES)
