"""An encoder.onnx, open to be run: what it says about itself, and its vectors."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.context import Context, given_context, refuse_gpus, refuse_memory_bound
from igwas.embeddings.providers import MEMORY, OpenSession, first_line, host_buffer, open_session
from igwas.embeddings.sealed_model import KEY, refuse_altered
from igwas.errors import CorruptFile, IgwasError, InputError, ShapeError

_log = logging.getLogger("igwas")

MODEL_FORMAT = "igwas encoder"
INPUT, OUTPUT = "image", "embedding"

Pixels = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelCard:
    """What an encoder.onnx says about itself.

    Parameters
    ----------
    digest : str
        SHA-256 of the .onnx file.
    weights_digest, training_digest : str
        Of the weights, and of the people and photographs it learnt from.
    preprocessing_version : str
        What must have been done to a photograph before.
    size_px : int
        Side of the photographs it takes.
    training_participants : tuple of str
        First 16 hex digits of the SHA-256 of each participant id it was trained or validated on.
    dimension_names : tuple of str
    description : str
        Backbone, objective, views.
    """

    digest: str
    weights_digest: str
    training_digest: str
    preprocessing_version: str
    size_px: int
    training_participants: tuple[str, ...]
    dimension_names: tuple[str, ...]
    description: str

    def attributes(self) -> dict[str, Any]:
        """Root attributes of the embeddings it makes."""
        return {
            "model_digest": self.digest,
            "weights_digest": self.weights_digest,
            "training_digest": self.training_digest,
            "preprocessing_version": self.preprocessing_version,
            "size_px": self.size_px,
            "training_participants": json.dumps(list(self.training_participants)),
            "model_description": self.description,
        }


@dataclass
class Encoder:
    """An encoder on its device.

    Parameters
    ----------
    path : Path
        The .onnx file.
    card : ModelCard
    opened : OpenSession
        The session, its device and why.
    is_half : bool
        Whether it computes in half precision.
    """

    path: Path
    card: ModelCard
    opened: OpenSession
    is_half: bool = False
    _binding: "_DeviceBinding | None" = field(default=None, init=False)
    # One stream of work to a device; the CPU's session takes calls from several threads.
    _turn: AbstractContextManager[Any] = field(default_factory=nullcontext, init=False)

    def __post_init__(self) -> None:
        if self.opened.device != "cpu" or self.opened.device in MEMORY:
            self._turn = Lock()
        if self.opened.device in MEMORY:
            self._binding = _DeviceBinding(self.opened)

    @property
    def n_lanes(self) -> int:
        """Threads that may call `run` at a time with gain."""
        return self.opened.n_lanes

    @property
    def has_fixed_kernels(self) -> bool:
        """Whether a batch of another size costs a new plan, so that short ones are filled up."""
        return self.opened.device != "cpu"

    def run(self, batch: Pixels) -> Vectors:
        """Describe photographs; may be called from several threads.

        Parameters
        ----------
        batch : uint8 (images, rows, columns, 3)
            As in /rgb of images.h5.

        Returns
        -------
        float32 (images, dimensions)

        Raises
        ------
        IgwasError
            If the device fails; ShapeError if the model gives something else.
        """
        try:
            with self._turn:
                vectors = self._binding(batch) if self._binding else self._run_on_cpu(batch)
        except IgwasError:
            raise
        except Exception as error:
            # ONNX Runtime's exceptions share no base class but Exception.
            raise IgwasError(
                f"{self.opened.provider} failed on a batch of {len(batch)} ({first_line(error)}); "
                "expected its vectors. Give a smaller --batch-size, or another --device."
            ) from error
        expected = (len(batch), len(self.card.dimension_names))
        if vectors.shape != expected or vectors.dtype != np.float32:
            raise ShapeError(
                f"{self.path} gave {vectors.dtype} {vectors.shape}; expected float32 {expected} "
                '(images, dimensions). Write the model again with "igwas-fast export".'
            )
        return np.asarray(vectors)

    def _run_on_cpu(self, batch: Pixels) -> Any:
        return self.opened.session.run([OUTPUT], {INPUT: batch})[0]


class _DeviceBinding:
    """Runs with input and output bound to memory that is reused: the device's, and the host's.

    The host's side is pinned where CuPy is there to pin it, so that copies are done by the device.
    """

    def __init__(self, opened: OpenSession) -> None:
        self._opened = opened
        self._binding = opened.session.io_binding()
        self._input: Any = None
        self._staged: Any = None
        self._vectors: Any = None
        self._width = opened.session.get_outputs()[0].shape[1]

    def __call__(self, batch: Pixels) -> Any:
        if self._input is None or self._staged.shape != batch.shape:
            self._bind(batch)
        else:
            self._staged[...] = batch
            self._input.update_inplace(self._staged)
        if self._vectors is None:
            # Only the model knows its width: ONNX Runtime allocates what it brings back.
            self._binding.bind_output(OUTPUT, "cpu")
        self._opened.session.run_with_iobinding(self._binding)
        if self._vectors is None:
            return self._binding.copy_outputs_to_cpu()[0]
        return self._vectors.copy()

    def _bind(self, batch: Pixels) -> None:
        self._staged = host_buffer(batch.shape, np.uint8, self._opened.device)
        self._staged[...] = batch
        place = MEMORY[self._opened.device]
        self._input = self._opened.runtime.OrtValue.ortvalue_from_numpy(self._staged, place, 0)
        self._binding.bind_ortvalue_input(INPUT, self._input)
        if isinstance(self._width, int):
            shape = (len(batch), self._width)
            self._vectors = host_buffer(shape, np.float32, self._opened.device)
            self._binding.bind_output(
                OUTPUT, "cpu", 0, np.float32, list(shape), self._vectors.ctypes.data
            )


def open_encoder(
    path: Path | str, *, context: Context | None = None, runtime: Any = None
) -> Encoder:
    """Open an encoder.onnx on the context's device.

    Parameters
    ----------
    path : Path or str
        Written by `igwas-fast export`.
    context : Context, optional
        Device (`auto`, `cpu`, `cuda`, `tensorrt`, `openvino`) and threads.
    runtime : module, optional
        onnxruntime by default; tests give another.

    Raises
    ------
    InputError
        If it cannot be read, cannot be run, or is no encoder of ours; CorruptFile if its bytes have
        changed since it was exported.
    DeviceUnavailable
        If a device asked for by name cannot be used.
    OptionError
        If the context numbers GPUs or bounds the memory.
    """
    path = Path(path)
    context = given_context(context)
    refuse_gpus(context, "an encoder")
    refuse_memory_bound(context, "an encoder")
    if path.is_dir() or not path.exists():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {found}; expected an encoder.onnx. Check the path.")
    content = path.read_bytes()
    opened = open_session(
        content, device=context.device, threads=context.n_threads, name=str(path), runtime=runtime
    )
    metadata = _read_metadata(path, opened.session)
    card = _read_card(path, hashlib.sha256(content).hexdigest(), metadata)
    _check_face(path, opened.session, card)
    if KEY in metadata:
        refuse_altered(content, metadata[KEY], str(path))
    return Encoder(path, card, opened)


def _read_metadata(path: Path, session: Any) -> dict[str, str]:
    try:
        return dict(session.get_modelmeta().custom_metadata_map)
    except UnicodeDecodeError as error:
        raise CorruptFile(
            f"{path} has metadata that are no text ({error}); expected UTF-8. The file is damaged: "
            "copy or export it again."
        ) from error


def _read_card(path: Path, digest: str, metadata: Mapping[str, str]) -> ModelCard:
    if metadata.get("igwas_format") != MODEL_FORMAT:
        raise InputError(
            f"{path}: metadata igwas_format is {metadata.get('igwas_format')!r}; expected "
            f'{MODEL_FORMAT!r}. Write the model with "igwas-fast export".'
        )
    try:
        return ModelCard(
            digest=digest,
            weights_digest=metadata["igwas_weights_digest"],
            training_digest=metadata.get("igwas_training_digest", ""),
            preprocessing_version=metadata["igwas_preprocessing_version"],
            size_px=int(metadata["igwas_image_size_px"]),
            training_participants=_texts(metadata, "igwas_training_participants"),
            dimension_names=_texts(metadata, "igwas_dimension_names"),
            description=metadata.get("igwas_description", ""),
        )
    except KeyError as error:
        raise InputError(
            f"{path} has no metadata {error.args[0]}; expected what igwas-fast export writes. "
            "Export the model again."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path} has metadata that cannot be read ({first_line(error)}); expected what "
            "igwas-fast export writes. Export the model again."
        ) from error


def _texts(metadata: Mapping[str, str], name: str) -> tuple[str, ...]:
    values = json.loads(metadata[name])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} is no list of texts")
    return tuple(values)


def _check_face(path: Path, session: Any, card: ModelCard) -> None:
    """Refuse a model whose input and output are not those of the contract."""
    inputs = [(one.name, one.type, len(one.shape)) for one in session.get_inputs()]
    outputs = [(one.name, one.type, len(one.shape)) for one in session.get_outputs()]
    if inputs != [(INPUT, "tensor(uint8)", 4)] or outputs[:1] != [(OUTPUT, "tensor(float)", 2)]:
        raise InputError(
            f"{path} takes {inputs} and gives {outputs}; expected uint8 {INPUT!r} (batch, rows, "
            f"columns, 3) and float {OUTPUT!r} (batch, dimension). Export the model again."
        )
    side = session.get_inputs()[0].shape[1]
    if isinstance(side, int) and side != card.size_px:
        raise InputError(
            f"{path} takes photographs of {side} pixels but its metadata say {card.size_px}; "
            "expected the same. Export the model again."
        )
    twice = [name for name, n in Counter(card.dimension_names).items() if n > 1]
    if twice:
        raise InputError(
            f"{path} names dimension {twice[0]!r} twice; expected unique names. Export the model "
            "again."
        )
    width = session.get_outputs()[0].shape[1]
    if isinstance(width, int) and width != len(card.dimension_names):
        raise InputError(
            f"{path} gives {width} dimensions but names {len(card.dimension_names)}; expected a "
            "name each. Export the model again."
        )
