"""Which photographs a simulated cohort has: of whom, by which camera, in which light."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError, OptionError, ShapeError
from igwas.images.source_list import COLUMNS, printable
from igwas.simulate.cameras import Camera
from igwas.simulate.eye_parameters import parameter_names
from igwas.simulate.fundus import SIDES, check_drawing

Floats = npt.NDArray[np.float64]

SUFFIXES = (".jpg", ".png")
_NOBODY = "nobody is photographed; expected one eye at least. Give its scores."
OWN_COLUMNS = ("path", "participant_id", "eye", "visit", "camera", "exposure")


@dataclass(frozen=True)
class PlannedPhotograph:
    """One photograph to be drawn.

    Parameters
    ----------
    path : Path
    participant_id, eye : str
    visit : int
    scores : tuple of float
    camera : Camera
    exposure : float
    seed : int
        Of the eye.
    width : int
    person : int
        Row of the person.
    """

    path: Path
    participant_id: str
    eye: str
    visit: int
    scores: tuple[float, ...]
    camera: Camera
    exposure: float
    seed: int
    width: int
    person: int


def plan_photographs(
    folder: Path,
    ids: Sequence[str],
    scores: Floats,
    cameras: Sequence[Camera],
    exposures: Floats,
    seeds: Sequence[int],
    *,
    width: int,
    suffix: str,
) -> list[PlannedPhotograph]:
    """Every photograph, in the order of people, visits and eyes.

    Parameters
    ----------
    folder : Path
        Of the photographs.
    ids, scores, cameras, exposures, seeds, width, suffix
        As `igwas.simulate.photographs.write_photographs` takes them.

    Returns
    -------
    list of PlannedPhotograph

    Raises
    ------
    ShapeError, InputError, OptionError
        As `write_photographs` says.
    """
    if suffix not in SUFFIXES:
        raise OptionError(f"suffix is {suffix!r}; expected {' or '.join(SUFFIXES)}. Choose one.")
    if not len(ids):
        raise InputError(_NOBODY)
    light = _checked_exposures(ids, scores, cameras, exposures, seeds)
    _check_ids(ids)
    planned = []
    for person, visit, eye in np.ndindex(len(ids), light.shape[2], 2):
        values = scores[person, eye]
        if np.isnan(light[person, eye, visit]) or np.isnan(values).all():
            continue
        name = f"{ids[person]}_{tuple(SIDES)[eye]}"
        name += f"_{visit}" if light.shape[2] > 1 else ""
        planned.append(
            PlannedPhotograph(
                folder / (name + suffix), ids[person], tuple(SIDES)[eye], visit,
                tuple(values.tolist()), cameras[person], float(light[person, eye, visit]),
                2 * int(seeds[person]) + eye, width, person,
            )
        )  # fmt: skip
    if not planned:
        raise InputError(_NOBODY)
    for one in planned:
        check_drawing(one.scores, one.eye, one.exposure, one.seed, width, 0)
    return planned


def _checked_exposures(
    ids: Sequence[str], scores: Floats, cameras: Sequence[Camera], exposures: Floats,
    seeds: Sequence[int],
) -> Floats:  # fmt: skip
    """Exposures as (people, 2, visits)."""
    n, shape = len(ids), (len(ids), 2, len(parameter_names()))
    counts = {
        "cameras": len(cameras),
        "exposures": exposures.shape[0] if exposures.ndim else 0,
        "seeds": len(seeds),
    }
    wrong = [f"{count} {name}" for name, count in counts.items() if count != n]
    if scores.shape != shape or wrong or not (exposures.ndim == 1 or exposures.shape[:2] == (n, 2)):
        found = [*wrong, f"scores {scores.shape}", f"exposures {exposures.shape}"]
        raise ShapeError(
            f"{n} people, but {', '.join(found)}; expected scores {shape}, exposures (people,), "
            "(people, 2) or (people, 2, visits), and a camera and a seed a person. Correct them."
        )
    if exposures.ndim > 3:
        raise ShapeError(
            f"exposures have {exposures.ndim} axes; expected at most (people, 2, visits). "
            "Drop the others."
        )
    n_visits = exposures.shape[-1] if exposures.ndim == 3 else 1
    return np.broadcast_to(exposures.reshape(n, -1, n_visits), (n, 2, n_visits))


def _check_ids(ids: Sequence[str]) -> None:
    seen = set()
    for name in ids:
        is_file_name = name and not set(name) & {"/", "\\"} and not name.startswith(".")
        if not is_file_name or printable(name) != name or name != name.strip() or name in seen:
            raise InputError(
                f"participant_id is {name!r}; expected ids of their own that can name a file: "
                "no slash, no control character, no dot or blank in front. Rename it."
            )
        seen.add(name)


def check_metadata(metadata: Mapping[str, Sequence[Any]], n: int) -> None:
    """Refuse columns that the manifest has itself, or that are not one value a person.

    Raises
    ------
    InputError, ShapeError
    """
    taken = {*OWN_COLUMNS, *(alias for names in COLUMNS.values() for alias in names)}
    for name, values in metadata.items():
        if not name or name.lower() in taken:
            raise InputError(
                f"metadata has a column {name!r}, which the manifest has itself; expected another "
                "name. Rename it."
            )
        if len(values) != n:
            raise ShapeError(
                f"metadata {name!r} has {len(values)} values for {n} people; expected one a "
                "person. Correct it."
            )
