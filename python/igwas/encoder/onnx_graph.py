"""The ONNX graph of a describer: written, and compared with torch on real images."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from igwas.embeddings.sealed_model import KEY, PLACEHOLDER, sealed
from igwas.encoder.describer import Describer
from igwas.encoder.extras import require
from igwas.encoder.training_images import read_slabs
from igwas.errors import IgwasError

_OPSET = 20
BATCH = 32


def write_graph(describer: Describer, size_px: int, path: Path, metadata: dict[str, str]) -> None:
    """Write a describer as an ONNX file.

    Parameters
    ----------
    describer : Describer
        In evaluation mode.
    size_px : int
        Side of the images it takes.
    path : Path
    metadata : dict
        For `metadata_props`, beside the digest of the file.
    """
    onnx = require("onnx")
    # Two images: a batch of one would be taken as a constant.
    example = torch.zeros(2, size_px, size_px, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), _quiet("torch.onnx", "onnxscript", "onnx_ir"):
        # The exporter warns of its own libraries' coming changes; the answer is compared below.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            describer,
            (example,),
            dynamo=True,
            opset_version=_OPSET,
            input_names=["image"],
            output_names=["embedding"],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _strip(model.graph)
    onnx.helper.set_model_props(model, metadata | {KEY: PLACEHOLDER})
    onnx.checker.check_model(model)
    path.write_bytes(sealed(model.SerializeToString()))


def _strip(graph: Any) -> None:
    """Leave out what the exporter notes of this machine: paths and lines of source code."""
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("metadata_props")


@torch.no_grad()
def compare(
    describer: Describer, images_path: Path, rows: npt.NDArray[np.int64], path: Path
) -> tuple[float, float]:
    """Largest difference between ONNX Runtime and torch, and the mean length of an embedding."""
    session = _session(path)
    differences, lengths = [], []
    for _, slab in read_slabs(images_path, rows, BATCH):
        theirs = _run(session, slab)
        ours = describer(torch.from_numpy(slab)).numpy()
        differences.append(float(np.abs(theirs - ours).max()))
        lengths.extend(np.linalg.norm(ours, axis=1).tolist())
    # max() of a NaN depends on its place.
    return float(np.max(differences)), float(np.mean(lengths))


def _runtime_errors() -> tuple[type[Exception], ...]:
    """ONNX Runtime's own errors; they share no base but Exception."""
    state = require("onnxruntime.capi.onnxruntime_pybind11_state")
    kinds = (kind for kind in vars(state).values() if isinstance(kind, type))
    return tuple(kind for kind in kinds if issubclass(kind, Exception))


def _run(session: Any, slab: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    try:
        found: npt.NDArray[np.float32] = session.run(["embedding"], {"image": slab})[0]
    except _runtime_errors() as error:
        raise IgwasError(
            f"ONNX Runtime cannot run the exported graph ({error}); expected it to. Report this, "
            "with the versions that igwas-fast doctor prints."
        ) from error
    return found


def _session(path: Path) -> Any:
    runtime = require("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    return runtime.InferenceSession(path.read_bytes(), settings, providers=["CPUExecutionProvider"])


def make_durable(path: Path) -> None:
    """Flush a file to disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Hold back what these libraries log below an error."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
