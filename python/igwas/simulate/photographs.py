"""Photographs of a simulated cohort on disk, with the manifest that `igwas-fast images` takes."""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas._version import __version__
from igwas.context import Context
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError, ShapeError
from igwas.images.imaging_libraries import pillow
from igwas.images.source_list import COLUMNS, printable
from igwas.images.worker_pool import WorkerDied, run_each
from igwas.simulate.cameras import Camera
from igwas.simulate.eye_parameters import parameter_names
from igwas.simulate.fundus import SIDES, check_drawing, draw_fundus
from igwas.sole_writer import sole_writer

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

MANIFEST = "manifest.csv"
SETTINGS = "photographs.json"
SUFFIXES = (".jpg", ".png")
DEFAULT_WIDTH = 320
_OWN_COLUMNS = ("path", "participant_id", "eye", "visit", "camera", "exposure")


@dataclass(frozen=True)
class Session:
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


def write_photographs(
    folder: Path | str,
    participant_id: Sequence[str],
    scores: npt.ArrayLike,
    cameras: Sequence[Camera],
    exposures: npt.ArrayLike,
    seeds: Sequence[int],
    *,
    width: int = DEFAULT_WIDTH,
    suffix: str = ".jpg",
    metadata: Mapping[str, Sequence[Any]] | None = None,
    context: Context | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Draw photographs of people and write them with a manifest.

    Each file appears whole, and the manifest last: a folder without it is unfinished. The bytes
    do not depend on the number of threads, nor on an interruption.

    Parameters
    ----------
    folder : Path or str
        Made if its parent exists.
    participant_id : sequence of str (people,)
    scores : float64 (people, 2, parameters)
        Of the left and the right eye, in the order of EYE_PARAMETERS; NaN where an eye is not
        photographed.
    cameras : sequence of Camera (people,)
        Both eyes of a person share it.
    exposures : float64 (people,), (people, 2) or (people, 2, visits)
        Factors of the light: of a person, an eye, or an eye at each visit. The last gives several
        photographs of each eye; NaN where there was none.
    seeds : sequence of int (people,)
        Of the person: both eyes get a tree of vessels of their own from it.
    width : int
        Of the photographs, pixels.
    suffix : str
        `.jpg`, compressed as the camera does, or `.png`, exact pixels.
    metadata : mapping of str to sequence (people,), optional
        Further columns of the manifest.
    context : Context, optional
        Worker processes (`threads`).
    resume, overwrite : bool
        Go on with an interrupted call of the same arguments; replace what an earlier call wrote.
    progress : callable (done, total), optional

    Returns
    -------
    Path
        manifest.csv in the folder: path (relative to it), participant_id, eye, visit, camera,
        exposure, and the metadata.

    Raises
    ------
    ShapeError
        If the arrays disagree on people.
    InputError
        If an id or a column's name cannot be used, or nobody is photographed.
    OptionError
        If the width, a seed or an exposure is out of range.
    OutputError, IncompleteFile
        If the folder cannot or must not be written.
    """
    folder, context = Path(folder), context or Context()
    pillow()  # said before any work, if it is missing
    table = dict(metadata or {})
    sessions = _sessions(
        folder, participant_id, np.asarray(scores, np.float64), cameras,
        np.asarray(exposures, np.float64), seeds, width, suffix,
    )  # fmt: skip
    _check_metadata(table, len(participant_id))
    settings = _settings(sessions, table)
    if not folder.parent.is_dir():
        raise OutputError(
            f"folder {folder.parent} does not exist; expected one. Make it, or choose another."
        )
    with sole_writer(folder):
        done = _prepare(folder, settings, resume=resume, overwrite=overwrite)
        if not done:
            _draw_all(sessions, context, progress)
            _write_manifest(folder, sessions, table)
    return folder / MANIFEST


def _sessions(
    folder: Path, ids: Sequence[str], scores: Floats, cameras: Sequence[Camera],
    exposures: Floats, seeds: Sequence[int], width: int, suffix: str,
) -> list[Session]:  # fmt: skip
    """Every photograph, in the order of people, visits and eyes."""
    if suffix not in SUFFIXES:
        raise OptionError(f"suffix is {suffix!r}; expected {' or '.join(SUFFIXES)}. Choose one.")
    light = _checked_exposures(ids, scores, cameras, exposures, seeds)
    _check_ids(ids)
    sessions = []
    for person, visit, eye in np.ndindex(len(ids), light.shape[2], 2):
        values = scores[person, eye]
        if np.isnan(light[person, eye, visit]) or np.isnan(values).all():
            continue
        name = f"{ids[person]}_{tuple(SIDES)[eye]}"
        name += f"_{visit}" if light.shape[2] > 1 else ""
        sessions.append(
            Session(
                folder / (name + suffix), ids[person], tuple(SIDES)[eye], visit,
                tuple(values.tolist()), cameras[person], float(light[person, eye, visit]),
                2 * int(seeds[person]) + eye, width, person,
            )
        )  # fmt: skip
    if not sessions:
        raise InputError("nobody is photographed; expected one eye at least. Give its scores.")
    for session in sessions:
        check_drawing(session.scores, session.eye, session.exposure, session.seed, width, 0)
    return sessions


def _checked_exposures(
    ids: Sequence[str], scores: Floats, cameras: Sequence[Camera], exposures: Floats,
    seeds: Sequence[int],
) -> Floats:  # fmt: skip
    """Exposures as (people, 2, visits)."""
    n, shape = len(ids), (len(ids), 2, len(parameter_names()))
    counts = {"cameras": len(cameras), "exposures": len(exposures), "seeds": len(seeds)}
    wrong = [f"{count} {name}" for name, count in counts.items() if count != n]
    if scores.shape != shape or wrong or exposures.shape[1:2] not in ((), (2,)):
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
    wide = exposures.reshape(exposures.shape + (1,) * (3 - exposures.ndim))
    return np.broadcast_to(wide, (n, 2, wide.shape[2]))


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


def _check_metadata(metadata: Mapping[str, Sequence[Any]], n: int) -> None:
    taken = {*_OWN_COLUMNS, *(alias for names in COLUMNS.values() for alias in names)}
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


def _settings(sessions: list[Session], metadata: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """What says whether a folder is of the same call."""
    digest = hashlib.sha256(__version__.encode())
    for session in sessions:
        drawn = (session.path.name, *astuple(session)[1:])
        digest.update(repr(drawn).encode())
    digest.update(repr({name: list(values) for name, values in metadata.items()}).encode())
    return {
        "igwas_version": __version__,
        "arguments_sha256": digest.hexdigest(),
        "photographs": [session.path.name for session in sessions],
    }


def _prepare(folder: Path, settings: dict[str, Any], *, resume: bool, overwrite: bool) -> bool:
    """Make the folder ready; True if an earlier call has finished what this one is to do."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder. Choose another name.")
    earlier = _earlier(folder)
    if earlier is not None and not overwrite:
        is_complete = (folder / MANIFEST).exists()
        if not resume:
            if is_complete:
                raise OutputError(
                    f"{folder / MANIFEST} exists; expected a new folder. Choose another or give "
                    "--overwrite."
                )
            raise IncompleteFile(
                f"{folder} was left by an interrupted run; expected none. Give --resume to go on "
                "with it, or --overwrite to start again."
            )
        if earlier["arguments_sha256"] != settings["arguments_sha256"]:
            raise OutputError(
                f"{folder} holds photographs of other people or other options; expected the same "
                "to go on with. Give --overwrite to start again, or choose another folder."
            )
        return is_complete
    if earlier is not None:
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in earlier["photographs"]:
            (folder / Path(name).name).unlink(missing_ok=True)
    folder.mkdir(exist_ok=True)
    _write(folder / SETTINGS, (json.dumps(settings, indent=1) + "\n").encode())
    return False


def _earlier(folder: Path) -> dict[str, Any] | None:
    """Settings of the call that wrote the folder; None if it is new or empty."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    try:
        settings = json.loads((folder / SETTINGS).read_text())
        names = [str(name) for name in settings["photographs"]]
        return {"arguments_sha256": str(settings["arguments_sha256"]), "photographs": names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{folder} holds files that are no simulated photographs; expected a new or empty "
            "folder. Choose another."
        ) from error


def _draw_all(sessions: list[Session], context: Context, progress: Progress | None) -> None:
    # What is there is whole: each file gets its name when it is complete.
    todo = [session for session in sessions if not session.path.exists()]
    n_workers = max(1, min(context.n_threads, len(todo)))
    results = run_each(_draw_one, todo, n_workers)
    for done, (session, result) in enumerate(results, 1 + len(sessions) - len(todo)):
        if isinstance(result, WorkerDied):
            raise OutputError(
                f"the process that drew {session.path} was killed; expected it to end. Free "
                "memory, then run the same command again with --resume."
            )
        if result:
            raise OutputError(
                f"{session.path} cannot be written ({result}); expected room for it. Make space, "
                "then run the same command again with --resume."
            )
        if progress is not None:
            progress(done, len(sessions))


def _draw_one(session: Session) -> str:
    """Draw and save one photograph; the reason if it cannot be saved."""
    import io

    rgb = draw_fundus(
        session.scores, session.eye, session.camera, session.exposure, session.seed,
        session.width, visit=session.visit,
    )  # fmt: skip
    stream = io.BytesIO()
    image = pillow().fromarray(rgb)
    if session.path.suffix == ".png":
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=session.camera.jpeg_quality)
    try:
        _write(session.path, stream.getvalue())
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


def _write(path: Path, content: bytes) -> None:
    """Give a file its name when it is complete."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)  # noqa: PTH105 - as fast as it gets, for many files
    finally:
        partial.unlink(missing_ok=True)


def _write_manifest(
    folder: Path, sessions: list[Session], metadata: Mapping[str, Sequence[Any]]
) -> None:
    import io

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_OWN_COLUMNS, *metadata])
    writer.writerows(_manifest_rows(sessions, metadata))
    _write(folder / MANIFEST, text.getvalue().encode())


def _manifest_rows(
    sessions: list[Session], metadata: Mapping[str, Sequence[Any]]
) -> Iterator[list[Any]]:
    for session in sessions:
        yield [
            session.path.name, session.participant_id, session.eye, session.visit,
            session.camera.name, f"{session.exposure:.6g}",
            *(values[session.person] for values in metadata.values()),
        ]  # fmt: skip
