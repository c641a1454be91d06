"""Columns that may drive an embedding, made ready for a regression: numbers, dates, categories."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.embeddings.embeddings_file import Embeddings
from igwas.embeddings.explained import Variable
from igwas.errors import InputError
from igwas.images.images_file import ImagesFile
from igwas.quoted_cells import open_table, refuse_open_quotes

# Measures of images.h5 that belong together, and the name of what they tell.
GROUPS: dict[str, tuple[str, ...]] = {
    "brightness": ("brightness", "overexposed_share", "underexposed_share"),
    "sharpness": ("sharpness", "contrast", "vessel_visibility"),
    "central colour": ("central_red", "central_green", "central_blue"),
    "camera outline": (
        "rim_share", "rim_residual", "frame_share", "visible_share", "has_notch", "notch_angle",
        "disc_x", "disc_y", "disc_radius", "photograph_width", "photograph_height",
    ),
}  # fmt: skip
MISSING = frozenset({"", "NA", "N/A", "nan", "NaN", "null", "None"})

# Levels with fewer images are taken together; a column with more levels is an id, no category.
_SMALLEST_LEVEL = 5
_MOST_LEVELS = 50


def number_variable(name: str, values: npt.ArrayLike) -> Variable:
    """A number with its square, so that a bend is seen too; NaN is missing."""
    number = np.asarray(values, dtype=np.float64)
    number = np.where(np.isfinite(number), number, np.nan)
    middle, spread = _middle(number), _spread(number)
    standard = (number - middle) / spread
    return Variable(name, np.column_stack([standard, standard**2]), "number")


def category_variable(name: str, values: Sequence[str]) -> Variable | None:
    """One indicator a level; None if there is one level, or so many that it is an id.

    Levels of fewer than five images are taken together. Texts of MISSING are missing.
    """
    text = pd.Series([str(value).strip() for value in values], dtype=object)
    is_missing = text.isin(list(MISSING)).to_numpy()
    counts = text[~is_missing].value_counts()
    common = sorted(counts.index[counts >= _SMALLEST_LEVEL])
    if len(common) + bool((counts < _SMALLEST_LEVEL).any()) < 2 or len(common) > _MOST_LEVELS:
        return None
    design = np.column_stack([(text == level).to_numpy(np.float64) for level in common])
    design[is_missing] = np.nan
    return Variable(name, design, "category")


def column_variable(name: str, values: Sequence[str]) -> Variable | None:
    """A column of texts: numbers if all are, dates (YYYY-MM-DD) if all are, else categories.

    Returns
    -------
    Variable or None
        None if it does not vary, or every value is another.
    """
    text = pd.Series([str(value).strip() for value in values], dtype=object)
    given = text.where(~text.isin(list(MISSING)))
    if given.nunique() < 2:
        return None
    number = pd.to_numeric(given, errors="coerce")
    if number.notna().sum() == given.notna().sum():
        return number_variable(name, number.to_numpy(np.float64))
    date = pd.to_datetime(given, format="%Y-%m-%d", errors="coerce")
    if date.notna().sum() == given.notna().sum():
        days = (date - pd.Timestamp(1970, 1, 1)).dt.total_seconds() / 86_400
        return number_variable(name, days.to_numpy(np.float64))
    return category_variable(name, list(text))


def group_variable(name: str, columns: pd.DataFrame) -> Variable | None:
    """Numbers that tell one thing together; a missing one is its mean and says that it is missing.

    Returns
    -------
    Variable or None
        None if none of them varies.
    """
    terms = []
    for column in columns:
        number = columns[column].to_numpy(np.float64)
        is_missing = ~np.isfinite(number)
        if is_missing.all():
            continue
        middle, spread = _middle(number), _spread(number)
        terms.append(np.where(is_missing, 0.0, (number - middle) / spread))
        terms.append(is_missing.astype(np.float64))
    design = np.column_stack(terms) if terms else np.empty((len(columns), 0))
    return Variable(name, design, "group") if design.any() else None


def _middle(number: npt.NDArray[np.float64]) -> float:
    found = number[np.isfinite(number)]
    return float(found.mean()) if len(found) else 0.0


def _spread(number: npt.NDArray[np.float64]) -> float:
    found = number[np.isfinite(number)]
    return float(found.std()) or 1.0 if len(found) else 1.0


def match_images(embeddings: Embeddings, images: ImagesFile) -> npt.NDArray[np.int64]:
    """Row of each embedded photograph in images.h5.

    Raises
    ------
    InputError
        If one is absent there, is of another person or eye, or was prepared otherwise.
    """
    table = images.table
    position = {name: row for row, name in enumerate(table["image_id"])}
    columns = embeddings.columns
    absent = [name for name in columns.image_id if name not in position]
    if absent:
        raise InputError(
            f"{images.path} lacks {len(absent):,} of the {len(columns):,} images of "
            f"{embeddings.path} (first: {absent[0]!r}); expected all of them. Give the images.h5 "
            "that was embedded."
        )
    rows = np.array([position[name] for name in columns.image_id], dtype=np.int64)
    for name in ("participant_id", "eye"):
        differs = table[name].to_numpy()[rows] != getattr(columns, name)
        if differs.any():
            at = int(np.flatnonzero(differs)[0])
            raise InputError(
                f"image {columns.image_id[at]!r} has {name} {getattr(columns, name)[at]!r} in "
                f"{embeddings.path} but {table[name].iloc[rows[at]]!r} in {images.path}; expected "
                "the same. Give the images.h5 that was embedded."
            )
    version = str(embeddings.attributes.get("preprocessing_version", images.preprocessing_version))
    if version != images.preprocessing_version:
        raise InputError(
            f"{embeddings.path} was made of images of version {version!r}, {images.path} is of "
            f"{images.preprocessing_version!r}; expected the same. Give the images.h5 that was "
            "embedded."
        )
    return rows


def variables_of_images(images: ImagesFile, rows: npt.NDArray[np.int64]) -> list[Variable]:
    """Groups of measures, further columns of the manifest, and the visit."""
    measures = images.measures.iloc[rows].reset_index(drop=True)
    found: list[Variable | None] = []
    for name, members in GROUPS.items():
        known = [member for member in members if member in measures]
        if known:
            found.append(group_variable(name, measures[known]))
    metadata = images.metadata.iloc[rows]
    found += [column_variable(str(name), list(metadata[name])) for name in metadata]
    return [variable for variable in found if variable is not None]


def variables_of_table(path: Path, embeddings: Embeddings) -> list[Variable]:
    """Columns of a user's table, joined by image_id or else participant_id.

    Raises
    ------
    InputError
        If it cannot be read, has neither column, an id twice, or no id in common.
    """
    table = _read_table(path)
    key = next((name for name in ("image_id", "participant_id") if name in table), None)
    if key is None:
        raise InputError(
            f"{path} has columns {', '.join(map(str, table.columns[:8]))}; expected image_id or "
            "participant_id among them. Name the column of ids so."
        )
    twice = table[key][table[key].duplicated()]
    if len(twice):
        raise InputError(
            f"{path}: {key} {twice.iloc[0]!r} occurs twice; expected unique ids. Keep one row each."
        )
    ids = getattr(embeddings.columns, key)
    joined = table.set_index(key).reindex(ids)
    if not pd.Index(ids).isin(table[key]).any():
        raise InputError(
            f"{path} shares no {key} with {embeddings.path} (first: {table[key].iloc[0]!r} and "
            f"{ids[0]!r}); expected some. Check the ids."
        )
    known = [name for name in joined if name not in ("image_id", "participant_id")]
    found = [column_variable(str(name), list(joined[name].fillna(""))) for name in known]
    return [variable for variable in found if variable is not None]


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            return table.where(table.notna(), "").astype(str)
        separator = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
        refuse_open_quotes(path, separator)
        with open_table(path) as stream:
            table = pd.read_csv(stream, sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise InputError(
            f"{path} cannot be read as a table ({reason}); expected .csv, .tsv (plain or .gz) or "
            ".parquet with a header. Write it so."
        ) from error
    if not len(table):
        raise InputError(f"{path} has no row; expected a row an image or person. Fill it.")
    return table
