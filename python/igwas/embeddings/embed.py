"""Describe every photograph: images.h5 + encoder.onnx -> embeddings.h5, or arrays to arrays."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from igwas.context import Context, given_context
from igwas.embeddings import embeddings_file
from igwas.embeddings.embed_options import EmbedOptions, EmbedSummary
from igwas.embeddings.embedding_run import EmbeddingRun, Progress, split_batches
from igwas.embeddings.encoder import Encoder, open_encoder
from igwas.embeddings.half_precision import checked_half
from igwas.embeddings.image_rows import check_fit, open_image_rows
from igwas.embeddings.inference import describe_batches
from igwas.embeddings.photographs import (
    MadeImages,
    finished_summary,
    images_paths,
    is_finished,
    is_photographs,
    made_images,
)
from igwas.embeddings.test_time_views import TestTimeViews
from igwas.errors import IncompleteFile, OptionError, ShapeError
from igwas.output_paths import OutputPaths
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)

_log = logging.getLogger("igwas")


def embed(
    images: npt.NDArray[np.uint8],
    model: Path | str | Encoder,
    *,
    batch_size: int = 16,
    test_time: Sequence[str] = (),
    context: Context | None = None,
) -> npt.NDArray[np.float32]:
    """Describe photographs that are in memory.

    Parameters
    ----------
    images : uint8 (images, rows, columns, 3)
        As in /rgb of images.h5: `igwas.images.fundus.prepare` makes one of a photograph.
    model : Path, str or Encoder
        An encoder.onnx, or one that `open_encoder` opened before.
    batch_size : int
        Photographs at a time.
    test_time : sequence of str
        Views whose vectors are averaged: `flip`, `rotate`.
    context : Context, optional
        Device and threads; not used with an open Encoder, which has its own.

    Returns
    -------
    float32 (images, dimensions)

    Raises
    ------
    ShapeError
        If the photographs are no square uint8 pictures of the size the model takes.
    InputError
        If the model cannot be used, or gives a value that is not finite.
    DeviceUnavailable
        If the context names a device that cannot be used.
    """
    encoder = model if isinstance(model, Encoder) else open_encoder(model, context=context)
    options = EmbedOptions(batch_size=batch_size, test_time=tuple(test_time))
    images = np.asarray(images)
    batch_size = min(batch_size, max(1, len(images)))
    side = encoder.card.size_px
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (side, side, 3):
        raise ShapeError(
            f"images are {images.dtype} {images.shape}; expected uint8 (images, {side}, {side}, "
            "3). Prepare the photographs with igwas.images.fundus.prepare."
        )
    vectors = np.empty((len(images), len(encoder.card.dimension_names)), np.float32)
    for (start, stop), block in describe_batches(
        encoder, lambda start, stop: images[start:stop], split_batches(len(images), batch_size),
        TestTimeViews(options.test_time, side), batch_size=batch_size, name_of=str,
    ):  # fmt: skip
        vectors[start:stop] = block
    return vectors


def embed_images(
    images: Path | str,
    model: Path | str,
    output: Path | str,
    *,
    options: EmbedOptions | None = None,
    context: Context | None = None,
    progress: Progress | None = None,
) -> EmbedSummary:
    """Describe photographs and write embeddings.h5.

    Parameters
    ----------
    images : Path
        Written by `igwas-fast images`; or a folder or manifest of photographs, as that command
        takes them, which are then made into images first, in a file beside the output that is
        removed at the end.
    model : Path
        encoder.onnx, written by `igwas-fast export`.
    output : Path
        The file to write. While the encoder runs it is `<output>.partial`.
    options : EmbedOptions, optional
    context : Context, optional
        Device, threads, bound on memory.
    progress : callable(done, total), optional
        Called after each batch.

    Returns
    -------
    EmbedSummary

    Raises
    ------
    InputError
        If an input cannot be used, the two do not fit each other, or a vector is not finite.
    DeviceUnavailable
        If a device asked for by name cannot be used.
    OutputError
        If the output exists, or cannot be written.
    IncompleteFile
        If an interrupted run is in the way, or was made from something else.
    """
    options = options or EmbedOptions()
    context = given_context(context)
    paths = OutputPaths(Path(output))
    inputs = {"images": Path(images), "model": Path(model)}
    _check_output(paths, options)
    refuse_inputs(paths.output, inputs)
    with sole_writer(paths.output):
        # The bound is on the batches, which are planned here.
        encoder = open_encoder(model, context=replace(context, max_memory_bytes=None))
        if not is_photographs(Path(images)):
            return _embed_file(Path(images), encoder, paths, options, context, progress)
        if options.resume and is_finished(Path(images), encoder, paths, options):
            _log.info("%s is complete: nothing to resume", paths.output)
            return finished_summary(encoder, paths)
        with made_images(Path(images), encoder, paths, options, context, progress) as made:
            return _embed_file(made.path, encoder, paths, options, context, progress, made)


def _embed_file(
    images: Path,
    encoder: Encoder,
    paths: OutputPaths,
    options: EmbedOptions,
    context: Context,
    progress: Progress | None,
    made: MadeImages | None = None,
) -> EmbedSummary:
    """Describe an images.h5; `made` says that it was made of photographs for this."""
    inputs = made.inputs if made else {"images": images}
    with open_image_rows(images, min_grade=options.min_grade) as rows:
        check_fit(rows, encoder.card, encoder.path)
        notes = made.notes if made else ()
        attributes = made.attributes if made else {}
        if options.fp16:
            encoder, fidelity = checked_half(encoder, rows, threads=context.n_threads)
            attributes = attributes | {"least_fp16_correlation": f"{fidelity.least:.6f}"}
            notes = (*notes, fidelity.describe())
        run = EmbeddingRun(rows, encoder, options, context, paths)
        run.prepare(inputs | {"model": encoder.path}, attributes)
        if run.is_finished:
            _log.info("%s is complete: nothing to resume", paths.output)
            return run.summary(0.0, notes)
        begun = time.perf_counter()
        run.describe(progress)
        embeddings_file.finish(paths)
        return run.summary(time.perf_counter() - begun, notes)


def _check_output(paths: OutputPaths, options: EmbedOptions) -> None:
    refuse_special(paths.output)
    if options.resume and options.overwrite:
        raise OptionError(
            "--resume and --overwrite are given together; expected one. --resume goes on with an "
            "interrupted run, --overwrite starts again."
        )
    require_folder(paths.output)
    refuse_existing(paths.output, overwrite=options.overwrite or options.resume)
    left = next((path for path in (paths.partial, *images_paths(paths)) if path.exists()), None)
    if left is not None and not (options.overwrite or options.resume):
        raise IncompleteFile(
            f"{left} was left by an interrupted run; expected none. "
            "Give --resume to go on with it, or --overwrite to start again."
        )
