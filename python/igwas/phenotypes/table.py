"""Tables of phenotypes and covariates, from any file that a user keeps them in."""

import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.last_line import warn_of_cut
from igwas.phenotypes.eye_names import EyeLabel, labels_from_names
from igwas.phenotypes.table_source import ReadRule, TableSource

_log = logging.getLogger("igwas")
_ID_COLUMNS = ("FID", "IID", "SID")


@dataclass(frozen=True)
class PhenotypeTable:
    """Phenotypes as their file has them: one row a participant, in the order of the file.

    Parameters
    ----------
    sample_id : object (participants,)
        Ids (IID), text.
    family_id : object (participants,) or None
        Family ids (FID), text; None if the file has none.
    names : tuple of str
        Phenotype names.
    values : float64 (participants, phenotypes)
        NaN is missing.
    path : Path
        The file.
    labels : tuple of (eye, dimension), optional
        Of each phenotype; by default as the names say.
    """

    sample_id: NDArray[Any]
    family_id: NDArray[Any] | None
    names: tuple[str, ...]
    values: NDArray[np.float64]
    path: Path
    labels: tuple[EyeLabel, ...] = ()

    def __post_init__(self) -> None:
        if not self.labels:
            object.__setattr__(self, "labels", tuple(labels_from_names(self.names)))


@dataclass(frozen=True)
class CovariateTable:
    """Covariates as their file has them, numbers and categories.

    Parameters
    ----------
    sample_id : object (participants,)
        Ids (IID), text.
    family_id : object (participants,) or None
        Family ids (FID), text; None if the file has none.
    columns : mapping of str to array (participants,)
        By name, in order: float64 with NaN, or for categories text with None where missing.
    categorical : tuple of str
        Names of the columns that are categories.
    path : Path
        The file.
    """

    sample_id: NDArray[Any]
    family_id: NDArray[Any] | None
    columns: Mapping[str, NDArray[Any]]
    categorical: tuple[str, ...]
    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        """Covariate names in order."""
        return tuple(self.columns)

    def is_complete(self) -> NDArray[np.bool_]:
        """Which rows have every covariate: bool (participants,)."""
        complete = np.ones(len(self.sample_id), dtype=bool)
        for name, column in self.columns.items():
            if name in self.categorical:
                complete &= np.array([cell is not None for cell in column], dtype=bool)
            else:
                complete &= ~np.isnan(column)
        return complete

    def take(self, rows: NDArray[np.int64]) -> "CovariateTable":
        """Return the table of some rows, in the order given."""
        return CovariateTable(
            self.sample_id[rows],
            None if self.family_id is None else self.family_id[rows],
            {name: column[rows] for name, column in self.columns.items()},
            self.categorical,
            self.path,
        )


def read_phenotypes(
    path: Path | str,
    columns: Sequence[str] | None = None,
    *,
    missing_values: Sequence[str] = (),
) -> PhenotypeTable:
    """Read phenotypes.

    Parameters
    ----------
    path : Path or str
        phenotypes.h5, embeddings.h5 (a participant's images are averaged), Parquet, or text
        separated by tabs, commas or white space, plain or gzip, with a header that names IID (and
        FID). The content decides, not the name.
    columns : sequence of str, optional
        Phenotypes to read, in this order; by default all columns that are no ids.
    missing_values : sequence of str
        Further codes for missing, such as `-9`; NA, nan, `.` and empty always are.

    Returns
    -------
    PhenotypeTable
        In the order of the file.

    Raises
    ------
    InputError
        If there is no IID, a column is absent, a value is text or infinite, or an id is repeated.
    """
    rule = ReadRule(missing_values=tuple(missing_values), kind="phenotype")
    source = open_source(Path(path))
    names = _choose_columns(source, columns, rule.kind)
    ids, values = source.read(_id_columns(source), names, rule)
    _check_ids(source, ids)
    _finish_numbers(source, names, values, rule)
    every = [name for name in source.names if name not in _ID_COLUMNS]
    label_of = dict(zip(every, source.labels(every), strict=True))
    labels = tuple(label_of[name] for name in names)
    return PhenotypeTable(ids["IID"], ids.get("FID"), tuple(names), values, source.path, labels)


def read_covariates(
    path: Path | str,
    columns: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    *,
    missing_values: Sequence[str] = (),
) -> CovariateTable:
    """Read covariates.

    Parameters
    ----------
    path : Path or str
        As in `read_phenotypes`.
    columns : sequence of str, optional
        Covariates to read; by default all columns that are no ids.
    categorical : sequence of str
        Those that are categories, kept as text; they need not be repeated in `columns`.
    missing_values : sequence of str
        Further codes for missing.

    Returns
    -------
    CovariateTable
        In the order of the file.

    Raises
    ------
    InputError
        As `read_phenotypes`; text in a column that is not declared categorical is an error.
    """
    rule = ReadRule(
        missing_values=tuple(missing_values),
        kind="covariate",
        hint="If it is a category, name the column with --categorical-columns; "
        "if it is a code for missing, give it with --missing-value.",
    )
    source = open_source(Path(path))
    wanted = None if columns is None else list(dict.fromkeys((*columns, *categorical)))
    names = _choose_columns(source, wanted, rule.kind)
    _refuse_absent(source, categorical, names, "categorical covariate")
    numeric = [name for name in names if name not in categorical]
    texts, values = source.read([*_id_columns(source), *dict.fromkeys(categorical)], numeric, rule)
    _check_ids(source, {name: texts[name] for name in _id_columns(source)})
    _finish_numbers(source, numeric, values, rule)
    found: dict[str, NDArray[Any]] = {}
    for name in names:
        if name in categorical:
            found[name] = _mark_missing(texts[name], rule)
        else:
            found[name] = np.ascontiguousarray(values[:, numeric.index(name)])
    kept = tuple(name for name in names if name in categorical)
    return CovariateTable(texts["IID"], texts.get("FID"), found, kept, source.path)


def open_source(path: Path) -> TableSource:
    """Open a table by its first bytes: HDF5, Parquet, or text.

    Raises
    ------
    InputError
        If it is none of them, or has no column IID.
    OSError
        If the file cannot be opened; carries the system's reason.
    """
    # Each format's library is imported when a file needs it: `import igwas` stays quick.
    from igwas.hdf5 import is_hdf5

    with path.open("rb") as stream:
        magic = stream.read(4)
    source: TableSource
    if is_hdf5(path):
        from igwas.phenotypes.hdf5_source import Hdf5Source

        source = Hdf5Source(path)
    elif magic == b"PAR1":
        from igwas.phenotypes.parquet_source import ParquetSource

        source = ParquetSource(path)
    else:
        from igwas.phenotypes.delimited_source import DelimitedSource

        source = DelimitedSource(path)
        warn_of_cut(path)
    _check_header(source)
    return source


def _check_header(source: TableSource) -> None:
    """Require IID and unique names."""
    path = source.path
    if "IID" not in source.names:
        raise InputError(
            f"{path} has no column IID (header: {_shorten(source.names)}); expected IID, or FID "
            "and IID, and one column for each value. Name the column that holds the sample ids IID."
        )
    seen: set[str] = set()
    for number, name in enumerate(source.names, 1):
        if not name:
            raise InputError(
                f"{path}: column {number} of the header has no name; expected a name for every "
                "column. Name it (R's write.csv leaves row names unnamed: row.names=FALSE)."
            )
        if name in seen:
            raise InputError(
                f"{path}: the header names {name!r} twice; expected unique names. Rename one."
            )
        seen.add(name)


def _shorten(names: Sequence[str], limit: int = 8) -> str:
    shown = " ".join(name if len(name) <= 40 else name[:40] + "..." for name in names[:limit])
    return shown + (f" ... {len(names)} columns" if len(names) > limit else "")


def _id_columns(source: TableSource) -> list[str]:
    return [name for name in ("FID", "IID") if name in source.names]


def _choose_columns(source: TableSource, wanted: Sequence[str] | None, kind: str) -> list[str]:
    available = [name for name in source.names if name not in _ID_COLUMNS]
    if wanted is None:
        if not available:
            raise InputError(
                f"{source.path} has no column beside ids; expected at least one {kind}. "
                "Add a column, or give another file."
            )
        return available
    _refuse_absent(source, wanted, available, kind)
    repeated = [name for index, name in enumerate(wanted) if name in wanted[:index]]
    if repeated:
        raise InputError(
            f"{kind} {repeated[0]!r} is asked for twice; expected each name once. Remove one."
        )
    if not wanted:
        raise InputError(f"no {kind} is asked for; expected at least one name. Name one of them.")
    return list(wanted)


def _refuse_absent(
    source: TableSource, wanted: Sequence[str], available: Sequence[str], kind: str
) -> None:
    for name in wanted:
        if name not in available:
            close = difflib.get_close_matches(name, available, n=3, cutoff=0.5)
            listed = f"the closest: {', '.join(close)}" if close else f"has {_shorten(available)}"
            raise InputError(
                f"{source.path} has no {kind} {name!r}; expected one of its columns ({listed}). "
                "Correct the name."
            )


def _check_ids(source: TableSource, ids: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a table without rows, empty ids and repeated ids."""
    if not len(ids["IID"]):
        raise InputError(
            f"{source.path} has a header but no rows; expected one row a participant. "
            "Check that the file was written whole."
        )
    distinct = set(ids["IID"])
    if len(distinct) == len(ids["IID"]) and "" not in distinct:
        return
    keys = list(zip(*ids.values(), strict=True))
    seen: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(keys):
        if not key[-1]:
            raise InputError(
                f"{source.path}, {source.place(row)}: the IID is empty; expected an id in every "
                "row. Fill it in or remove the row."
            )
        first = seen.setdefault(key, row)
        if first != row:
            raise InputError(
                f"{source.path}, {source.place(row)}: the id {' '.join(key)!r} is repeated (first "
                f"in {source.place(first)}); expected one row a participant. Remove or average "
                "the rows."
            )


def _finish_numbers(
    source: TableSource, names: Sequence[str], values: NDArray[np.float64], rule: ReadRule
) -> None:
    """Turn the user's missing codes into NaN, in place; refuse infinity; mention -9."""
    for number in rule.missing_numbers:
        values[values == number] = np.nan
    infinite = np.isinf(values)
    if infinite.any():
        row, column = (int(index) for index in np.argwhere(infinite)[0])
        raise InputError(
            f"{source.path}, {source.place(row)}: {rule.kind} {names[column]!r} is infinite; "
            "expected a finite number or NA. Correct it, or write NA."
        )
    coded = (values == -9).sum(axis=0)
    if coded.any():
        worst = int(coded.argmax())
        _log.warning(
            "%s: %s %r holds -9 in %s rows, taken as a number; if it means missing, give "
            "--missing-value -9", source.path, rule.kind, names[worst], f"{coded[worst]:,}",
        )  # fmt: skip


def _mark_missing(cells: NDArray[Any], rule: ReadRule) -> NDArray[Any]:
    missing = frozenset(rule.missing_text)
    return np.array([None if cell in missing else cell for cell in cells], dtype=object)
