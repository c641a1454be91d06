"""A segmentation network of the user's, as .onnx, that draws the view `vessels`."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.providers import first_line, open_session
from igwas.errors import IgwasError, InputError

_SLACK = 1e-3
_GIVE_ANOTHER = "Give --vessel-network a segmentation network in ONNX format."


class VesselNetwork:
    """A network from a crop to the probability of a vessel in each pixel; on the CPU, one thread.

    Its input is either float32 (1, 3, rows, columns), red, green and blue from 0 to 1, or uint8
    (1, rows, columns, 3); rows and columns are those of a crop. Its first output is float32 with
    one value a pixel, from 0 to 1.

    Parameters
    ----------
    path : Path or str
        The .onnx file.

    Raises
    ------
    InputError
        If the file cannot be read, or has another kind of input.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({(error.strerror or str(error)).lower()}); expected a "
                "segmentation network in ONNX format. Check --vessel-network."
            ) from error
        self.digest = hashlib.sha256(content).hexdigest()
        self._session: Any = open_session(
            content, device="cpu", threads=1, name=str(path), remedy=_GIVE_ANOTHER
        ).session
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or not _takes_a_crop(inputs[0].type, inputs[0].shape):
            raise InputError(
                f"{path} takes {', '.join(f'{one.name}: {one.type} {one.shape}' for one in inputs)}"
                "; expected one input, float32 (1, 3, rows, columns) or uint8 (1, rows, columns, "
                "3): one crop in colour. Export the network with such an input."
            )
        self._input = inputs[0].name
        self._takes_bytes = inputs[0].type == "tensor(uint8)"
        self._sides = inputs[0].shape[1:3] if self._takes_bytes else inputs[0].shape[2:]

    def __call__(
        self, crop: npt.NDArray[np.uint8], visible: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.uint8]:
        """Draw the view: 255 is a probability of 1, black outside the disc.

        Parameters
        ----------
        crop : uint8 (side, side, 3)
        visible : bool (side, side)

        Returns
        -------
        uint8 (side, side)

        Raises
        ------
        InputError
            If the network fails on the crop, or gives no probabilities of its shape.
        """
        self._check_side(len(crop))
        probability = self._run(crop)
        if probability.shape != visible.shape or not (
            np.isfinite(probability).all()
            and probability.min() >= -_SLACK
            and probability.max() <= 1 + _SLACK
        ):
            span = f"{probability.min():g} to {probability.max():g}" if probability.size else "none"
            raise InputError(
                f"{self.path} gave values {span} of shape {probability.shape} for a crop of "
                f"{visible.shape[0]} pixels; expected one probability, 0 to 1, for each of its "
                f"pixels. {_what_to_mend(probability, visible.shape)}"
            )
        drawn = np.rint(np.clip(probability, 0, 1) * 255)
        return np.where(visible, drawn, 0).astype(np.uint8)

    def _check_side(self, side: int) -> None:
        fixed = [n for n in self._sides if isinstance(n, int)]
        if all(n == side for n in fixed):
            return
        words = f"Give --size {fixed[0]}" if len(set(fixed)) == 1 else "Export it for square crops"
        raise InputError(
            f"{self.path} takes crops of {' x '.join(map(str, self._sides))} pixels, these have "
            f"{side}; expected the same. {words}, or export the network for crops of any side."
        )

    def _run(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        batch: npt.NDArray[Any] = crop[None]
        if not self._takes_bytes:
            batch = np.ascontiguousarray(batch.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        try:
            found = self._session.run(None, {self._input: batch})[0]
        except Exception as error:  # ONNX Runtime's share no base class but this
            if isinstance(error, IgwasError):
                raise
            raise InputError(
                f"{self.path} failed on a crop of {len(crop)} pixels ({first_line(error)}); "
                "expected its vessels. Check the network on such a crop, or give --size the side "
                "that it was made for."
            ) from error
        one = np.asarray(found, np.float64)
        # (1, 1, rows, columns), (1, rows, columns, 1) and (1, rows, columns) are all one plane.
        return one.reshape([n for n in one.shape if n != 1] or [1])


def _takes_a_crop(kind: str, shape: list[Any]) -> bool:
    """Whether an input may be one crop in colour; what is no number in its shape is free."""
    if len(shape) != 4 or kind not in ("tensor(float)", "tensor(uint8)"):
        return False
    batch, channels = shape[0], shape[1] if kind == "tensor(float)" else shape[3]
    return not (isinstance(batch, int) and batch != 1) and not (
        isinstance(channels, int) and channels != 3
    )


def _what_to_mend(probability: npt.NDArray[np.float64], shape: tuple[int, ...]) -> str:
    if probability.shape != shape:
        return "Export it with one output plane of the side of its input."
    if not np.isfinite(probability).all():
        return "Check the network on such a crop."
    return "Put a sigmoid at its end."


@lru_cache(maxsize=1)
def opened_network(path: Path, digest: str) -> VesselNetwork:
    """The network of this process: opened once, used for every photograph.

    Raises
    ------
    InputError
        If its file is no longer the one of this digest.
    """
    network = VesselNetwork(path)
    if network.digest != digest:
        raise InputError(
            f"{path} has changed since the run began; expected the same network for every "
            "photograph. Start again with --overwrite."
        )
    return network
