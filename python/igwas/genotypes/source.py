"""What every format gives the converter: samples, and variants in batches."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from igwas.genotypes.samples import Samples

# Genotypes of a batch as int8 or float32 take about this much memory.
BATCH_BYTES = 2**25


@dataclass(frozen=True, eq=False)
class VariantBatch:
    """Neighbouring variants of a source, in its order.

    Parameters
    ----------
    chromosomes : str (variants,)
        As the source names them.
    positions : int64 (variants,)
        Base pairs.
    ids, effect_alleles, other_alleles : list of str
        One a variant.
    hardcalls : uint8 (variants, bytes) or None
        Packed calls, padding zero.
    dosages : float32 (variants, samples) or None
        Copies of the effect allele, NaN missing. One of the two is given.
    info : float32 (variants,) or None
        Imputation information; given with dosages.
    """

    chromosomes: npt.NDArray[np.str_]
    positions: npt.NDArray[np.int64]
    ids: list[str]
    effect_alleles: list[str]
    other_alleles: list[str]
    hardcalls: npt.NDArray[np.uint8] | None = None
    dosages: npt.NDArray[np.float32] | None = None
    info: npt.NDArray[np.float32] | None = None


class GenotypeSource(ABC):
    """A source of genotypes, opened and checked; `batches` may be run once.

    Attributes
    ----------
    path : Path
        The main file.
    inputs : dict of role to Path
        Every file that is read.
    samples : Samples
        In file order.
    is_dosage : bool
        Whether batches carry dosages.
    n_variants : int or None
        Rows to expect, for progress; None where only reading tells.
    counts : Counter
        What happened on the way, in words: multiallelic splits, half calls, ...
    """

    row_word: ClassVar[str] = "variant"

    path: Path
    inputs: dict[str, Path]
    samples: Samples
    is_dosage: bool
    n_variants: int | None

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    @property
    @abstractmethod
    def remedy(self) -> str:
        """The command that sorts this source."""

    @abstractmethod
    def batches(self) -> Iterator[VariantBatch]:
        """Read all variants, in order, in batches of bounded size."""

    def close(self) -> None:  # noqa: B027 - most sources hold nothing open
        """Release what the source holds."""


def variants_per_batch(n_samples: int, bytes_per_genotype: int) -> int:
    """Variants whose genotypes fill a batch, at least one."""
    return max(1, min(2**14, BATCH_BYTES // (bytes_per_genotype * n_samples)))
