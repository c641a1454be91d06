"""basis.h5: a principal-component or whitening transform, fitted once and applied again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError, OptionError, OutputError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.provenance import root_attributes
from igwas.schema import BASIS

Floats = NDArray[np.float64]

# Variance, as a share of the largest, below which a component is rounding.
_SMALLEST_SHARE = 1e-12


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
    """

    dimension_names: tuple[str, ...]
    component_names: tuple[str, ...]
    mean: Floats
    weight: Floats
    variance: Floats

    def apply(self, values: Floats, names: Sequence[str], where: Path) -> Floats:
        """Transform values of the same dimensions.

        Raises
        ------
        InputError
            If the dimensions are others.
        """
        if tuple(names) != self.dimension_names:
            raise InputError(
                f"{where} has dimensions {', '.join(names[:3])}... ({len(names)}) but the basis "
                f"was fitted to {', '.join(self.dimension_names[:3])}... "
                f"({len(self.dimension_names)}); expected the same encoder. Fit a basis anew."
            )
        return np.asarray((values - self.mean) @ self.weight)


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
    rank = int((variance > _SMALLEST_SHARE * max(variance[0], 0)).sum())
    count = rank if n_components is None else n_components
    if not 1 <= count <= rank:
        raise OptionError(
            f"--components is {count}; expected 1 to {rank}, the rank of {len(values):,} images in "
            f"{len(names)} dimensions."
        )
    variance, vectors = variance[:count], vectors[:, :count]
    # The sign of an eigenvector is the library's whim: let its largest weight be positive.
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(count)])
    width = max(3, len(str(count)))
    components = tuple(f"pc_{number:0{width}d}" for number in range(1, count + 1))
    weight = vectors / np.sqrt(variance) if whiten else vectors
    return LinearBasis(tuple(names), components, mean, weight, variance)


def write_basis(
    path: Path, basis: LinearBasis, *, inputs: Mapping[str, Path | str], overwrite: bool = False
) -> None:
    """Write basis.h5; it appears under its name only once it is complete.

    Raises
    ------
    OutputError
        If the file exists and `overwrite` is false.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists; expected a new file. Give --overwrite to replace it.")
    partial = path.with_name(path.name + ".partial")
    arrays: dict[str, Any] = {
        "/mean": basis.mean, "/weight": basis.weight, "/variance": basis.variance,
    }  # fmt: skip
    try:
        with h5py.File(partial, "w") as file:
            file.attrs.update(root_attributes(BASIS, inputs=inputs))
            text = h5py.string_dtype()
            file.create_dataset("/dimension_name", data=list(basis.dimension_names), dtype=text)
            file.create_dataset("/component_name", data=list(basis.component_names), dtype=text)
            for name, values in arrays.items():
                file.create_dataset(name, data=values)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_basis(path: Path) -> LinearBasis:
    """Read basis.h5; InputError if it is none."""
    with open_hdf5(path, BASIS) as file:
        return LinearBasis(
            tuple(read_texts(file["/dimension_name"])),
            tuple(read_texts(file["/component_name"])),
            file["/mean"][:],
            file["/weight"][:],
            file["/variance"][:],
        )
