"""An encoder in half precision, and whether its vectors are still the same phenotypes.

Half precision is about twice as fast on a GPU's tensor cores. What it does to a vector depends on
the network, so it is measured on photographs of the run, dimension by dimension, before it is used.
"""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.encoder import Encoder, Pixels
from igwas.embeddings.image_rows import ImageRows
from igwas.embeddings.providers import first_line, open_session
from igwas.errors import IgwasError, InputError
from igwas.extras import install_command

# A phenotype that correlates r with the true one is worth r^2 of its sample: here 99.9 %.
LEAST_CORRELATION = 0.9995
# Fewer photographs cannot tell that from chance; more would only take time.
LEAST_IMAGES, MOST_IMAGES = 32, 256
_BATCH = 32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fidelity:
    """Vectors in half precision beside those in single, over the same photographs.

    Parameters
    ----------
    n_images : int
    correlation : float64 (dimensions,)
        Pearson's. 1 where neither varies; NaN where one is not finite or only one varies.
    dimension_names : tuple of str
    """

    n_images: int
    correlation: Floats
    dimension_names: tuple[str, ...]

    @property
    def least(self) -> float:
        """The worst dimension's correlation; NaN if any is."""
        return float(np.min(self.correlation))

    def describe(self) -> str:
        """A line for the screen."""
        return (
            f"half precision: dimensions correlate at least {self.least:.6f} with single precision "
            f"over {self.n_images} photographs"
        )

    def require(self) -> None:
        """Refuse half precision that changes a phenotype.

        Raises
        ------
        IgwasError
            Naming the worst dimension.
        """
        # Not `least < ...`: NaN must fail.
        if self.least >= LEAST_CORRELATION:
            return
        worst = int(np.argmin(np.where(np.isnan(self.correlation), -np.inf, self.correlation)))
        raise IgwasError(
            f"in half precision dimension {self.dimension_names[worst]!r} correlates "
            f"{self.correlation[worst]:.5f} with single precision over {self.n_images} "
            f"photographs; expected at least {LEAST_CORRELATION}. Leave --fp16 out."
        )


def halve(content: bytes, name: str) -> bytes:
    """An .onnx file with its weights and arithmetic in float16; its input and output stay.

    Raises
    ------
    IgwasError
        If onnx is not installed.
    InputError
        If the model cannot be converted.
    """
    try:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        raise IgwasError(
            f"--fp16 needs onnx and onnxruntime ({error}); expected both. "
            f"Install them with: {install_command('gpu')}"
        ) from error
    try:
        with warnings.catch_warnings():
            # It warns of every weight that is rounded to the smallest number of half precision.
            warnings.simplefilter("ignore")
            model = convert_float_to_float16(onnx.load_from_string(content), keep_io_types=True)
        converted: bytes = model.SerializeToString()
    # The converter raises whatever its graph surgery meets.
    except Exception as error:
        raise InputError(
            f"{name} cannot be converted to half precision ({first_line(error)}); expected a model "
            'of "igwas-fast export". Leave --fp16 out.'
        ) from error
    return converted


def halved(encoder: Encoder, *, threads: int) -> Encoder:
    """The same encoder on the same device, in half precision.

    Parameters
    ----------
    encoder : Encoder
    threads : int
        Within an operator, on the CPU.

    Raises
    ------
    InputError
        If the model cannot be converted.
    DeviceUnavailable
        If the device no longer starts.
    """
    opened = encoder.opened
    session = open_session(
        halve(encoder.path.read_bytes(), str(encoder.path)), device=opened.device,
        threads=threads, name=f"{encoder.path} in half precision", runtime=opened.runtime,
    )  # fmt: skip
    return Encoder(encoder.path, encoder.card, replace(session, reason=opened.reason), is_half=True)


def checked_half(encoder: Encoder, rows: ImageRows, *, threads: int) -> tuple[Encoder, Fidelity]:
    """The encoder in half precision, if it gives the same phenotypes for photographs of the run.

    Parameters
    ----------
    encoder : Encoder
    rows : ImageRows
        Photographs at even distances are compared.
    threads : int

    Raises
    ------
    IgwasError
        If a dimension changes; InputError if there are too few photographs to tell.
    """
    half = halved(encoder, threads=threads)
    chosen = np.unique(np.linspace(0, len(rows) - 1, MOST_IMAGES).astype(np.int64))
    images = np.concatenate([rows.read(int(row), int(row) + 1) for row in chosen])
    fidelity = measure(encoder, half, images)
    fidelity.require()
    return half, fidelity


def measure(single: Encoder, half: Encoder, images: Pixels) -> Fidelity:
    """Run both over the same photographs.

    Parameters
    ----------
    single, half : Encoder
        The same encoder in both precisions.
    images : uint8 (images, rows, columns, 3)

    Raises
    ------
    InputError
        If there are too few photographs to tell.
    """
    if len(images) < LEAST_IMAGES:
        raise InputError(
            f"there are {len(images)} photographs to compare half precision on; expected at least "
            f"{LEAST_IMAGES}. Leave --fp16 out."
        )
    parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
    a, b = (np.concatenate([one.run(part) for part in parts]) for one in (single, half))
    return Fidelity(len(images), correlations(a, b), single.card.dimension_names)


def correlations(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Floats:
    """Pearson's correlation of each column.

    Parameters
    ----------
    a, b : float (images, dimensions)

    Returns
    -------
    float64 (dimensions,)
        As in `Fidelity`.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        a, b = (np.asarray(x, np.float64) - np.mean(x, axis=0, dtype=np.float64) for x in (a, b))
        # Rounded once: a column that does not vary has a mean that may be off by that much.
        norms = np.sqrt((a**2).sum(axis=0)), np.sqrt((b**2).sum(axis=0))
        found = (a * b).sum(axis=0) / (norms[0] * norms[1])
        both_constant = (norms[0] == 0) & (norms[1] == 0)
    result: Floats = np.where(both_constant, 1.0, found)
    return result
