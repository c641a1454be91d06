"""The work on one file, done in a worker process: read, prepare, draw views, compress."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from igwas import _core
from igwas.errors import InputError
from igwas.genotypes.writer import DEFAULT_LEVEL
from igwas.images.crop import visible_in_crop
from igwas.images.fundus import prepare
from igwas.images.photograph import PhotographError, read_photograph
from igwas.images.vessel_network import opened_network
from igwas.images.views import VIEWS, View


@dataclass(frozen=True)
class Task:
    """What a worker is told.

    Parameters
    ----------
    path : Path
    eye : str
    size_px : int
    views : tuple of str
    vessel_network : (Path, str), optional
        File and digest of the network that draws the vessels.
    """

    path: Path
    eye: str
    size_px: int
    views: tuple[str, ...]
    vessel_network: tuple[Path, str] | None = None

    def view(self, name: str) -> View:
        """What draws a view of this name."""
        if name == "vessels" and self.vessel_network is not None:
            return opened_network(*self.vessel_network)
        return VIEWS[name]


@dataclass(frozen=True)
class Finished:
    """What a worker answers.

    Parameters
    ----------
    header : dict
        The row's numbers and texts, as the journal keeps them; empty if there is no image.
    arrays : list of bytes
        Compressed: rgb, then the views in the order of the task.
    reason : str
        Why there is no image; empty if there is one.
    """

    header: dict[str, Any]
    arrays: list[bytes]
    reason: str = ""


def process_one(task: Task) -> Finished:
    """Do the work; a file that gives no image is an answer, not an error.

    Raises
    ------
    InputError
        If the user's network cannot draw its vessels; names the photograph.
    """
    try:
        photograph = read_photograph(task.path)
        prepared = prepare(photograph.rgb, task.eye, task.size_px)
    except PhotographError as error:
        return Finished({}, [], str(error))
    except MemoryError:
        return Finished({}, [], "it does not fit into memory")
    rows, columns = photograph.rgb.shape[:2]
    visible = visible_in_crop(prepared.disc, rows, columns, task.size_px)
    if prepared.is_mirrored:
        visible = visible[:, ::-1]
    try:
        planes = [prepared.rgb, *(task.view(name)(prepared.rgb, visible) for name in task.views)]
    except InputError as error:
        # Of the network that draws the view, which says nothing of the photograph.
        raise InputError(f"{task.path}: {error}") from error
    disc = asdict(prepared.disc)
    header = {
        "digest": photograph.digest,
        "is_mirrored": prepared.is_mirrored,
        "disc": [disc["x"], disc["y"], disc["radius"]],
        "measures": [None if math.isnan(v) else v for v in prepared.measures.values()],
        "quality": prepared.quality,
        "grade": prepared.grade,
        "grade_reason": prepared.grade_reason,
        "fingerprint": [int(word) for word in prepared.fingerprint],
    }
    return Finished(
        header,
        [_core.zstd_compress(np.ascontiguousarray(p).data, DEFAULT_LEVEL) for p in planes],
    )
