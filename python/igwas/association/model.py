"""What the core regresses: residualised phenotypes and covariate bases, mask by mask.

Model: y = g beta + X a + e. With Q an orthonormal basis of the covariates X (intercept included),
y~ = (I - QQ')y and u = g'y~ give beta = u / S, S = g'g - |Q'g|^2 (Frisch & Waugh 1933). Phenotypes
are grouped by missingness mask, and every group has its own Q, y~ and degrees of freedom:
projecting once and masking afterwards would be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from igwas import _core
from igwas.association.independent import independent_columns
from igwas.errors import InputError
from igwas.phenotypes.covariates import DEPENDENCE_TOLERANCE, Basis, orthonormal_basis
from igwas.phenotypes.masks import Mask
from igwas.phenotypes.residualise import find_untestable, residualise

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# The core wants rows of whole cache lines.
_COLUMN_MULTIPLE = 8


@dataclass(frozen=True)
class ModelInputs:
    """The analysed samples, in genotype file order, before anything is regressed out.

    Parameters
    ----------
    values : float64 (samples, phenotypes)
        After the transform, if any; NaN is missing.
    names : sequence of str
        Phenotype names.
    masks : sequence of Mask
        Phenotypes grouped by missingness pattern.
    omnibus_values : float64 (samples, phenotypes) or None
        Phenotypes before the transform, for the omnibus test; None where they are `values`.
    covariates : float64 (samples, covariates)
        Intercept first.
    covariate_names : tuple of str
    genotype_rows : int64 (samples,)
        Ascending rows of the genotype file.
    is_male : bool (samples,)
    """

    values: Floats
    names: Sequence[str]
    masks: Sequence[Mask]
    omnibus_values: Floats | None
    covariates: Floats
    covariate_names: tuple[str, ...]
    genotype_rows: NDArray[np.int64]
    is_male: Bools


@dataclass(frozen=True)
class Model:
    """A model ready to scan, and what the statistics file keeps of it.

    Parameters
    ----------
    core : igwas._core.ScanModel
    n_samples, n_covariates, omnibus_dof : int64 (masks,)
    residual_sum_of_squares : float64 (phenotypes,)
    degrees_of_freedom : int64 (phenotypes,)
    covariance : float64 (phenotypes, phenotypes)
        Cross-products of the residuals; NaN between masks.
    dropped_covariates : tuple of str
        Columns that others already explain.
    """

    core: Any
    n_samples: NDArray[np.int64]
    n_covariates: NDArray[np.int64]
    omnibus_dof: NDArray[np.int64]
    residual_sum_of_squares: Floats
    degrees_of_freedom: NDArray[np.int64]
    covariance: Floats
    dropped_covariates: tuple[str, ...]


@dataclass
class _Group:
    """One mask while the model is put together."""

    mask: Mask
    rows: NDArray[np.int64]
    basis: Floats
    dropped: tuple[str, ...]
    responses: Floats
    n_phenotypes: int

    @property
    def width(self) -> int:
        return int(self.responses.shape[1] + self.basis.shape[1])


def one_blas_thread() -> threadpool_limits:
    """Run BLAS on one thread: how it splits a sum would otherwise depend on the cores it finds.

    Shards scanned on machines with different numbers of cores then agree to the bit.
    """
    return threadpool_limits(limits=1, user_api="blas")


def build_model(
    inputs: ModelInputs,
    *,
    is_allowed: Bools | None = None,
    extra_covariates: dict[str, Floats] | None = None,
) -> Model:
    """Residualise every phenotype on the covariates of its mask and lay the columns out.

    Parameters
    ----------
    inputs : ModelInputs
    is_allowed : bool (samples,), optional
        Samples that may be analysed with these chromosomes (sex known; males on Y). Phenotypes
        that cannot be tested among them get no statistics instead of an error.
    extra_covariates : dict of name to float64 (samples,), optional
        Further columns, such as sex on X; those that others explain are dropped without a word.

    Raises
    ------
    InputError
        Without `is_allowed`, if a mask has too few samples for its covariates.
    """
    extra = list((extra_covariates or {}).values())
    groups = [_build_group(inputs, mask, extra, is_allowed) for mask in inputs.masks]
    n, k = inputs.values.shape
    width = sum(group.width for group in groups)
    columns = np.zeros((n, -(-width // _COLUMN_MULTIPLE) * _COLUMN_MULTIPLE))
    rss = np.zeros(k)
    dof = np.zeros(k, dtype=np.int64)
    covariance = np.full((k, k), np.nan)
    core_masks, omnibus_dof = [], []
    begin = 0
    for group in groups:
        index = group.mask.phenotype_index
        gram = group.responses.T @ group.responses
        omnibus = _omnibus_responses(group, gram)
        core_masks.append(_core_mask(group, begin, n, gram, omnibus))
        omnibus_dof.append(len(omnibus))
        stop = begin + group.responses.shape[1]
        # A slice where everybody is in the mask: many times quicker than a list of rows.
        rows = slice(None) if len(group.rows) == n else group.rows
        columns[rows, begin:stop] = group.responses
        columns[rows, stop : begin + group.width] = group.basis
        begin += group.width
        reported = gram[: group.n_phenotypes, : group.n_phenotypes]
        rss[index] = np.diag(reported)
        dof[index] = max(0, len(group.rows) - group.basis.shape[1] - 1)
        covariance[np.ix_(index, index)] = reported
    core = _core.ScanModel(
        columns=columns,
        file_rows=np.ascontiguousarray(inputs.genotype_rows, dtype=np.int64),
        is_male=inputs.is_male.astype(np.uint8),
        masks=core_masks,
    )
    return Model(
        core=core,
        n_samples=np.array([len(group.rows) for group in groups], dtype=np.int64),
        n_covariates=np.array([group.basis.shape[1] for group in groups], dtype=np.int64),
        omnibus_dof=np.array(omnibus_dof, dtype=np.int64),
        residual_sum_of_squares=rss,
        degrees_of_freedom=dof,
        covariance=covariance,
        dropped_covariates=tuple(dict.fromkeys(name for g in groups for name in g.dropped)),
    )


def _build_group(
    inputs: ModelInputs,
    mask: Mask,
    extra: Sequence[Floats],
    is_allowed: Bools | None,
) -> _Group:
    present = mask.is_present if is_allowed is None else mask.is_present & is_allowed
    rows = np.flatnonzero(present)
    width = len(mask.phenotype_index)
    try:
        basis = _basis(inputs.covariates[rows], inputs.covariate_names)
        q = _with_independent(basis.q, [column[rows] for column in extra])
    except InputError:
        if is_allowed is None:
            raise
        nobody = np.zeros(0, dtype=np.int64)
        return _Group(mask, nobody, np.zeros((0, 0)), (), np.zeros((0, width)), width)
    labels = [inputs.names[index] for index in mask.phenotype_index]
    is_tolerant = is_allowed is not None
    blocks = [_residuals(inputs.values, mask, rows, q, labels, is_tolerant=is_tolerant)]
    if inputs.omnibus_values is not None:
        blocks.append(_residuals(inputs.omnibus_values, mask, rows, q, labels, is_tolerant=True))
    return _Group(mask, rows, q, tuple(basis.dropped), np.hstack(blocks), width)


def _basis(covariates: Floats, names: tuple[str, ...]) -> Basis:
    if len(covariates) < 2:
        raise InputError(f"{len(covariates)} samples are left; expected at least 2.")
    return orthonormal_basis(covariates, names)


def _with_independent(q: Floats, extra: Sequence[Floats]) -> Floats:
    """Add the directions that further covariates bring; nothing for those explained already."""
    for column in extra:
        left = column - column.mean()
        spread = float(np.linalg.norm(left))
        for _ in range(2):
            left = left - q @ (q.T @ left)
        norm = float(np.linalg.norm(left))
        if norm > DEPENDENCE_TOLERANCE * spread:
            q = np.column_stack([q, left / norm])
    if len(q) - q.shape[1] - 1 < 1:
        raise InputError(f"{len(q)} samples leave no degree of freedom; expected at least 1.")
    return q


def _residuals(
    values: Floats,
    mask: Mask,
    rows: NDArray[np.int64],
    q: Floats,
    names: Sequence[str],
    *,
    is_tolerant: bool,
) -> Floats:
    """Residuals of a mask's phenotypes; zero, if tolerated, where nothing is left of one.

    The core gives a phenotype without residuals no statistics.
    """
    part = mask.take(values, rows)
    if not is_tolerant:
        return residualise(part, q, names=names)
    labels = [str(column) for column in range(part.shape[1])]
    untestable = {int(label) for label in find_untestable(part, q, labels)}
    testable = [column for column in range(part.shape[1]) if column not in untestable]
    residuals = np.zeros(part.shape)
    if testable:
        residuals[:, testable] = residualise(part[:, testable], q)
    return residuals


def _omnibus_responses(group: _Group, gram: Floats) -> list[int]:
    """Responses of the omnibus test: as many linearly independent ones as there are."""
    first = group.n_phenotypes if group.responses.shape[1] > group.n_phenotypes else 0
    return [first + column for column in independent_columns(gram[first:, first:])]


def _core_mask(group: _Group, begin: int, n_samples: int, gram: Floats, omnibus: list[int]) -> Any:
    is_member = np.zeros(n_samples, dtype=np.uint8)
    is_member[group.rows] = 1
    return _core.MaskGroup(
        responses_begin=begin,
        basis_begin=begin + group.responses.shape[1],
        n_basis=group.basis.shape[1],
        output_column=np.ascontiguousarray(group.mask.phenotype_index, dtype=np.int64),
        sum_of_squares=np.ascontiguousarray(np.diag(gram)),
        is_member=is_member,
        omnibus_response=omnibus,
        omnibus_gram=np.ascontiguousarray(gram[np.ix_(omnibus, omnibus)]),
    )
