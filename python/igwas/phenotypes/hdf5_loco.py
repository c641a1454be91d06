"""loco.h5: our own LOCO predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.genotypes.chromosomes import normalise_chromosome
from igwas.hdf5 import read_texts
from igwas.phenotypes.hdf5_source import damaged_hdf5, open_hdf5
from igwas.phenotypes.loco import Loco, choose_phenotypes
from igwas.phenotypes.sample_ids import NamedIds, SampleIds, match_ids
from igwas.schema import LOCO, validate


class Hdf5Loco(Loco):
    """loco.h5, in units of the phenotype.

    Parameters
    ----------
    path : Path
        The file.
    phenotype_names : sequence of str
        Phenotypes wanted.

    Raises
    ------
    InputError
        If a phenotype is absent or the file is damaged.
    """

    is_standardised = False

    def __init__(self, path: Path, phenotype_names: Sequence[str]) -> None:
        super().__init__()
        self.path = path
        self.names = tuple(phenotype_names)
        with open_hdf5(path) as file:
            validate(file, LOCO)
            self.chromosomes = tuple(
                normalise_chromosome(name, allow_unknown=True)
                for name in read_texts(file["/chromosomes"])
            )
            available = list(read_texts(file["/phenotypes/name"]))
            self._ids = NamedIds(
                read_texts(file["/samples/sample_id"]), read_texts(file["/samples/family_id"]), path
            )
        self._columns = choose_phenotypes(path, phenotype_names, available)

    def sample_ids(self, phenotype: int) -> NDArray[Any]:
        """See Loco.sample_ids; all phenotypes have the same."""
        return self._ids.sample_id

    def _locate(self, samples: SampleIds) -> list[NDArray[np.int64]]:
        wanted = NamedIds(samples.sample_id, samples.family_id, "the samples analysed")
        return [match_ids(wanted, self._ids).rows] * len(self.names)

    def _read(self, chromosome: str, phenotype: int) -> NDArray[np.float64]:
        row = self.chromosomes.index(chromosome)
        with open_hdf5(self.path) as file:
            try:
                values = file["/prediction"][row, self._columns[phenotype]]
            except OSError as error:
                raise damaged_hdf5(self.path, error) from error
        answer: NDArray[np.float64] = values.astype(np.float64)
        return answer
