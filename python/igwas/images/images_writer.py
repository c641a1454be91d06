"""images.h5, put together from the journal once every photograph is done."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hdf5plugin
import numpy as np
import numpy.typing as npt

from igwas import _core
from igwas.genotypes.writer import DEFAULT_LEVEL
from igwas.images.journal import Journal
from igwas.images.measures import MEASURES
from igwas.images.source_list import Source
from igwas.schema import IMAGES, TEXT
from igwas.steady_file import create_hdf5


def write_images(
    path: Path,
    journal: Journal,
    rows: Sequence[tuple[Source, str]],
    *,
    size_px: int,
    views: tuple[str, ...],
    skipped: Sequence[tuple[str, str]],
    metadata_names: Sequence[str],
    duplicate_of: Sequence[str],
    same_eye_as: Sequence[str],
    attributes: Mapping[str, Any],
) -> None:
    """Write the whole file; the crops go over compressed, as the journal has them.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    journal : Journal
    rows : sequence of (Source, str)
        The images in order, each with its key in the journal.
    size_px, views
        As the journal's arrays were made.
    skipped : sequence of (str, str)
        Path and reason of files that gave no image.
    metadata_names : sequence of str
        Further columns of the manifest.
    duplicate_of, same_eye_as : sequence of str (images,)
    attributes : mapping
        Root attributes.

    Raises
    ------
    OSError
        If the disk is full; CorruptFile if the journal is damaged.
    """
    headers = [journal.entries[key][0] for _, key in rows]
    small = _small_arrays(rows, headers, metadata_names) | {
        "/duplicate_of": list(duplicate_of),
        "/same_eye_as": list(same_eye_as),
        "/skipped/path": [path for path, _ in skipped],
        "/skipped/reason": [reason for _, reason in skipped],
    }
    with create_hdf5(path) as (file, raise_if_refused):
        for name, value in attributes.items():
            file.attrs[name] = value
        planes = [_create_planes(file, "/rgb", (len(rows), size_px, size_px, 3))]
        planes += [_create_planes(file, f"/{view}", (len(rows), size_px, size_px))
                   for view in views]  # fmt: skip
        for array in IMAGES.arrays:
            if array.path in small:
                _create_small(file, array.path, array.dtype, small[array.path])
        checksums = np.zeros(len(rows), np.uint32)
        for row, (_, key) in enumerate(rows):
            arrays = list(journal.arrays(key))
            checksums[row] = _core.crc32c(arrays[0])
            for plane, data in zip(planes, arrays, strict=True):
                plane.id.write_direct_chunk((row,) + (0,) * (plane.ndim - 1), data)
            raise_if_refused()
        file.create_dataset("/rgb_crc32c", data=checksums)


def _small_arrays(
    rows: Sequence[tuple[Source, str]],
    headers: Sequence[Mapping[str, Any]],
    metadata_names: Sequence[str],
) -> dict[str, Any]:
    n_images = len(rows)
    sources = [source for source, _ in rows]
    metadata = np.empty((n_images, len(metadata_names)), object)
    for row, source in enumerate(sources):
        metadata[row] = source.metadata
    return {
        "/image_id": [source.image_id for source in sources],
        "/participant_id": [source.participant_id for source in sources],
        "/eye": [source.eye for source in sources],
        "/visit": [source.visit for source in sources],
        "/source_path": [str(source.path) for source in sources],
        "/source_digest": [header["digest"] for header in headers],
        "/is_mirrored": np.array([header["is_mirrored"] for header in headers], np.uint8),
        "/disc": np.array([header["disc"] for header in headers], np.float32).reshape(-1, 3),
        "/quality": np.array([header["quality"] for header in headers], np.float32),
        "/grade": [header["grade"] for header in headers],
        "/grade_reason": [header["grade_reason"] for header in headers],
        "/measure/name": list(MEASURES),
        "/measure/value": measure_values(headers),
        "/metadata/name": list(metadata_names),
        "/metadata/value": metadata,
    }


def measure_values(headers: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float32]:
    """The measures of all rows: float32 (images, measures), NaN where there is none."""
    values = [[np.nan if v is None else v for v in header["measures"]] for header in headers]
    return np.array(values, np.float32).reshape(-1, len(MEASURES))


def _create_planes(file: Any, name: str, shape: tuple[int, ...]) -> Any:
    """One image a chunk, so that any of them can be read alone."""
    return file.create_dataset(
        name, shape, np.uint8, chunks=(1, *shape[1:]), **hdf5plugin.Zstd(clevel=DEFAULT_LEVEL)
    )


def _create_small(file: Any, name: str, dtype: str, values: Any) -> None:
    import h5py

    if dtype != TEXT:
        file.create_dataset(name, data=values)
        return
    text = np.asarray(values, object)
    dataset = file.create_dataset(name, text.shape, h5py.string_dtype("utf-8"))
    if text.size:
        dataset[...] = text
