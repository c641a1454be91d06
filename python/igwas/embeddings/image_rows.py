"""Photographs of an images.h5, chosen by grade and read in batches."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.closing import Closing
from igwas.embeddings.encoder import ModelCard
from igwas.errors import InputError, OptionError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.images.crops import Crops
from igwas.images.fundus import EYES
from igwas.images.grades import GRADES, read_grades
from igwas.schema import IMAGES
from igwas.wording import counted

_TEXTS = ("image_id", "participant_id", "eye", "visit")

Text = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ImageColumns:
    """What is known of each chosen photograph; all arrays are (images,)."""

    image_id: Text
    participant_id: Text
    eye: Text
    visit: Text
    quality: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.image_id)


@dataclass
class ImageRows(Closing):
    """The chosen photographs of an open images.h5.

    Parameters
    ----------
    path : Path
    columns : ImageColumns
        Of the chosen photographs.
    n_left_out : int
        Photographs below the grade asked for.
    preprocessing_version : str
    size_px : int
        Side of the photographs.
    """

    path: Path
    columns: ImageColumns
    n_left_out: int
    preprocessing_version: str
    size_px: int
    _rows: npt.NDArray[np.int64] = field(repr=False)
    _file: Any = field(repr=False)
    _crops: Crops = field(repr=False)

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Close the file."""
        self._crops.close()
        self._file.close()

    def read(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """Chosen photographs start to stop, uint8 (images, rows, columns, 3).

        May be called from several threads; see Crops.

        Raises
        ------
        CorruptFile
            If the file is damaged there.
        """
        return self._crops.read(self._rows[start:stop])


def open_image_rows(path: Path | str, *, min_grade: str = "reject") -> ImageRows:
    """Open images.h5 and choose the photographs of at least a grade.

    Parameters
    ----------
    path : Path or str
    min_grade : str
        `keep`, `usable` or `reject`; the last takes every photograph.

    Raises
    ------
    InputError
        If it is no images.h5, has no photograph of that grade, an id twice, or what is no grade.
    OptionError
        If there is no such grade.
    """
    if min_grade not in GRADES:
        raise OptionError(
            f"--min-grade is {min_grade!r}; expected one of {', '.join(GRADES)}. Choose one."
        )
    path = Path(path)
    file = open_hdf5(path, IMAGES)
    try:
        grade = read_grades(path, file)
        rows = np.flatnonzero(np.isin(grade, GRADES[GRADES.index(min_grade) :]))
        if not len(rows):
            raise InputError(
                f"{path} has {counted(len(grade), 'photograph', 'photographs')}, none of grade "
                f"{min_grade} or better; "
                "expected at least one. Give --min-grade reject, or other photographs."
            )
        texts = {name: read_texts(file[f"/{name}"])[rows] for name in _TEXTS}
        _check_ids(path, texts)
        return ImageRows(
            path,
            ImageColumns(**texts, quality=file["/quality"][:][rows]),
            n_left_out=len(grade) - len(rows),
            preprocessing_version=str(file.attrs.get("preprocessing_version", "")),
            size_px=_side(path, file),
            _rows=rows,
            _file=file,
            _crops=Crops(path, file),
        )
    except BaseException:
        file.close()
        raise


def _check_ids(path: Path, texts: dict[str, Text]) -> None:
    for name in ("image_id", "participant_id"):
        if not all(texts[name]):
            row = list(map(bool, texts[name])).index(False)
            raise InputError(
                f"{path}: {name} of photograph {row + 1:,} is empty; expected an id. "
                "Write the file again."
            )
    unknown = sorted(set(texts["eye"]) - set(EYES))
    if unknown:
        raise InputError(
            f"{path}: eye is {unknown[0]!r}; expected {', '.join(EYES)}. Write the file again."
        )
    twice = [name for name, count in Counter(texts["image_id"]).items() if count > 1]
    if twice:
        raise InputError(
            f"{path}: image id {twice[0]!r} occurs twice; expected unique ids. "
            "Write the file again."
        )


def _side(path: Path, file: Any) -> int:
    _, rows, columns, channels = file["/rgb"].shape
    if rows != columns or channels != 3:
        raise InputError(
            f"{path}: /rgb is {rows} x {columns} x {channels}; expected square photographs of 3 "
            'channels. Write the file again with "igwas-fast images".'
        )
    return int(rows)


def check_fit(images: ImageRows, card: ModelCard, model: Path) -> None:
    """Refuse photographs that were not prepared as the model expects.

    Raises
    ------
    InputError
        If the preprocessing version or the size differ.
    """
    if images.preprocessing_version != card.preprocessing_version:
        raise InputError(
            f"{images.path} was prepared by version {images.preprocessing_version!r} but {model} "
            f"learnt from {card.preprocessing_version!r}; expected the same. Make the images "
            "again with the igwas-fast that trained the model, or train on these."
        )
    if images.size_px != card.size_px:
        raise InputError(
            f"{images.path} has photographs of {images.size_px} pixels but {model} takes "
            f"{card.size_px}; expected the same. Make the images again with --size {card.size_px}."
        )
