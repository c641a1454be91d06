"""basis.h5: components of an embedding, fitted once and applied again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError, OptionError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.phenotypes.image_table import ImageTable
from igwas.provenance import root_attributes
from igwas.schema import BASIS
from igwas.sole_writer import refuse_existing, require_folder
from igwas.steady_file import create_hdf5
from igwas.whole_file import whole_file

Floats = NDArray[np.float64]

# Variance, as a share of the largest, below which a component is rounding.
SMALLEST_SHARE = 1e-12
# Rounding of a fit is far below, of a basis in float32 below.
_TOLERANCE = 1e-5
# Of left and right, times the deviation: where the eyes hardly vary, rounding is a part in 10^4.
_SHORTEST = 0.99
# Units of dimensions that differ a hundred million times, and directions in which the eyes vary a
# million times less, make weights as long as this, and no longer.
_LONGEST = 1e15
# Of columns of length 1: fits have seven digits more than rounding.
_LEAST_SINGULAR = 1e-12


@dataclass(frozen=True)
class LinearBasis:
    """New values are (values - mean) @ weight.

    Parameters
    ----------
    dimension_names, component_names : tuple of str
    mean : float64 (dimensions,)
    weight : float64 (dimensions, components)
    variance : float64 (components,)
        Of each component where it was fitted, before whitening.
    correlation : float64 (components,), optional
        Of left and right eyes where it was fitted, if the components were chosen by it.
    regressed_out : tuple of str, optional
        Image covariates that had been regressed out where it was fitted; None is not known.
    model_digest : str
        Of the encoder that made the embeddings; empty is not known.
    """

    dimension_names: tuple[str, ...]
    component_names: tuple[str, ...]
    mean: Floats
    weight: Floats
    variance: Floats
    correlation: Floats | None = None
    regressed_out: tuple[str, ...] | None = None
    model_digest: str = ""

    def apply(self, images: ImageTable) -> ImageTable:
        """Transform embeddings of the same encoder.

        Raises
        ------
        InputError
            If the dimensions are others, or they are known to be another encoder's.
        """
        names = images.names
        if names != self.dimension_names:
            raise InputError(
                f"{images.path} has dimensions {', '.join(names[:3])}... ({len(names)}) but the "
                f"basis was fitted to {', '.join(self.dimension_names[:3])}... "
                f"({len(self.dimension_names)}); expected the same encoder. Fit a basis anew."
            )
        own, its = self.model_digest, images.model_digest
        if own and its and own != its:
            raise InputError(
                f"{images.path} is of another encoder (digest {its[:12]}) than the basis "
                f"({own[:12]}): their dimensions are not the same measures; expected the same "
                "encoder. Fit a basis anew."
            )
        values = np.asarray((images.values - self.mean) @ self.weight)
        return images.with_values(values, self.component_names)


def fit_basis(
    values: Floats, names: Sequence[str], n_components: int | None = None, *, whiten: bool = False
) -> LinearBasis:
    """Principal components, of variance 1 if whitened.

    Parameters
    ----------
    values : float64 (images, dimensions)
    names : sequence of str
    n_components : int, optional
        Those of largest variance; all that are no rounding by default.
    whiten : bool
        Scale every component to variance 1.

    Raises
    ------
    OptionError
        If there are fewer components.
    """
    mean = values.mean(axis=0)
    centred = values - mean
    variance, vectors = np.linalg.eigh(centred.T @ centred / max(1, len(values) - 1))
    variance, vectors = variance[::-1], vectors[:, ::-1]
    rank = int((variance > SMALLEST_SHARE * max(variance[0], 0)).sum())
    count = rank if n_components is None else n_components
    if not 1 <= count <= rank:
        raise OptionError(
            f"--components is {count}; expected 1 to {rank}, the rank of {len(values):,} images in "
            f"{len(names)} dimensions."
        )
    variance, vectors = variance[:count], vectors[:, :count]
    vectors = positive_sign(vectors)
    weight = vectors / np.sqrt(variance) if whiten else vectors
    return LinearBasis(tuple(names), component_names("pc", count), mean, weight, variance)


def positive_sign(vectors: Floats) -> Floats:
    """Columns with their largest weight positive: an eigenvector's sign is the library's whim."""
    largest = np.abs(vectors).argmax(axis=0)
    return np.asarray(vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])]))


def component_names(kind: str, count: int) -> tuple[str, ...]:
    """Names pc_001, pc_002... of one width.

    Examples
    --------
    >>> component_names("pc", 2)
    ('pc_001', 'pc_002')
    """
    width = max(3, len(str(count)))
    return tuple(f"{kind}_{number:0{width}d}" for number in range(1, count + 1))


def refuse_basis_output(path: Path, output: Path, *, overwrite: bool) -> None:
    """Refuse, before any work, a place where a basis cannot be written.

    Raises
    ------
    OptionError
        If it is the output, whatever the spelling of its path.
    OutputError
        If the file exists and `overwrite` is false, or there is no such folder.
    """
    if path.resolve() == output.resolve():
        raise OptionError(f"--save-basis is {path}, the output; expected another file.")
    refuse_existing(path, overwrite=overwrite)
    require_folder(path)


@contextmanager
def new_basis(
    path: Path,
    basis: LinearBasis,
    *,
    inputs: Mapping[str, Path | str],
    options: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Write basis.h5; it gets its name if the block beneath succeeds, and is gone otherwise.

    Parameters
    ----------
    path : Path
    basis : LinearBasis
    inputs : mapping of role to path
    options : mapping, optional
        Those of `PhenotypeOptions.as_dict`.

    Raises
    ------
    OutputError
        If the system refuses a write.
    """
    arrays: dict[str, Any] = {
        "/mean": basis.mean, "/weight": basis.weight, "/variance": basis.variance,
    }  # fmt: skip
    if basis.correlation is not None:
        arrays["/correlation"] = basis.correlation
    with whole_file(path, can_resume=False) as partial:
        with create_hdf5(partial) as (file, _):
            file.attrs.update(root_attributes(BASIS, inputs=inputs, options=options))
            file.attrs["model_digest"] = basis.model_digest
            text = h5py.string_dtype()
            file.create_dataset("/dimension_name", data=list(basis.dimension_names), dtype=text)
            file.create_dataset("/component_name", data=list(basis.component_names), dtype=text)
            for name, values in arrays.items():
                file.create_dataset(name, data=values)
        yield


def read_basis(path: Path) -> LinearBasis:
    """Read basis.h5.

    Raises
    ------
    InputError
        If it is none, has no component, or numbers or names that cannot be.
    """
    with open_hdf5(path, BASIS) as file:
        basis = LinearBasis(
            tuple(read_texts(file["/dimension_name"])),
            tuple(read_texts(file["/component_name"])),
            file["/mean"][:],
            file["/weight"][:],
            file["/variance"][:],
            file["/correlation"][:] if "/correlation" in file else None,
            _regressed_out(file.attrs, path),
            str(file.attrs.get("model_digest", "")),
        )
    _refuse_damaged(basis, path)
    refuse_unfit(basis, path)
    return basis


def _refuse_damaged(basis: LinearBasis, path: Path) -> None:
    if not basis.component_names:
        raise InputError(f"{path} has no component; expected at least one. Fit a basis anew.")
    if not all(basis.component_names):
        raise InputError(f"{path} has a component without a name; expected one. Fit a basis anew.")
    numbers = np.vstack([basis.weight, basis.mean @ basis.weight])
    is_number = np.asarray(np.isfinite(numbers).all(axis=0))
    for at, name in enumerate(basis.component_names):
        if not is_number[at]:
            reason = "weights or a mean that are no numbers"
        elif not basis.weight[:, at].any():
            reason = "only weights of 0"
        else:
            continue
        raise InputError(
            f"{path}: component {name!r} has {reason}; expected finite weights. The file is "
            "damaged: fit a basis anew."
        )


def refuse_unfit(basis: LinearBasis, path: Path) -> None:
    """Refuse a basis that no fit gives: the phenotypes would be none, without a word.

    Principal components have weights at right angles, of length 1 or, whitened, 1 / sqrt(variance).
    Those of left and right, w with w'Sw = 1 and variance |Sw|^2, are no shorter than 1 /
    sqrt(variance), as w'Sw is at most |w| |Sw|, and not one of them is a combination of others.
    """
    damage = _unfit_values(basis)
    if not damage:
        length = np.sqrt(_squares(basis.weight))
        scaled = length * np.sqrt(basis.variance)
        if basis.correlation is not None:
            is_unfit = ~((scaled >= _SHORTEST) & (scaled <= _LONGEST))
            is_dependent = not _is_independent(basis.weight)
            expected = f"1 / sqrt(variance), to {_LONGEST:g} times as much"
        else:
            is_unfit = ~(_is_one(length) | _is_one(scaled))
            directions = basis.weight / np.where(length > 0, length, 1)
            products = np.abs(directions.T @ directions - np.eye(len(length)))
            is_dependent = bool((products > _TOLERANCE).any())
            expected = "1, or 1 / sqrt(variance)"
        if is_unfit.any():
            at = int(is_unfit.argmax())
            damage = (
                f"component {basis.component_names[at]!r} has weights of length {length[at]:.3g} "
                f"and variance {basis.variance[at]:.3g}; expected {expected}"
            )
        elif is_dependent:
            damage = (
                "two components have the same weights, or weights that are not at right angles; "
                "expected components that say something of their own"
            )
    if damage:
        raise InputError(f"{path}: {damage}. The file is damaged or no fit: fit a basis anew.")


def _unfit_values(basis: LinearBasis) -> str:
    for at, name in enumerate(basis.component_names):
        if not 0 < basis.variance[at] < np.inf:
            return (
                f"component {name!r} has variance {basis.variance[at]}; expected a number above 0"
            )
        if basis.correlation is not None and not abs(basis.correlation[at]) <= 1 + _TOLERANCE:
            return (
                f"component {name!r} has a left-right correlation of {basis.correlation[at]}; "
                "expected -1 to 1"
            )
    return ""


def _squares(weight: Floats) -> Floats:
    """Squared lengths; what overflows is infinite, and of no length that is expected."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.square(weight).sum(axis=0))


def _is_one(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.abs(values - 1) <= _TOLERANCE)


def _is_independent(weight: Floats) -> bool:
    """Whether no column is a combination of others, whatever the units of rows and columns."""
    largest = np.abs(weight).max(axis=1, keepdims=True)
    rows = weight / np.where(largest > 0, largest, 1)
    columns = rows / np.linalg.norm(rows, axis=0)
    return bool(np.linalg.svd(columns, compute_uv=False)[-1] > _LEAST_SINGULAR)


def _regressed_out(attributes: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    text = attributes.get("options", "{}")
    try:
        options = json.loads(text)
        found = options.get("regress_out")
        if found is None:
            return None
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise ValueError(f"regress_out is {found!r}")
        return tuple(found)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: the attribute options is {str(text)[:60]!r} ({error}); expected the options "
            "of igwas-fast phenotypes, as JSON. The file is damaged: fit a basis anew."
        ) from error
