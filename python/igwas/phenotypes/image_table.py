"""Photographs as rows: their embeddings, whose they are, and what else is known of each."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.embeddings.variables import GROUPS
from igwas.errors import InputError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.phenotypes.table_source import MISSING_TEXT, parse_number
from igwas.quoted_cells import open_table, refuse_open_quotes
from igwas.schema import EMBEDDINGS, IMAGES

Floats = NDArray[np.float64]

QUALITY = "quality"
# Before the name of a measure of images.h5: this one, not a group or a user's column so named.
_MEASURE = "measure:"
# Columns that an error lists.
_MOST_NAMES = 60


@dataclass(frozen=True)
class ImageTable:
    """Photographs, one row each.

    Parameters
    ----------
    image_id, participant_id, eye, visit : object (images,)
        Text; the eye is left, right or unknown.
    quality : float64 (images,)
    values : float64 (images, dimensions)
    names : tuple of str
        Of the dimensions.
    path : Path
    model_digest : str
        Of the encoder that made the embeddings; empty is not known.
    """

    image_id: NDArray[Any]
    participant_id: NDArray[Any]
    eye: NDArray[Any]
    visit: NDArray[Any]
    quality: Floats
    values: Floats
    names: tuple[str, ...]
    path: Path
    model_digest: str = ""

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self.image_id)

    def take(self, rows: NDArray[np.int64]) -> "ImageTable":
        """Some photographs."""
        return replace(
            self,
            image_id=self.image_id[rows],
            participant_id=self.participant_id[rows],
            eye=self.eye[rows],
            visit=self.visit[rows],
            quality=self.quality[rows],
            values=self.values[rows],
        )

    def with_values(self, values: Floats, names: Sequence[str]) -> "ImageTable":
        """The same photographs with other values."""
        assert values.shape == (len(self), len(names))
        return replace(self, values=values, names=tuple(names))


def read_embeddings(path: Path | str) -> ImageTable:
    """Read embeddings.h5.

    Raises
    ------
    InputError
        If it is no embeddings file, has no image, an image id twice, or another eye than left,
        right and unknown.
    """
    path = Path(path)
    with open_hdf5(path, EMBEDDINGS) as file:
        values = file["/embedding"][:].astype(np.float64)
        text = {
            name: read_texts(file[f"/{name}"])
            for name in ("image_id", "participant_id", "eye", "visit")
        }
        quality = file["/quality"][:].astype(np.float64)
        model_digest = str(file.attrs.get("model_digest", ""))
        if "/dimension_name" in file:
            names = tuple(str(name) for name in read_texts(file["/dimension_name"]))
        else:
            width = max(3, len(str(values.shape[1] - 1)))
            names = tuple(f"dim_{index:0{width}d}" for index in range(values.shape[1]))
    if not len(values):
        raise InputError(f"{path} has no image; expected at least one. Embed images first.")
    _refuse_repeated(text["image_id"], path)
    odd = sorted(set(text["eye"]) - {"left", "right", "unknown"})
    if odd:
        raise InputError(
            f"{path}: the eye {odd[0]!r} is unknown to us; expected left, right or unknown. "
            "Correct /eye."
        )
    return ImageTable(
        **text, quality=quality, values=values, names=names, path=path, model_digest=model_digest
    )


def _refuse_repeated(ids: NDArray[Any], path: Path) -> None:
    repeated = pd.Series(ids)[pd.Series(ids).duplicated()]
    if len(repeated):
        raise InputError(
            f"{path} has image {repeated.iloc[0]!r} more than once; expected unique ids. "
            "Embed each image once."
        )


class ImageFacts:
    """What is known of photographs beside their embedding, by name and image id.

    Parameters
    ----------
    images : ImageTable
        Gives `quality`.
    images_file : Path, optional
        images.h5: its measures, and further columns of its manifest.
    table : Path, optional
        Text with a column image_id.
    """

    def __init__(
        self, images: ImageTable, images_file: Path | None = None, table: Path | None = None
    ) -> None:
        self._images = images
        self._columns: dict[str, pd.Series] = {}
        self._measures: frozenset[str] = frozenset()
        # Of the manifest and the table: these win over a group or a measure of the same name.
        self._users_own: set[str] = set()
        self._origin = [str(images.path)]
        self.path = images.path
        if images_file is not None:
            self._add_images_file(images_file)
        if table is not None:
            self._add_table(table)

    def _add_images_file(self, path: Path) -> None:
        with open_hdf5(path, IMAGES) as file:
            ids = list(read_texts(file["/image_id"]))
            measures = list(read_texts(file["/measure/name"]))
            values = file["/measure/value"][:].astype(np.float64)
            extra = list(read_texts(file["/metadata/name"]))
            cells = (
                read_texts(file["/metadata/value"]) if extra else np.empty((len(ids), 0), object)
            )
        for at, name in enumerate(measures):
            series = pd.Series(values[:, at], index=ids)
            self._columns[name] = self._columns[_MEASURE + name] = series
        self._measures = frozenset(measures)
        for at, name in enumerate(extra):
            self._columns[name] = pd.Series(cells[:, at], index=ids)
        self._users_own |= set(extra)
        self._require_shared(ids, path)

    def _add_table(self, path: Path) -> None:
        try:
            with open_table(path) as stream:
                header = stream.readline().rstrip("\r\n")
            separator = "\t" if "\t" in header else ","
            refuse_open_quotes(path, separator)
            with open_table(path) as stream, warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                # Without index_col a row with one cell too many would shift all of its columns.
                table = pd.read_csv(
                    stream, sep=separator, dtype=str, keep_default_na=False, index_col=False
                )
        except pd.errors.ParserWarning as error:
            raise InputError(
                f"{path} has rows with more cells than its header; expected as many. Look for a "
                "separator at the end of lines."
            ) from error
        except (ValueError, pd.errors.ParserError) as error:
            raise InputError(
                f"{path} cannot be read as a table ({str(error).splitlines()[0]}); expected tabs "
                "or commas and a header. Check the file."
            ) from error
        names = [name.strip('"') for name in header.split(separator)]
        twice = [name for name in names if names.count(name) > 1 and name]
        if twice:
            raise InputError(
                f"{path} has two columns {twice[0]!r}; expected each once. Rename or remove one."
            )
        if "image_id" not in table.columns:
            raise InputError(
                f"{path} has columns {', '.join(table.columns[:8])}; expected image_id among them. "
                "Name the column of image ids so."
            )
        _refuse_repeated(table["image_id"].to_numpy(dtype=object), path)
        table = table.set_index("image_id")
        self._columns |= {str(name): table[name] for name in table.columns}
        self._users_own |= set(map(str, table.columns))
        self._require_shared(list(table.index), path)

    def _require_shared(self, ids: Sequence[str], path: Path) -> None:
        self._origin.append(str(path))
        if not set(ids) & set(self._images.image_id):
            raise InputError(
                f"{path} shares no image id with {self._images.path} (first: {ids[0]!r} and "
                f"{self._images.image_id[0]!r}); expected the same images. Check the ids."
                if ids
                else f"{path} has no image; expected those of {self._images.path}."
            )

    def members(self, name: str) -> tuple[str, ...]:
        """Measures of images.h5 that a group of the audit has, such as `camera outline`.

        Each as the name of its column, `measure:rim_share`. Empty for a name that is no group, for
        one that the manifest or the table has as a column of its own, and without images.h5.
        """
        if name in self._users_own:
            return ()
        return tuple(_MEASURE + one for one in GROUPS.get(name, ()) if one in self._measures)

    def _choices(self) -> str:
        groups = [name for name in GROUPS if self.members(name)]
        hidden = {_MEASURE + name for name in self._measures - set(groups) - self._users_own}
        columns = [
            name for name in (QUALITY, *self._columns) if name not in groups and name not in hidden
        ]
        more = len(columns) - _MOST_NAMES
        shown = ", ".join([*groups, *columns[:_MOST_NAMES]])
        return f"{shown} and {more:,} more" if more > 0 else shown

    def cells(self, name: str) -> NDArray[Any]:
        """One column for the photographs of the table, None where it is missing.

        Raises
        ------
        InputError
            If there is no such column.
        """
        if name == QUALITY:
            values = self._images.quality
            return np.array([None if np.isnan(v) else float(v) for v in values], dtype=object)
        if name not in self._columns:
            has = "has" if len(self._origin) == 1 else "have"
            raise InputError(
                f"{' and '.join(self._origin)} {has} no column {name!r}; expected one of: "
                f"{self._choices()}. Correct the name, or give --images or --image-table."
            )
        column = self._columns[name].reindex(list(self._images.image_id))
        return np.array([_cell(value) for value in column], dtype=object)

    def numbers(self, name: str) -> Floats:
        """One column as numbers; NaN where it is missing.

        Raises
        ------
        InputError
            If a cell is no number.
        """
        found = np.full(len(self._images), np.nan)
        for at, cell in enumerate(self.cells(name)):
            value = _number(cell)
            if value is None:
                raise InputError(
                    f"image {self._images.image_id[at]!r} has {cell!r} as {name}; expected a "
                    "number. Correct it, or name the column with --categorical-columns."
                )
            found[at] = value
        return found


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return None if value.strip() in MISSING_TEXT else value.strip()
    return None if value is None or np.isnan(value) else float(value)


def _number(cell: Any) -> float | None:
    """A number, or days of an ISO date; NaN for a missing cell, None for text."""
    if cell is None:
        return float("nan")
    if isinstance(cell, float):
        return cell
    value = parse_number(cell)
    if value is None and len(cell) >= 10:
        try:
            return float(date.fromisoformat(cell[:10]).toordinal())
        except ValueError:
            return None
    return value


def is_numeric(cells: NDArray[Any]) -> bool:
    """Whether every cell that is there is a number or an ISO date."""
    return all(_number(cell) is not None for cell in cells)
