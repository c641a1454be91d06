"""Whole-genome predictions that leave one chromosome out (LOCO), read a chromosome at a time."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.genotypes.chromosomes import PSEUDO_AUTOSOMAL, normalise_chromosome
from igwas.phenotypes.sample_ids import SampleIds


class Loco(ABC):
    """Predictions of some phenotypes, for samples named by id.

    Attributes
    ----------
    path : Path
        The file given by the user.
    names : tuple of str
        Phenotypes, in the order asked for.
    chromosomes : tuple of str
        Chromosomes that every phenotype has a prediction for.
    is_standardised : bool
        True for regenie: predictions are in standard deviations of the phenotype after its
        covariates were removed; False for loco.h5: in units of the phenotype.
    """

    path: Path
    names: tuple[str, ...]
    chromosomes: tuple[str, ...]
    is_standardised: bool

    def __init__(self) -> None:
        self._present: dict[int, NDArray[np.bool_]] = {}

    @property
    def source_paths(self) -> tuple[Path, ...]:
        """Every file the predictions are read from."""
        return (self.path,)

    @abstractmethod
    def sample_ids(self, phenotype: int) -> NDArray[Any]:
        """Ids as the file writes them, of one phenotype: object (predicted samples,)."""

    @abstractmethod
    def _locate(self, samples: SampleIds) -> list[NDArray[np.int64]]:
        """For each phenotype, the position of each sample in its predictions, -1 where none."""

    @abstractmethod
    def _read(self, chromosome: str, phenotype: int) -> NDArray[np.float64]:
        """Read the predictions of one phenotype, all samples of the file; NaN is missing."""

    def has_prediction(self, samples: SampleIds) -> NDArray[np.bool_]:
        """Tell which samples have predictions: bool (samples, phenotypes).

        Raises
        ------
        InputError
            If predictions cannot be read.
        """
        answer = np.zeros((len(samples.sample_id), len(self.names)), dtype=bool)
        for phenotype, rows in enumerate(self._locate(samples)):
            found = rows >= 0
            answer[found, phenotype] = self._is_present(phenotype)[rows[found]]
        return answer

    def predictions(self, chromosome: str, samples: SampleIds) -> NDArray[np.float64]:
        """Predictions from all chromosomes but one.

        Parameters
        ----------
        chromosome : str
            The chromosome left out, in any spelling; pseudo-autosomal regions take X.
        samples : SampleIds
            Samples wanted, such as a Cohort.

        Returns
        -------
        float64 (samples, phenotypes)
            NaN where there is none (the same places for every chromosome). Units:
            `is_standardised`.

        Raises
        ------
        InputError
            If the file lacks the chromosome, or lacks predictions there that other chromosomes
            have.
        """
        resolved = self.resolve(chromosome)
        answer = np.full((len(samples.sample_id), len(self.names)), np.nan)
        for phenotype, rows in enumerate(self._locate(samples)):
            values = self._read(resolved, phenotype)
            is_present = self._is_present(phenotype)
            if np.isnan(values[is_present]).any():
                raise InputError(
                    f"{self.path}: predictions of {self.names[phenotype]!r} without chromosome "
                    f"{resolved} are NA for samples that have them without chromosome "
                    f"{self.chromosomes[0]}; expected the same samples throughout. "
                    "Run the whole-genome step again."
                )
            values[~is_present] = np.nan
            found = rows >= 0
            answer[found, phenotype] = values[rows[found]]
        return answer

    def resolve(self, chromosome: str) -> str:
        """Name of the prediction that leaves out `chromosome`.

        Raises
        ------
        InputError
            If there is none.
        """
        name = normalise_chromosome(chromosome, allow_unknown=True)
        if name not in self.chromosomes and name in PSEUDO_AUTOSOMAL:
            name = "X"
        if name not in self.chromosomes:
            raise InputError(
                f"{self.path} has no prediction without chromosome {name}; expected one for every "
                f"chromosome tested (it has {', '.join(self.chromosomes)}). Test those with "
                "--chromosome, or run the whole-genome step with that chromosome."
            )
        return name

    def _is_present(self, phenotype: int) -> NDArray[np.bool_]:
        if phenotype not in self._present:
            self._present[phenotype] = ~np.isnan(self._read(self.chromosomes[0], phenotype))
        return self._present[phenotype]


def read_loco(path: Path | str, phenotype_names: Sequence[str]) -> Loco:
    """Open LOCO predictions.

    Parameters
    ----------
    path : Path or str
        loco.h5, or the `_pred.list` that regenie's step 1 writes (phenotype and .loco file a line).
    phenotype_names : sequence of str
        Phenotypes wanted, in this order; others in the file are ignored.

    Returns
    -------
    Loco
        Predictions are read when asked for.

    Raises
    ------
    InputError
        If a phenotype has no predictions, or a file is absent or damaged.
    """
    from igwas.hdf5 import is_hdf5

    path = Path(path)
    if is_hdf5(path):
        from igwas.phenotypes.hdf5_loco import Hdf5Loco

        return Hdf5Loco(path, phenotype_names)
    from igwas.phenotypes.regenie_loco import RegenieLoco

    return RegenieLoco(path, phenotype_names)


def choose_phenotypes(path: Path, wanted: Sequence[str], available: Sequence[str]) -> list[int]:
    """Positions of the phenotypes wanted among those of the file.

    Raises
    ------
    InputError
        If one is absent.
    """
    position = {name: index for index, name in enumerate(available)}
    for name in wanted:
        if name not in position:
            close = difflib.get_close_matches(name, available, n=3, cutoff=0.5) or available[:3]
            raise InputError(
                f"{path} has no predictions of phenotype {name!r}; expected one for every "
                f"phenotype tested (the closest: {', '.join(close)}). Name those with "
                "--phenotype-columns, or run the whole-genome step on it."
            )
    return [position[name] for name in wanted]
