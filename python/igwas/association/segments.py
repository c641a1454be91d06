"""Which model tests which variants: by chromosome, ploidy, and left-out chromosome.

On X outside the pseudo-autosomal regions, males carry one copy (coded 0/2) and sex is a covariate;
on Y only males are analysed; mitochondria are haploid in everybody. Samples of unknown sex cannot
be analysed on X and Y.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igwas.genotypes.chromosomes import PSEUDO_AUTOSOMAL

Ints = NDArray[np.int64]

# Codes of igwas::Haploid.
NOBODY_HAPLOID, MALES_HAPLOID, EVERYBODY_HAPLOID = 0, 1, 2

# Rows of the smallest blocks, and what a block leaves to the others over its own size.
_SMALLEST_BLOCK = 512
_LEFT_PER_BLOCK = 16

# Columns of the block table, as the core reads the first four.
BLOCK_COLUMNS = ("index", "first_row", "n_variants", "haploid", "model")


@dataclass(frozen=True)
class ModelKey:
    """What distinguishes models of one scan.

    Parameters
    ----------
    sex_chromosome : str
        `X`, `Y`, or empty for all others.
    left_out : str
        The chromosome whose LOCO prediction is subtracted; empty without LOCO.
    """

    sex_chromosome: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Segments:
    """Consecutive rows cut into blocks.

    Parameters
    ----------
    keys : list of ModelKey
        In order of first use; the `model` axis of the statistics file.
    chromosomes : list of tuple of str
        Chromosomes of each model.
    blocks : int64 (blocks, 5)
        Columns BLOCK_COLUMNS. Blocks never straddle models.
    model_of_row : int16 (rows,)
    """

    keys: list[ModelKey]
    chromosomes: list[tuple[str, ...]]
    blocks: Ints
    model_of_row: NDArray[np.int16]


def haploid_code(chromosome: str) -> int:
    """Who carries one copy of a chromosome."""
    if chromosome == "X":
        return MALES_HAPLOID
    return EVERYBODY_HAPLOID if chromosome in ("Y", "MT") else NOBODY_HAPLOID


def model_key(chromosome: str, *, has_loco: bool) -> ModelKey:
    """The model that tests a chromosome."""
    # Pseudo-autosomal variants sit on X: that is the chromosome their predictions must leave out.
    physical = "X" if chromosome in PSEUDO_AUTOSOMAL else chromosome
    return ModelKey(
        sex_chromosome=chromosome if chromosome in ("X", "Y") else "",
        left_out=physical if has_loco else "",
    )


def segment(
    names: Sequence[str], code: NDArray[np.int16], *, has_loco: bool, block_variants: int
) -> Segments:
    """Cut rows into blocks of at most `block_variants` that share a model and a ploidy.

    Parameters
    ----------
    names : sequence of str
        Chromosome names.
    code : int16 (rows,)
        Index into `names` of each row.
    has_loco : bool
        Every chromosome gets a model of its own.
    block_variants : int
    """
    keys: list[ModelKey] = []
    chromosomes: list[list[str]] = []
    model_of_row = np.zeros(len(code), dtype=np.int16)
    pieces: list[Ints] = []
    first_index = 0
    boundaries = np.flatnonzero(np.diff(code)) + 1
    starts = np.concatenate([[0], boundaries]).astype(np.int64)
    stops = np.concatenate([boundaries, [len(code)]]).astype(np.int64)
    for start, stop in _join_like(starts, stops, names, code, has_loco):
        chromosome = names[int(code[start])]
        key = model_key(chromosome, has_loco=has_loco)
        if key not in keys:
            keys.append(key)
            chromosomes.append([])
        model = keys.index(key)
        present = [names[c] for c in dict.fromkeys(code[start:stop].tolist())]
        chromosomes[model] += [name for name in present if name not in chromosomes[model]]
        model_of_row[start:stop] = model
        size = _block_sizes(stop - start, block_variants)
        piece = np.empty((len(size), len(BLOCK_COLUMNS)), dtype=np.int64)
        piece[:, 0] = first_index + np.arange(len(size))
        piece[:, 1] = start + np.cumsum(size) - size
        piece[:, 2] = size
        piece[:, 3] = haploid_code(chromosome)
        piece[:, 4] = model
        first_index += len(size)
        pieces.append(piece)
    blocks = np.concatenate(pieces) if pieces else np.zeros((0, len(BLOCK_COLUMNS)), np.int64)
    return Segments(keys, [tuple(group) for group in chromosomes], blocks, model_of_row)


def _block_sizes(n_rows: int, largest: int) -> Ints:
    """Sizes of the blocks of a stretch of rows: smaller towards its end.

    Threads that take blocks in turn then come to the end of the scan together. How many threads
    there are must not matter: a run may be resumed, or merged, with other numbers.
    """
    smallest = min(largest, _SMALLEST_BLOCK)
    sizes: list[int] = []
    left = n_rows
    while left:
        sizes.append(min(left, largest, max(smallest, left // _LEFT_PER_BLOCK)))
        left -= sizes[-1]
    return np.array(sizes, dtype=np.int64)


def _join_like(
    starts: Ints, stops: Ints, names: Sequence[str], code: NDArray[np.int16], has_loco: bool
) -> list[tuple[int, int]]:
    """Join neighbouring chromosomes that share a model and a ploidy."""
    joined: list[tuple[int, int]] = []
    last = None
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        if stop == start:
            continue
        chromosome = names[int(code[start])]
        kind = (model_key(chromosome, has_loco=has_loco), haploid_code(chromosome))
        if joined and kind == last:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
        last = kind
    return joined
