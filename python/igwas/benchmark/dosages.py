"""Simulated imputation: dosages in one byte or two, written as genotypes.h5."""

import dataclasses
import hashlib
import json
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from igwas.benchmark.cohort import generator_of
from igwas.benchmark.options import CohortShape
from igwas.benchmark.spectrum import draw_frequencies
from igwas.context import Context
from igwas.genotypes.samples import Samples
from igwas.genotypes.writer import GenotypeWriter
from igwas.provenance import root_attributes
from igwas.schema import GENOTYPES

# Range of a variant's share of samples whose dosage is no whole number of copies.
CASES: dict[str, tuple[float, float]] = {
    "2-10 % fractional": (0.02, 0.1),
    "all fractional": (1.0, 1.0),
}
# Raised when the bytes that a shape stands for change.
_RECIPE = 1
_ROWS = 64
_COPY, _WIDE_COPY = 127, 32767
_FREQUENCIES, _DOSAGES = 11, 12
_log = logging.getLogger("igwas")


def draw_dosages(
    frequency: npt.NDArray[np.float64],
    n_samples: int,
    fractional: tuple[float, float],
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Draw dosages as imputation leaves them: most near the true call, some far from it.

    Calls are in Hardy-Weinberg proportions. A sample is fractional with its variant's chance; its
    code is then off the call by 127 x Beta(1, 4), a fifth of a copy in the mean, towards the
    inside for homozygotes and to either side for others.

    Parameters
    ----------
    frequency : float64 (variants,)
        Of the effect allele.
    n_samples : int
    fractional : tuple of two floats
        A variant's chance is uniform between.
    generator : numpy.random.Generator

    Returns
    -------
    uint8 (variants, samples)
        127 is one copy; nothing is missing.
    """
    codes = np.empty((len(frequency), n_samples), dtype=np.uint8)
    chances = generator.uniform(*fractional, size=len(frequency))
    for row, share, chance in zip(codes, frequency, chances, strict=True):
        u = generator.random(n_samples, dtype=np.float32)
        copies = (u < share**2).astype(np.int16) + (u < share * (2 - share))
        row[:] = _COPY * copies
        off = np.flatnonzero(generator.random(n_samples, dtype=np.float32) < chance)
        distance = _COPY * (1 - generator.random(len(off)) ** 0.25)
        is_less = (copies[off] == 2) | ((copies[off] == 1) & (generator.random(len(off)) < 0.5))
        row[off] = np.round(_COPY * copies[off] + np.where(is_less, -distance, distance))
    return codes


def widen_dosages(
    codes: npt.NDArray[np.uint8], generator: np.random.Generator
) -> npt.NDArray[np.uint16]:
    """Turn dosages in bytes into such in two: fractions anywhere within a byte's step.

    Parameters
    ----------
    codes : uint8 (variants, samples)
        127 is one copy; nothing is missing.
    generator : numpy.random.Generator

    Returns
    -------
    uint16 (variants, samples)
        32767 is one copy.
    """
    step = _WIDE_COPY / _COPY
    within = generator.uniform(-step / 2, step / 2, size=codes.shape)
    wide = np.where(codes % _COPY == 0, codes * step, codes * step + within)
    return np.round(wide).clip(0, 2 * _WIDE_COPY).astype(np.uint16)


def make_dosages(work: Path, shape: CohortShape, case: str, bits: int = 8) -> Path:
    """Write a file of dosages, or find it in the work folder.

    Parameters
    ----------
    work : Path
    shape : CohortShape
        Samples, variants, spectrum and seed count; phenotypes do not.
    case : str
        One of CASES.
    bits : int
        8 or 16, of a stored dosage.

    Raises
    ------
    OutputError
        If the disk is full.
    """
    content = [_RECIPE, case, shape.n_samples, shape.n_variants, shape.spectrum, shape.seed]
    if bits != 8:
        content.append(bits)
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    path = work / f"dosages-{digest}.h5"
    if not path.exists():
        _log.info("simulating %s x %s dosages", f"{shape.n_samples:,}", f"{shape.n_variants:,}")
        _write(path, shape, case, bits)
    return path


def _write(path: Path, shape: CohortShape, case: str, bits: int) -> None:
    frequency = draw_frequencies(
        shape.spectrum, shape.n_variants, generator_of(shape, _FREQUENCIES)
    )
    generator = generator_of(shape, _DOSAGES)
    ids = np.array([f"P{sample:07d}" for sample in range(shape.n_samples)], dtype=object)
    samples = Samples(ids, ids, np.ones(shape.n_samples, np.uint8))
    attributes = root_attributes(GENOTYPES, options={"case": case, **dataclasses.asdict(shape)})
    with GenotypeWriter(
        path,
        samples,
        "dosage8" if bits == 8 else "dosage16",
        attributes=attributes,
        context=Context(),
        raw=True,
    ) as writer:
        for start in range(0, shape.n_variants, _ROWS):
            part = frequency[start : start + _ROWS]
            numbers = range(start, start + len(part))
            drawn = draw_dosages(part, shape.n_samples, CASES[case], generator)
            writer.append(
                drawn if bits == 8 else widen_dosages(drawn, generator),
                codes=np.zeros(len(part), np.int16),
                positions=np.arange(start + 1, start + len(part) + 1),
                ids=[f"v{number}" for number in numbers],
                effect_alleles=["A"] * len(part),
                other_alleles=["G"] * len(part),
            )
        writer.finish(["1"])
