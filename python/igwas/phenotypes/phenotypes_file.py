"""Writing phenotypes.h5: one row a participant, one column a phenotype."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from igwas.errors import InputError, ShapeError
from igwas.provenance import root_attributes
from igwas.schema import PHENOTYPES, TEXT
from igwas.sole_writer import refuse_existing, require_folder
from igwas.steady_file import create_hdf5
from igwas.whole_file import whole_file


def write_phenotypes(
    path: Path | str,
    participant_id: Sequence[str],
    names: Sequence[str],
    values: npt.NDArray[np.floating[Any]],
    *,
    family_id: Sequence[str] | None = None,
    inputs: Mapping[str, Path | str] | None = None,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    extra: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write a phenotypes.h5; it appears under its name only once it is complete.

    Parameters
    ----------
    path : Path or str
        The file to write.
    participant_id : sequence of str (participants,)
        Unique ids that join genotypes.
    names : sequence of str (phenotypes,)
        Unique names.
    values : float32 or float64 (participants, phenotypes)
        NaN is missing.
    family_id : sequence of str (participants,), optional
        Family ids, for files whose individual ids are unique only within a family.
    inputs, options : mapping, optional
        What the values were made from, for the file's provenance.
    overwrite : bool
        Replace an existing file.
    extra : mapping of path to values, optional
        Further arrays of the registry.
    attributes : mapping, optional
        Further root attributes.

    Raises
    ------
    ShapeError
        If the arrays disagree on participants or phenotypes.
    InputError
        If an id or a name is empty or occurs twice, or a value is infinite.
    OutputError
        If the file exists and `overwrite` is false, or its folder does not exist.
    """
    path = Path(path)
    values = np.asarray(values)
    _check_shapes(participant_id, names, values, family_id)
    _check_unique(_keys(participant_id, family_id), "participant id")
    _check_unique(names, "phenotype name")
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise InputError(
            f"phenotype {names[column]!r} of participant {participant_id[row]!r} is "
            f"{values[row, column]}; expected a finite number or NaN. Correct or remove the value."
        )
    refuse_existing(path, overwrite=overwrite)
    require_folder(path)
    with (
        whole_file(path, can_resume=False) as partial,
        create_hdf5(partial) as (file, _),
    ):
        file.attrs.update(root_attributes(PHENOTYPES, inputs=inputs, options=options))
        text = h5py.string_dtype()
        file.create_dataset("/participants/participant_id", data=list(participant_id), dtype=text)
        if family_id is not None:
            file.create_dataset("/participants/family_id", data=list(family_id), dtype=text)
        file.create_dataset("/phenotypes/name", data=list(names), dtype=text)
        file.create_dataset("/values", data=values)
        for name, array in (extra or {}).items():
            dtype = text if PHENOTYPES[name].dtype == TEXT else PHENOTYPES[name].dtype
            file.create_dataset(name, data=array, dtype=dtype)
        file.attrs.update(attributes or {})


def _check_shapes(
    participant_id: Sequence[str],
    names: Sequence[str],
    values: npt.NDArray[Any],
    family_id: Sequence[str] | None,
) -> None:
    expected = (len(participant_id), len(names))
    if values.shape != expected or values.dtype not in (np.float32, np.float64):
        raise ShapeError(
            f"values are {values.dtype} {values.shape}; expected float32 or float64 {expected} "
            "(participants, phenotypes). Convert or transpose them."
        )
    if family_id is not None and len(family_id) != len(participant_id):
        raise ShapeError(
            f"{len(family_id)} family ids; expected {len(participant_id)}, one a participant. "
            "Give both columns of the same table."
        )


def _keys(participant_id: Sequence[str], family_id: Sequence[str] | None) -> Sequence[str]:
    if any(not identifier for identifier in participant_id) or family_id is None:
        return participant_id
    return [f"{family} {own}" for family, own in zip(family_id, participant_id, strict=True)]


def _check_unique(keys: Sequence[str], what: str) -> None:
    if len(set(keys)) == len(keys) and all(keys):
        return
    seen: set[str] = set()
    for row, key in enumerate(keys):
        if not key:
            raise InputError(f"{what} {row} is empty; expected a name. Fill it in.")
        if key in seen:
            raise InputError(f"{what} {key!r} occurs twice; expected unique ones. Rename one.")
        seen.add(key)
