"""What the camera, the day and the focus do to an embedding, taken out before people are made."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.covariates import design_matrix, orthonormal_basis
from igwas.phenotypes.image_table import ImageFacts, ImageTable, is_numeric
from igwas.phenotypes.table import CovariateTable

Floats = NDArray[np.float64]


def image_covariates(
    images: ImageTable, facts: ImageFacts, names: Sequence[str], categorical: Sequence[str] = ()
) -> CovariateTable:
    """Covariates of photographs.

    A column of numbers is a number, one of ISO dates is days; anything else, and what
    `categorical` names, is a category. A group of the audit, unless the user has a column of that
    name, is all of its measures, with an indicator where one cannot be taken, as the audit has
    them: a photograph without a notch has no angle of it, and stays.

    Parameters
    ----------
    images : ImageTable
    facts : ImageFacts
        Of the same images.
    names, categorical : sequence of str

    Returns
    -------
    CovariateTable
        Rows as in `images`, not all of them complete.
    """
    columns: dict[str, NDArray[Any]] = {}
    categories = []
    for name in dict.fromkeys([*names, *categorical]):
        if name not in categorical and (members := facts.members(name)):
            columns |= _group_columns(facts, name, members)
            continue
        cells = facts.cells(name)
        if name in categorical or not is_numeric(cells):
            categories.append(name)
            columns[name] = np.array([None if c is None else str(c) for c in cells], dtype=object)
        else:
            columns[name] = facts.numbers(name)
    return CovariateTable(images.image_id, None, columns, tuple(categories), facts.path)


def covariate_columns(
    facts: ImageFacts, names: Sequence[str], categorical: Sequence[str] = ()
) -> tuple[str, ...]:
    """The columns that the names stand for: of a group, its measures."""
    columns: list[str] = []
    for name in names:
        columns += (name not in categorical and facts.members(name)) or (name,)
    return tuple(dict.fromkeys(columns))


def _group_columns(facts: ImageFacts, name: str, members: Sequence[str]) -> dict[str, Floats]:
    """Columns of a group; NaN only for photographs that have none of its measures."""
    values = np.column_stack([facts.numbers(member) for member in members])
    is_missing = np.isnan(values)
    is_absent = is_missing.all(axis=1)
    columns = {}
    for at, member in enumerate(members):
        own = is_missing[:, at]
        if own.all():
            continue
        # Whatever stands in: the indicator takes it up.
        columns[member] = np.where(own, values[~own, at].mean(), values[:, at])
        columns[member][is_absent] = np.nan
        if (own & ~is_absent).any():
            columns[f"{member} is missing"] = own.astype(np.float64)
    if not columns:
        raise InputError(
            f"no image has a measure of {name!r}; expected some. Leave it out of --regress-out."
        )
    return columns


def regress_out(values: Floats, covariates: CovariateTable) -> Floats:
    """Residuals on an intercept and the covariates, with the mean put back.

    Parameters
    ----------
    values : float64 (images, dimensions)
    covariates : CovariateTable
        Complete.

    Raises
    ------
    InputError
        If there are not more images than covariates.
    """
    design = design_matrix(covariates)
    columns = np.hstack([np.ones((len(values), 1)), design.columns])
    if len(values) <= columns.shape[1]:
        raise InputError(
            f"{len(values):,} images for {columns.shape[1]:,} image covariates (intercept "
            "counted); expected more images. Regress out fewer columns."
        )
    q = orthonormal_basis(columns, ("intercept", *design.names)).q
    residuals = values - q @ (q.T @ values)
    return np.asarray(residuals + values.mean(axis=0))
