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
        self._session: Any = open_session(content, device="cpu", threads=1, name=str(path)).session
        inputs = self._session.get_inputs()
        taken = [(one.type, len(one.shape)) for one in inputs]
        if taken not in ([("tensor(float)", 4)], [("tensor(uint8)", 4)]):
            raise InputError(
                f"{path} takes {', '.join(f'{one.name}: {one.type} {one.shape}' for one in inputs)}"
                "; expected one input, float32 (1, 3, rows, columns) or uint8 (1, rows, columns, "
                "3). Export the network with such an input."
            )
        self._input = inputs[0].name
        self._takes_bytes = taken[0][0] == "tensor(uint8)"

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
                "pixels. Put a sigmoid at its end, or give --size the side it was made for."
            )
        drawn = np.rint(np.clip(probability, 0, 1) * 255)
        return np.where(visible, drawn, 0).astype(np.uint8)

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
                "expected its vessels. Give --size the side that the network was made for."
            ) from error
        one = np.asarray(found, np.float64)
        # (1, 1, rows, columns), (1, rows, columns, 1) and (1, rows, columns) are all one plane.
        return one.reshape([n for n in one.shape if n != 1] or [1])


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
