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
