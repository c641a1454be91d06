"""The images of a run: which rows of images.h5 are used, and a small copy of them at working size.

Windows are cut out of images of about 1.7 times the network's size, in every pass again. They are
resized once, with a proper filter, into a memory-mapped file of the run, so that a biobank needs no
more memory than its batches and the processes of a distributed run share one copy.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.encoder.resize import resize_matrix
from igwas.errors import InputError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.images.crops import Crops
from igwas.images.grades import read_grades
from igwas.schema import IMAGES
from igwas.whole_file import whole_file
from igwas.wording import counted

_SLAB_BYTES = 2**25
FIRST_PREPROCESSING = "fundus-1"


@dataclass(frozen=True)
class TrainingImages:
    """Rows of images.h5 that may be used; arrays are over these rows.

    Parameters
    ----------
    path : Path
        images.h5.
    rows : int64 (used,)
        Rows of the file, ascending.
    participant_ids, eyes, visits, digests : tuple of str
        Of each used row; digest is that of the photograph's bytes.
    everybody : tuple of str
        Participants of the whole file, sorted: the split is of them, so that another choice of
        grades moves nobody to another part.
    size_px : int
        Side of the stored images.
    preprocessing_version : str
        Of the file.
    """

    path: Path
    rows: npt.NDArray[np.int64]
    participant_ids: tuple[str, ...]
    eyes: tuple[str, ...]
    visits: tuple[str, ...]
    digests: tuple[str, ...]
    everybody: tuple[str, ...]
    size_px: int
    preprocessing_version: str

    def of_people(self, people: set[str] | frozenset[str]) -> npt.NDArray[np.int64]:
        """Positions, among the used rows, of the images of these people."""
        chosen = [index for index, one in enumerate(self.participant_ids) if one in people]
        return np.array(chosen, np.int64)


def read_training_images(path: Path | str, grades: tuple[str, ...]) -> TrainingImages:
    """Read which images of an images.h5 may be used.

    Duplicates of earlier images may not, nor photographs that show one eye under the other's name:
    as a pair they would teach that the two eyes of a person are one picture.

    Parameters
    ----------
    path : Path or str
    grades : tuple of str
        Grades that may be used.

    Raises
    ------
    InputError
        If it is no images.h5, has no square images, none of these grades, or a grade that is none.
    """
    path = Path(path)
    with open_hdf5(path, IMAGES) as file:
        rgb = file["/rgb"]
        if rgb.shape[1] != rgb.shape[2] or rgb.shape[3] != 3:
            raise InputError(
                f"{path}: /rgb has shape {rgb.shape}; expected square images of 3 channels. "
                'Write them with "igwas-fast images".'
            )
        columns = {
            name: tuple(read_texts(file[f"/{name}"]))
            for name in ("participant_id", "eye", "visit", "source_digest", "duplicate_of")
        }
        columns["grade"] = tuple(read_grades(path, file))
        columns["same_eye_as"] = (
            tuple(read_texts(file["/same_eye_as"]))
            if "/same_eye_as" in file
            else ("",) * len(columns["grade"])
        )
        version = str(file.attrs.get("preprocessing_version", ""))
        size_px = int(rgb.shape[1])
    if not version:
        raise InputError(
            f"{path} has no preprocessing_version; expected one, which the model hands on. "
            'Write the file with "igwas-fast images".'
        )
    used = [
        row
        for row, grade in enumerate(columns["grade"])
        if grade in grades and not columns["duplicate_of"][row] and not columns["same_eye_as"][row]
    ]
    if not used:
        raise InputError(
            f"{path} has {counted(len(columns['grade']), 'image', 'images')} but none is graded "
            f"{' or '.join(grades)}; expected some. Give --grades."
        )
    chosen = {name: tuple(values[row] for row in used) for name, values in columns.items()}
    return TrainingImages(
        path=path,
        rows=np.array(used, np.int64),
        participant_ids=chosen["participant_id"],
        eyes=chosen["eye"],
        visits=chosen["visit"],
        digests=chosen["source_digest"],
        everybody=tuple(sorted(set(columns["participant_id"]))),
        size_px=size_px,
        preprocessing_version=version,
    )


def training_digest(images: TrainingImages, people: frozenset[str]) -> str:
    """SHA-256 of the sorted ids of these people and the sorted digests of their images."""
    digests = sorted(images.digests[index] for index in images.of_people(people))
    digest = hashlib.sha256()
    for word in (*sorted(people), *digests):
        digest.update(word.encode() + b"\n")
    return digest.hexdigest()


def hashed_participants(people: frozenset[str]) -> list[str]:
    """First 16 hexadecimal digits of the SHA-256 of each id, sorted: names nobody."""
    return sorted(hashlib.sha256(person.encode()).hexdigest()[:16] for person in people)


def read_slabs(
    path: Path, rows: npt.NDArray[np.int64], n_most: int | None = None
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Read images in slabs of bounded size; yields the first position and the images.

    Parameters
    ----------
    path : Path
        images.h5.
    rows : int64 (used,)
        Ascending.
    n_most : int, optional
        Images in a slab; by default what fits 32 MB.

    Yields
    ------
    int
    uint8 (images, row, column, channel)

    Raises
    ------
    CorruptFile
        If an image is not what was written.
    """
    with open_hdf5(path, IMAGES) as file, closing(Crops(path, file)) as crops:
        per_image = max(1, int(np.prod(file["/rgb"].shape[1:])))
        step = n_most or max(1, _SLAB_BYTES // per_image)
        for start in range(0, len(rows), step):
            yield start, crops.read(rows[start : start + step])


def open_cache(
    images: TrainingImages,
    folder: Path,
    size_px: int,
) -> npt.NDArray[np.uint8]:
    """Open the resized images of a run, making them if they are not there or are of other images.

    Parameters
    ----------
    images : TrainingImages
    folder : Path
        Of the run; the copy is `images.cache` in it.
    size_px : int
        Side of the copies.

    Returns
    -------
    uint8 (used, channel, row, column)
        Memory-mapped, for reading.

    Raises
    ------
    CorruptFile
        If an image is not what was written.
    OutputError
        If the copy cannot be written; nothing is left of it.
    """
    data, header = folder / "images.cache", folder / "images.cache.json"
    shape = (len(images.rows), 3, size_px, size_px)
    stamp = _stamp(images, shape)
    if not (_has_stamp(header, stamp) and data.stat().st_size == int(np.prod(shape))):
        header.unlink(missing_ok=True)
        _write_cache(images, data, shape)
        with whole_file(header) as partial:
            partial.write_text(json.dumps(stamp))
    return np.memmap(data, np.uint8, "r", shape=shape)


def _stamp(images: TrainingImages, shape: tuple[int, ...]) -> dict[str, Any]:
    identity = hashlib.sha256("\n".join(images.digests).encode())
    identity.update(images.rows.tobytes())
    return {
        "shape": list(shape),
        "images": identity.hexdigest(),
        "preprocessing_version": images.preprocessing_version,
        "modified_ns": images.path.stat().st_mtime_ns,
    }


def _has_stamp(header: Path, stamp: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(header.read_text()) == stamp) and header.with_suffix("").exists()
    except (OSError, ValueError):
        return False


def _write_cache(
    images: TrainingImages,
    data: Path,
    shape: tuple[int, ...],
) -> None:
    matrix = resize_matrix(images.size_px, shape[-1])
    with whole_file(data) as partial, partial.open("wb") as stream:
        for _, slab in read_slabs(images.path, images.rows):
            stream.write(resized(slab, matrix).tobytes())
        stream.flush()
        os.fsync(stream.fileno())


def resized(slab: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Resize images by the matrix of one axis on both, rounded to bytes.

    Parameters
    ----------
    slab : uint8 (images, row, column, channel)
    matrix : float32 (new side, old side)

    Returns
    -------
    uint8 (images, channel, row, column)
    """
    planes = slab.transpose(0, 3, 1, 2).astype(np.float32)
    small = matrix @ planes @ matrix.T
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)
