"""Chromosome codes and positions of a source, checked to be sorted as they stream by."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError
from igwas.genotypes.chromosomes import normalise_chromosome

_MAX_CHROMOSOMES = 2**15 - 1


class VariantOrder:
    """Checks that chromosomes are contiguous and positions ascend, and gives chromosomes codes.

    The scan subtracts one LOCO prediction a chromosome and clumping walks along positions, so both
    need sorted variants.

    Parameters
    ----------
    source : str
        Name of the file, for messages.
    remedy : str
        What the user should run on an unsorted file.
    row : str
        What one row of the source is called in messages: line or variant.
    first_row : int
        Number of the first row.
    allow_unknown : bool
        Keep unknown chromosome names.
    """

    def __init__(
        self,
        source: str,
        remedy: str,
        *,
        row: str = "line",
        first_row: int = 1,
        allow_unknown: bool = False,
    ) -> None:
        self.names: list[str] = []
        self._source = source
        self._remedy = remedy
        self._row_word = row
        self._next_row = first_row
        self._allow_unknown = allow_unknown
        self._last_position = 0
        self._codes: dict[str, int] = {}

    def add(
        self, chromosomes: Sequence[str] | npt.NDArray[np.str_], positions: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int16]:
        """Check the next variants and give their codes.

        Parameters
        ----------
        chromosomes : sequence of str (variants,)
            As the source names them.
        positions : int64 (variants,)
            Base pairs.

        Returns
        -------
        int16 (variants,)
            Index into `names`.

        Raises
        ------
        InputError
            Naming the row of the first variant out of order or on an unknown chromosome.
        """
        names = np.asarray(chromosomes)
        starts = np.flatnonzero(names[1:] != names[:-1]) + 1
        bounds = [0, *starts.tolist(), len(names)]
        codes = np.empty(len(names), np.int16)
        for start, stop in itertools.pairwise(bounds):
            if start < stop:
                codes[start:stop] = self.add_run(str(names[start]), positions[start:stop])
        return codes

    def add_run(self, chromosome: str, positions: npt.NDArray[np.int64]) -> int:
        """Check neighbouring variants of one chromosome and give its code.

        Raises
        ------
        InputError
            As `add`.
        """
        row = self._next_row
        code = self._code(chromosome, row)
        before = np.concatenate([[self._last_position], positions[:-1]])
        wrong = np.flatnonzero(positions < before)
        if wrong.size:
            at = int(wrong[0])
            where = f"{self._source} {self._row_word} {row + at}"
            if positions[at] < 0:
                raise InputError(
                    f"{where} has position {positions[at]}; expected 0 or more. "
                    "Remove the variant from the source."
                )
            raise InputError(
                f"{where} has position {positions[at]} after {before[at]} on chromosome "
                f"{self.names[code]}; expected ascending positions. Sort it with: {self._remedy}"
            )
        self._last_position = int(positions[-1])
        self._next_row += len(positions)
        return code

    def _code(self, chromosome: str, row: int) -> int:
        where = f"{self._source} {self._row_word} {row}"
        try:
            name = normalise_chromosome(chromosome, allow_unknown=self._allow_unknown)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        if self.names and self.names[-1] == name:
            return len(self.names) - 1
        if name in self._codes:
            raise InputError(
                f"{where} returns to chromosome {name} after {self.names[-1]}; expected each "
                f"chromosome in one piece. Sort it with: {self._remedy}"
            )
        if len(self.names) >= _MAX_CHROMOSOMES:
            raise InputError(
                f"{where} begins chromosome number {len(self.names) + 1}; expected at most "
                f"{_MAX_CHROMOSOMES}. Leave small contigs out."
            )
        self._codes[name] = len(self.names)
        self.names.append(name)
        self._last_position = 0
        return self._codes[name]
