"""A simulated cohort with photographs of its eyes."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from igwas.context import Context, cpu_context
from igwas.errors import IncompleteFile, InputError, OptionError
from igwas.images.imaging_libraries import pillow
from igwas.simulate.cohort import CohortFiles, describe_options, write_cohort
from igwas.simulate.cohort_folder import sole_cohort_writer
from igwas.simulate.eye_options import EyeOptions
from igwas.simulate.eye_parameters import CAMERAS, parameter_names
from igwas.simulate.eyes import SIDES
from igwas.simulate.fundus import check_width
from igwas.simulate.options import CohortOptions
from igwas.simulate.photographs import write_photographs

Progress = Callable[[int, int], None]
Track = Callable[[str, str], AbstractContextManager[Progress | None]]
DEFAULT_WIDTH_PX = 320


@dataclass(frozen=True)
class PhotographedCohort:
    """Where the files of a cohort with photographs are."""

    files: CohortFiles
    eyes: Path
    manifest: Path

    @classmethod
    def within(cls, folder: Path) -> "PhotographedCohort":
        """Names of the files in a folder."""
        files = CohortFiles.within(folder, has_eyes=True)
        assert files.eyes is not None
        return cls(files, files.eyes, folder / "photographs" / "manifest.csv")

    def all(self) -> list[Path]:
        """Every file but the photographs, which the manifest names."""
        return [*self.files.all(), self.manifest]


def simulate_photographed_cohort(
    folder: Path | str,
    options: CohortOptions,
    eyes: EyeOptions | None = None,
    *,
    width_px: int = DEFAULT_WIDTH_PX,
    resume: bool = False,
    overwrite: bool = False,
    context: Context | None = None,
    track: Track | None = None,
) -> PhotographedCohort:
    """Simulate a cohort and draw photographs of its eyes.

    Photographs are functions of eyes.tsv and the width; those that an interrupted run has drawn are
    kept when it is resumed.

    Parameters
    ----------
    folder : Path or str
        Made if its parent exists.
    options : CohortOptions
    eyes : EyeOptions, optional
    width_px : int
        Of a photograph.
    resume : bool
        Go on with an interrupted run of the same options.
    overwrite : bool
        Replace an earlier cohort in the folder.
    context : Context, optional
        Worker processes.
    track : callable(title, unit), optional
        Context manager that yields a progress callback, or None.

    Returns
    -------
    PhotographedCohort
        The files of `simulate_cohort`, and photographs/ with its manifest.csv: path,
        participant_id, eye, visit, camera, exposure, age, sex.

    Raises
    ------
    OutputError
        If the folder holds a cohort and neither `resume` nor `overwrite` is given, or another
        process writes it.
    IncompleteFile
        If the cohort to go on with has other options.
    OptionError
        As `simulate_cohort`, and if the width is out of range or the context asks for a device;
        nothing is written then.
    """
    folder, eyes, track = Path(folder), eyes or EyeOptions(), track or _untracked
    context = cpu_context(context, "the drawing of photographs")
    if resume and overwrite:
        raise OptionError("--resume and --overwrite are both given; expected one. Leave one out.")
    check_width(width_px)
    eyes.check_shares(options.heritability)
    pillow()  # said before any work, if it is missing
    cohort = PhotographedCohort.within(folder)
    with sole_cohort_writer(folder):
        if not (resume and _is_whole(cohort, options, eyes)):
            with track("simulating", "variants") as progress:
                write_cohort(
                    folder, options, eyes, overwrite=overwrite or resume, progress=progress
                )
        people = pd.read_csv(cohort.eyes, sep="\t", dtype={"participant_id": str})
        with track("photographs", "people") as progress:
            _draw(people, cohort, width_px, resume, overwrite, context, progress)
    return cohort


@contextmanager
def _untracked(title: str, unit: str) -> Iterator[None]:
    yield None


def _is_whole(cohort: PhotographedCohort, options: CohortOptions, eyes: EyeOptions) -> bool:
    """Whether everything but the photographs is there, and is of these options."""
    if not all(path.exists() for path in cohort.files.all()):
        return False
    path = cohort.files.description
    try:
        described = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read ({error}); expected the description of a cohort. "
            "Start again with --overwrite."
        ) from error
    if described != describe_options(options, eyes):
        raise IncompleteFile(
            f"{path.parent} holds a cohort of other options ({path.name} has them); expected the "
            "same to go on. Repeat the first command with --resume, or give --overwrite."
        )
    return True


def _draw(
    eyes: pd.DataFrame,
    cohort: PhotographedCohort,
    width_px: int,
    resume: bool,
    overwrite: bool,
    context: Context,
    progress: Progress | None,
) -> None:
    """Draw every eye of the table."""
    people = eyes.drop_duplicates("participant_id").set_index("participant_id")
    sides = [
        eyes[eyes["eye"] == side].set_index("participant_id").reindex(people.index)
        for side in SIDES
    ]
    scores = np.stack([side[parameter_names()].to_numpy(float) for side in sides], axis=1)
    # An eye that is not photographed has no exposure either.
    exposures = np.stack([side["exposure"].fillna(1.0).to_numpy(float) for side in sides], axis=1)
    cameras = {camera.name: camera for camera in CAMERAS}
    write_photographs(
        cohort.manifest.parent,
        people.index.tolist(),
        scores,
        [cameras[name] for name in people["camera"]],
        exposures,
        people["seed"].tolist(),
        width=width_px,
        metadata={"age": people["age"].tolist(), "sex": people["sex"].tolist()},
        context=context,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )
