"""Photographs of a simulated cohort on disk, with the manifest that `igwas-fast images` takes."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.context import Context, cpu_context
from igwas.errors import OutputError
from igwas.images.imaging_libraries import pillow
from igwas.images.worker_pool import WorkerDied, run_each
from igwas.simulate.cameras import Camera
from igwas.simulate.fundus import draw_fundus
from igwas.simulate.photograph_folder import (
    MANIFEST,
    prepare_folder,
    settings_of,
    write_whole,
)
from igwas.simulate.photograph_list import (
    OWN_COLUMNS,
    PlannedPhotograph,
    check_metadata,
    plan_photographs,
)
from igwas.sole_writer import require_folder, sole_writer

Progress = Callable[[int, int], None]

DEFAULT_WIDTH = 320


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
        If the width, a seed or an exposure is out of range, or the context asks for a device.
    OutputError, IncompleteFile
        If the folder cannot or must not be written.
    """
    folder, context = Path(folder), cpu_context(context, "the drawing of photographs")
    pillow()  # said before any work, if it is missing
    table = dict(metadata or {})
    planned = plan_photographs(
        folder, participant_id, np.asarray(scores, np.float64), cameras,
        np.asarray(exposures, np.float64), seeds, width=width, suffix=suffix,
    )  # fmt: skip
    check_metadata(table, len(participant_id))
    settings = settings_of(planned, table)
    require_folder(folder)
    with sole_writer(folder):
        done = prepare_folder(folder, settings, resume=resume, overwrite=overwrite)
        if not done:
            _draw_all(planned, context, progress)
            _write_manifest(folder, planned, table)
    return folder / MANIFEST


def _draw_all(
    planned: list[PlannedPhotograph], context: Context, progress: Progress | None
) -> None:
    # What is there is whole: each file gets its name when it is complete.
    todo = [one for one in planned if not one.path.exists()]
    n_workers = max(1, min(context.n_threads, len(todo)))
    results = run_each(_draw_one, todo, n_workers)
    for done, (one, result) in enumerate(results, 1 + len(planned) - len(todo)):
        if isinstance(result, WorkerDied):
            raise OutputError(
                f"the process that drew {one.path} was killed; expected it to end. Free "
                "memory, then run the same command again with --resume."
            )
        if result:
            raise OutputError(
                f"{one.path} cannot be written ({result}); expected room for it. Make space, "
                "then run the same command again with --resume."
            )
        if progress is not None:
            progress(done, len(planned))


def _draw_one(one: PlannedPhotograph) -> str:
    """Draw and save one photograph; the reason if it cannot be saved."""
    rgb = draw_fundus(
        one.scores, one.eye, one.camera, one.exposure, one.seed,
        one.width, visit=one.visit,
    )  # fmt: skip
    stream = io.BytesIO()
    image = pillow().fromarray(rgb)
    if one.path.suffix == ".png":
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=one.camera.jpeg_quality)
    try:
        write_whole(one.path, stream.getvalue())
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


def _write_manifest(
    folder: Path, planned: list[PlannedPhotograph], metadata: Mapping[str, Sequence[Any]]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*OWN_COLUMNS, *metadata])
    writer.writerows(_manifest_rows(planned, metadata))
    write_whole(folder / MANIFEST, text.getvalue().encode())


def _manifest_rows(
    planned: list[PlannedPhotograph], metadata: Mapping[str, Sequence[Any]]
) -> Iterator[list[Any]]:
    for one in planned:
        yield [
            one.path.name, one.participant_id, one.eye, one.visit,
            one.camera.name, f"{one.exposure:.6g}",
            *(values[one.person] for values in metadata.values()),
        ]  # fmt: skip
