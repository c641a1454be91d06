"""Linear combinations of phenotypes: from a table, a subset, principal components, a variant."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.independent import independent_columns
from igwas.association.reserved_names import refuse_test_names
from igwas.association.statistics_file import StatisticsFile
from igwas.association.variant_lookup import find_variant
from igwas.errors import InputError, OptionError
from igwas.last_line import warn_of_cut
from igwas.quoted_cells import WHITE_SPACE, refuse_open_quotes

_LARGEST = 1e50

Floats = NDArray[np.float64]

_ID_COLUMN = "phenotype"


@dataclass(frozen=True)
class Weights:
    """Combinations of the phenotypes of a statistics file.

    Parameters
    ----------
    names : tuple of str
        One for each combination, unique.
    matrix : float64 (phenotypes, combinations)
        A combination is the weighted sum of the phenotypes, in the order of the file.
    origin : str
        Where they are from, in words, for the provenance of the result.
    caution : str
        Which of their tests are none, in a line; empty where all are.
    notes : tuple of str
        What else the user should know, a line each.
    """

    names: tuple[str, ...]
    matrix: Floats
    origin: str
    caution: str = ""
    notes: tuple[str, ...] = ()

    def masks(self, mask_of_phenotype: NDArray[np.int64]) -> NDArray[np.int64]:
        """Missingness mask of each combination.

        Raises
        ------
        OptionError
            If a combination has no weight, or mixes phenotypes of several masks.
        """
        found = []
        for column, name in enumerate(self.names):
            masks = np.unique(mask_of_phenotype[np.flatnonzero(self.matrix[:, column])])
            if not len(masks):
                raise OptionError(
                    f"combination {name!r} has no weight that is not zero; expected at least one. "
                    "Leave it out."
                )
            if len(masks) > 1:
                raise OptionError(
                    f"combination {name!r} mixes phenotypes of {len(masks)} missingness masks; "
                    "expected phenotypes measured in the same people, since effects in different "
                    'samples do not add up. Combine them before the scan ("igwas-fast '
                    'phenotypes" makes the mean and the difference of eyes).'
                )
            found.append(int(masks[0]))
        return np.array(found, dtype=np.int64)


def read_weights(path: Path | str, phenotypes: Sequence[str]) -> Weights:
    """Read a table: a row a phenotype, named in the column `phenotype`; a column a combination.

    Parameters
    ----------
    path : Path or str
        Text separated by tabs, commas or white space; `.parquet` is read as Parquet.
    phenotypes : sequence of str
        Names in the statistics file. Those that the table does not name have weight 0.

    Raises
    ------
    InputError
        If there is no column `phenotype`, a name is unknown or repeated, or a weight is no finite
        number.
    """
    path = Path(path)
    table = _read_table(path)
    names = [str(name) for name in table.columns if name != _ID_COLUMN]
    if _ID_COLUMN not in table.columns or not names:
        raise InputError(
            f"{path} has columns {', '.join(map(str, table.columns))}; expected {_ID_COLUMN!r} and "
            "one column of weights for each combination. Name the first column phenotype."
        )
    rows = [str(name) for name in table[_ID_COLUMN]]
    position = {name: row for row, name in enumerate(phenotypes)}
    unknown = [name for name in rows if name not in position]
    if unknown:
        close = difflib.get_close_matches(unknown[0], list(phenotypes), n=3) or phenotypes[:3]
        raise InputError(
            f"{path} names phenotype {unknown[0]!r} ({len(unknown)} unknown in all); expected "
            f"phenotypes of the statistics file, such as {', '.join(close)}. Correct the name."
        )
    if len(set(rows)) < len(rows):
        repeated = next(name for row, name in enumerate(rows) if name in rows[:row])
        raise InputError(f"{path} names phenotype {repeated!r} twice; expected once. Remove a row.")
    values = table[names].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"{path}: weight {names[column]!r} of {rows[row]!r} is "
            f"{table[names].iloc[row, column]!r}; expected a finite number. Write 0 for no weight."
        )
    # Their squares are summed: beyond these they would overflow, or vanish.
    is_extreme = (values != 0) & ((np.abs(values) > _LARGEST) | (np.abs(values) < 1 / _LARGEST))
    if is_extreme.any():
        row, column = np.argwhere(is_extreme)[0]
        raise InputError(
            f"{path}: weight {names[column]!r} of {rows[row]!r} is {values[row, column]:g}; "
            f"expected 0, or {1 / _LARGEST:g} to {_LARGEST:g} in size. Rescale the weights."
        )
    matrix = np.zeros((len(phenotypes), len(names)))
    matrix[[position[name] for name in rows]] = values
    return Weights(tuple(names), matrix, f"weights {path.name}")


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        with path.open(encoding="utf-8-sig") as stream:
            header = stream.readline()
        separator = "\t" if "\t" in header else "," if "," in header else WHITE_SPACE
        refuse_open_quotes(path, separator)
        how: dict[str, Any] = {"sep": separator, "dtype": str, "encoding": "utf-8-sig"}
        first = pd.read_csv(path, header=None, nrows=1, keep_default_na=False, **how)
        # Read as a header, a second column of the same name would be renamed without a word.
        _require_names([str(name) for name in first.iloc[0]], path)
        table: pd.DataFrame = pd.read_csv(path, **how)
        warn_of_cut(path)
        return table
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"{path} cannot be read as a table ({str(error).splitlines()[0]}); expected a header "
            "and one row a phenotype. Check the file."
        ) from error


def _require_names(names: Sequence[str], path: Path) -> None:
    refuse_test_names(names, str(path))
    for column, name in enumerate(names):
        if not name.strip():
            raise InputError(
                f"{path}: column {column + 1} of the header has no name; expected the name of a "
                "combination. Name it."
            )
        if name in names[:column]:
            raise InputError(
                f"{path} names the column {name!r} twice; expected a name of its own for each "
                "combination. Rename one."
            )


def subset_weights(statistics: StatisticsFile, phenotypes: Sequence[str]) -> Weights:
    """Some phenotypes as they are, for the omnibus test of just these.

    Raises
    ------
    OptionError
        If one is unknown or named twice.
    """
    columns = [statistics.phenotype_index(name) for name in phenotypes]
    if len(set(columns)) < len(columns):
        raise OptionError("a phenotype of --phenotypes is named twice; expected each once.")
    matrix = np.zeros((statistics.n_phenotypes, len(columns)))
    matrix[columns, np.arange(len(columns))] = 1.0
    return Weights(tuple(phenotypes), matrix, "a subset of the phenotypes")


def principal_components(
    statistics: StatisticsFile, count: int, *, mask: int | None = None, model: int = 0
) -> Weights:
    """Eigenvectors of the phenotypes' covariance, covariates removed, of largest variance.

    Parameters
    ----------
    statistics : StatisticsFile
    count : int
        Components wanted.
    mask : int, optional
        Missingness mask; by default as `StatisticsFile.omnibus_mask` chooses.
    model : int
        Whose covariance; the first is that of the autosomes unless predictions were subtracted.

    Returns
    -------
    Weights
        `pc_001`...: of length 1, the largest weight positive.

    Raises
    ------
    OptionError
        If there are fewer components than asked for.
    """
    chosen = statistics.omnibus_mask(mask)
    columns = np.flatnonzero(statistics.masks == chosen)
    gram = statistics.covariance(model)[np.ix_(columns, columns)]
    rank = len(independent_columns(gram))
    if not 1 <= count <= rank:
        raise OptionError(
            f"--principal-components is {count}; expected 1 to {rank}, the rank of the "
            f"{len(columns)} phenotypes of mask {chosen}."
        )
    vectors = np.linalg.eigh(gram)[1][:, ::-1][:, :count]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(count)])
    matrix = np.zeros((statistics.n_phenotypes, count))
    matrix[columns] = vectors
    names = tuple(f"pc_{number:03d}" for number in range(1, count + 1))
    return Weights(
        names,
        matrix,
        f"principal components of mask {chosen}, model {model}",
        notes=(f"principal components of {statistics.describe_mask(chosen)}",),
    )


def lead_direction(
    statistics: StatisticsFile, variants: Sequence[str], *, mask: int | None = None
) -> Weights:
    """The combination that each variant moves most, w = Sigma^-1 beta, scaled to variance 1.

    Of all combinations it has the largest t at that variant: t^2 / (t^2 + dof) is the R^2 of the
    omnibus test. p at the variant itself, and at variants linked with it, is therefore not a test;
    p elsewhere is.

    Parameters
    ----------
    statistics : StatisticsFile
    variants : sequence of str
        Ids, or chromosome:position[:other:effect].
    mask : int, optional
        Missingness mask; by default as `StatisticsFile.omnibus_mask` chooses.

    Raises
    ------
    OptionError
        If a variant is not in the file, or could not be tested.
    """
    chosen = statistics.omnibus_mask(mask)
    columns = np.flatnonzero(statistics.masks == chosen)
    matrix = np.zeros((statistics.n_phenotypes, len(variants)))
    for number, name in enumerate(variants):
        row = find_variant(statistics, name)
        model = statistics.models(row, row + 1)[0]
        gram = statistics.covariance(max(0, int(model)))[np.ix_(columns, columns)]
        use = independent_columns(gram)
        beta = statistics.beta[row, columns[use]].astype(np.float64)
        if not np.isfinite(beta).all() or not beta.any():
            raise OptionError(
                f"--lead-variant {name!r} was not tested in mask {chosen}; expected a variant with "
                "statistics. Name another variant or mask."
            )
        direction = np.linalg.solve(gram[np.ix_(use, use)], beta)
        dof = float(statistics.degrees_of_freedom[row, chosen])
        variance = direction @ gram[np.ix_(use, use)] @ direction / dof
        matrix[columns[use], number] = direction / np.sqrt(variance)
    if len(set(variants)) < len(variants):
        raise OptionError("a variant of --lead-variant is named twice; expected each once.")
    return Weights(
        tuple(f"lead_{name}" for name in variants),
        matrix,
        f"directions of variants in mask {chosen}",
        caution=_lead_caution(variants),
        notes=(f"directions of variants in {statistics.describe_mask(chosen)}",),
    )


def _lead_caution(variants: Sequence[str]) -> str:
    shown = ", ".join(variants[:3]) + (", ..." if len(variants) > 3 else "")
    return (
        f"a combination was chosen by the data of its lead variant ({shown}): its p there, and at "
        "variants linked with it, is no test; p elsewhere is"
    )


def weights_chooser(
    *,
    weights: Path | None = None,
    components: int | None = None,
    lead_variants: Sequence[str] = (),
    phenotypes: Sequence[str] | None = None,
    mask: int | None = None,
    model: str | None = None,
) -> Callable[[StatisticsFile], Weights]:
    """Turn the options of `igwas-fast project` into a choice of combinations.

    Raises
    ------
    OptionError
        Unless exactly one kind of combination is asked for.
    """
    given = [weights is not None, components is not None, bool(lead_variants), bool(phenotypes)]
    if sum(given) != 1:
        raise OptionError(
            f"{sum(given)} kinds of combinations are asked for; expected one of --weights, "
            "--principal-components, --lead-variant and --phenotypes."
        )

    if model is not None and components is None:
        raise OptionError("--model is given without --principal-components; expected both.")
    if mask is not None and components is None and not lead_variants:
        raise OptionError(
            "--mask is given without --principal-components or --lead-variant; expected one of "
            "them. Weights and names of phenotypes say themselves which mask they are of."
        )

    def choose(statistics: StatisticsFile) -> Weights:
        if weights is not None:
            return read_weights(weights, statistics.phenotype_names)
        if components is not None:
            number = 0 if model is None else _model_of(statistics, model)
            return principal_components(statistics, components, mask=mask, model=number)
        if phenotypes:
            return subset_weights(statistics, phenotypes)
        return lead_direction(statistics, lead_variants, mask=mask)

    return choose


def _model_of(statistics: StatisticsFile, chromosome: str) -> int:
    groups = [text.decode() for text in statistics.array("/models/chromosomes").tolist()]
    for number, group in enumerate(groups):
        if chromosome in group.split(","):
            return number
    raise OptionError(
        f"--model is {chromosome!r}; expected a chromosome of {statistics.path}: "
        f"{', '.join(groups)}."
    )
