"""What `igwas.associate` is given, checked, as the model of a scan."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from igwas.association.device_arrays import copy_to_host
from igwas.association.exchange import as_numpy, gpu_of
from igwas.association.model import Model, ModelInputs, build_model, one_blas_thread
from igwas.association.options import ScanOptions
from igwas.errors import InputError, ShapeError
from igwas.phenotypes.covariates import orthonormal_basis
from igwas.phenotypes.masks import group_by_missingness, mask_numbers
from igwas.phenotypes.residualise import find_untestable
from igwas.phenotypes.transform import rank_inverse_normal

Floats = NDArray[np.float64]
_COPIES = 2.0
_TABLES = (pd.DataFrame, pd.Series)


def on_host(values: Any, what: str) -> Any:
    """An array that the CPU can read: a copy, if it lies on a GPU."""
    return as_numpy(values, what) if gpu_of(values) is None else copy_to_host(values, what)


@dataclass(frozen=True)
class ArrayInputs:
    """What is regressed on genotypes."""

    model: Model
    masks: Any
    names: tuple[str, ...]

    @property
    def mask_of(self) -> NDArray[np.int64]:
        """Mask of each phenotype."""
        return mask_numbers(self.masks, len(self.names)).astype(np.int64)


def array_inputs(
    shape: tuple[int, ...],
    phenotypes: ArrayLike,
    covariates: ArrayLike | None,
    options: ScanOptions,
) -> ArrayInputs:
    """Phenotypes and covariates, checked, and the model of those samples that can be analysed.

    Parameters
    ----------
    shape : tuple of int
        (variants, samples) of the genotypes.
    phenotypes, covariates : array_like
        As of `igwas.associate`.
    options : ScanOptions

    Raises
    ------
    ShapeError
        If they disagree on samples.
    InputError
        If a value is infinite or no number, labels differ, or a phenotype cannot be tested.
    """
    if len(shape) != 2:
        raise ShapeError(f"genotypes have {len(shape)} axes; expected 2: (variants, samples).")
    values, names = _phenotype_matrix(phenotypes)
    columns = _covariate_matrix(covariates, len(values))
    if isinstance(phenotypes, _TABLES) and isinstance(covariates, _TABLES):
        _require_same_labels("row", "phenotypes", phenotypes.index, "covariates", covariates.index)
    if shape[1] != len(values):
        raise ShapeError(
            f"genotypes have {shape[1]:,} samples and phenotypes {len(values):,}; expected "
            "as many. Genotypes are (variants, samples), phenotypes (samples, phenotypes)."
        )
    rows = np.flatnonzero(~np.isnan(columns).any(axis=1) & ~np.isnan(values).all(axis=1))
    with one_blas_thread():
        model, masks = _model(values[rows], names, columns[rows], rows, options)
    return ArrayInputs(model, masks, names)


def dosage_array(genotypes: ArrayLike) -> NDArray[Any]:
    """Genotypes as the core reads them: int8, float32 or float64 (variants, samples), contiguous.

    Raises
    ------
    ShapeError
        If there are not two axes.
    InputError
        If they are no numbers, or one lies outside 0 to 2.
    """
    array = np.asarray(_unmasked(genotypes))
    if array.ndim != 2:
        raise ShapeError(f"genotypes have {array.ndim} axes; expected 2: (variants, samples).")
    kind = array.dtype
    if kind not in (np.float32, np.float64):
        if not np.issubdtype(kind, np.integer):
            raise InputError(
                f"genotypes have dtype {kind}; expected float32, float64 or integers. "
                "Convert them first."
            )
        if array.size and array.max() > _COPIES:
            _refuse_dosage(float(array.max()))
        kind = np.dtype(np.int8)
        # Clipped before the conversion: -999 would wrap round to 25.
        array = array.clip(min=-1) if np.issubdtype(array.dtype, np.signedinteger) else array
    result = np.ascontiguousarray(array, dtype=kind)
    if kind != np.int8 and result.size:
        # fmin and fmax pass over NaN, and are silent where all is NaN.
        low = float(np.fmin.reduce(result, axis=None))
        high = float(np.fmax.reduce(result, axis=None))
        if low < 0 or high > _COPIES:
            _refuse_dosage(low if low < 0 else high)
    return result


def _refuse_dosage(value: float) -> None:
    # All digits: 2.0000001 must not read as 2.
    shown = repr(value).removesuffix(".0")
    raise InputError(
        f"genotypes hold {shown}; expected copies of the effect allele, 0 to 2, or NaN. "
        "Do not standardise them: the scan removes mean and covariates itself; clip what is "
        "outside by rounding."
    )


def _phenotype_matrix(phenotypes: ArrayLike) -> tuple[Floats, tuple[str, ...]]:
    if isinstance(phenotypes, pd.DataFrame):
        names = tuple(str(name) for name in phenotypes.columns)
        return _finite_matrix(_floats(phenotypes, "phenotypes"), "phenotypes"), names
    values = _floats(phenotypes, "phenotypes")
    values = _finite_matrix(values[:, None] if values.ndim == 1 else values, "phenotypes")
    return values, tuple(f"phenotype_{i}" for i in range(values.shape[1]))


def _unmasked(values: ArrayLike) -> ArrayLike:
    """Masked entries of a masked array as NaN; NumPy's conversions would show what lies under."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    return np.where(np.ma.getmaskarray(values), np.nan, np.ma.getdata(values))


def _floats(values: ArrayLike, what: str) -> Floats:
    """A float64 copy."""
    given = _unmasked(on_host(values, what))
    try:
        _require_numbers(given)
        if isinstance(given, _TABLES):
            # Also of columns that may be pd.NA.
            return np.array(given.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.array(given, dtype=np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise InputError(
            f"{what} are no numbers ({error}); expected floats (samples, columns). "
            "Code categories as indicator columns."
        ) from error


def _require_numbers(values: ArrayLike) -> None:
    """NumPy would read text and dates as numbers, and drop the imaginary part of a complex one."""
    array = np.asarray(values)
    if array.dtype.kind not in "biufO":
        raise TypeError(f"dtype {array.dtype}")
    if array.dtype.kind == "O":
        for value in array.flat:
            if isinstance(value, str | bytes | complex | np.datetime64 | np.timedelta64):
                raise TypeError(f"{str(value)[:40]!r} is of type {type(value).__name__}")


def require_same_samples(genotypes: ArrayLike, phenotypes: ArrayLike) -> None:
    """Samples are matched by position: refuse a table of genotypes whose columns are others.

    Parameters
    ----------
    genotypes : array_like (variants, samples)
    phenotypes : array_like (samples, phenotypes)

    Raises
    ------
    InputError
        If both have labels of samples that differ; numbers from 0 are none.
    """
    if not isinstance(genotypes, pd.DataFrame) or not isinstance(phenotypes, _TABLES):
        return
    labels = (genotypes.columns, phenotypes.index)
    if not any(isinstance(each, pd.RangeIndex) for each in labels):
        _require_same_labels("column", "genotypes", labels[0], "phenotypes", labels[1])


def _require_same_labels(
    place: str, what: str, first: pd.Index, other: str, second: pd.Index
) -> None:
    """Labels of as many samples; as text, since the same ids may be numbers of another type."""
    if first.equals(second) or len(first) != len(second):
        return
    for row, (a, b) in enumerate(zip(map(str, first), map(str, second), strict=True)):
        if a != b:
            raise InputError(
                f"{place} {row} of the {what} is {a!r} and row {row} of the {other} {b!r}; "
                "expected the same samples in the same order, since they are matched by position. "
                "Reorder one (by .loc), or give arrays without labels (.to_numpy())."
            )


def _covariate_matrix(covariates: ArrayLike | None, n: int) -> Floats:
    intercept = np.ones((n, 1))
    if covariates is None:
        return intercept
    values = _floats(covariates, "covariates")
    values = _finite_matrix(values[:, None] if values.ndim == 1 else values, "covariates")
    if len(values) != n:
        raise ShapeError(
            f"covariates have {len(values):,} samples and phenotypes {n:,}; expected as many."
        )
    return np.hstack([intercept, values])


def _finite_matrix(values: Floats, what: str) -> Floats:
    if values.ndim != 2 or values.shape[1] == 0:
        raise ShapeError(f"{what} have shape {values.shape}; expected (samples, columns).")
    if np.isinf(values).any():
        raise InputError(f"{what} hold an infinite value; expected numbers, or NaN for missing.")
    return values


def _model(
    values: Floats,
    names: tuple[str, ...],
    columns: Floats,
    rows: NDArray[np.int64],
    options: ScanOptions,
) -> tuple[Model, Any]:
    masks = group_by_missingness(values)
    covariate_names = ("intercept", *(f"covariate_{i}" for i in range(columns.shape[1] - 1)))
    transformed = values if options.transform == "none" else rank_inverse_normal(values)
    inputs = ModelInputs(
        values=transformed,
        names=names,
        masks=masks,
        omnibus_values=None if options.transform == "none" else values,
        covariates=columns,
        covariate_names=covariate_names,
        genotype_rows=rows.astype(np.int64),
        is_male=np.zeros(len(rows), dtype=bool),
    )
    _refuse_untestable(inputs)
    return build_model(inputs), masks


def _refuse_untestable(inputs: ModelInputs) -> None:
    for mask in inputs.masks:
        rows = np.flatnonzero(mask.is_present)
        labels = [inputs.names[i] for i in mask.phenotype_index]
        if len(rows) < 2:
            raise InputError(
                f"phenotype {labels[0]!r} has {len(rows)} samples; expected at least 2."
            )
        q = orthonormal_basis(inputs.covariates[rows], inputs.covariate_names).q
        values = mask.take(inputs.values, rows)
        for name, reason in find_untestable(values, q, labels).items():
            raise InputError(
                f"phenotype {name!r} {reason}; expected variation that the covariates leave. "
                "Leave it out."
            )
