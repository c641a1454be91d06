"""Describe every photograph: images.h5 + encoder.onnx -> embeddings.h5, or arrays to arrays."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.association.statistics_writer import output_error
from igwas.context import Context
from igwas.embeddings import embeddings_file
from igwas.embeddings.batch_size import BatchSize, choose_batch_size
from igwas.embeddings.embeddings_file import Paths, VectorSink
from igwas.embeddings.encoder import Encoder, open_encoder
from igwas.embeddings.image_rows import GRADES, ImageRows, check_fit, open_image_rows
from igwas.embeddings.inference import describe_batches
from igwas.embeddings.test_time_views import TestTimeViews, check_views
from igwas.errors import IgwasError, IncompleteFile, OptionError, OutputError, ShapeError
from igwas.provenance import file_digest, root_attributes
from igwas.schema import EMBEDDINGS
from igwas.sole_writer import refuse_inputs, refuse_special, sole_writer

_log = logging.getLogger("igwas")

Progress = Callable[[int, int], None]
_SAMPLE_IMAGES = 8


@dataclass(frozen=True, kw_only=True)
class EmbedOptions:
    """Options of `igwas-fast embed`; names and defaults are those of the command line.

    Parameters
    ----------
    batch_size : int, optional
        Photographs at a time; measured where it is not given.
    test_time : tuple of str
        Views whose vectors are averaged: `flip`, `rotate`.
    min_grade : str
        Photographs of a lower grade are left out: `keep`, `usable` or `reject`.
    resume, overwrite : bool
        Go on with an interrupted run; replace the output.
    """

    batch_size: int | None = None
    test_time: tuple[str, ...] = ()
    min_grade: str = "usable"
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_views(self.test_time)
        if self.batch_size is not None and self.batch_size < 1:
            raise OptionError(
                f"--batch-size is {self.batch_size}; expected 1 or more. Leave it out to have it "
                "measured."
            )
        if self.min_grade not in GRADES:
            raise OptionError(
                f"--min-grade is {self.min_grade!r}; expected one of {', '.join(GRADES)}. "
                "Choose one."
            )


@dataclass(frozen=True)
class EmbedSummary:
    """What an embedding run did.

    Parameters
    ----------
    output : Path
    n_images, n_dimensions, n_participants : int
    n_left_out : int
        Photographs below the grade asked for.
    n_resumed : int
        Photographs that an interrupted run had described.
    provider, reason : str
        What ran, in ONNX Runtime's words, and why if it was not asked for by name.
    batch_size : int
    seconds : float
        From the first batch to the last.
    """

    output: Path
    n_images: int
    n_dimensions: int
    n_participants: int
    n_left_out: int
    n_resumed: int
    provider: str
    reason: str
    batch_size: int
    seconds: float

    def describe(self) -> list[str]:
        """Lines for the screen."""
        lines = [f"ran on {self.provider}" + (f", {self.reason}" if self.reason else "")]
        if self.n_left_out:
            lines.append(f"{self.n_left_out:,} photographs left out: below --min-grade")
        n_run = self.n_images - self.n_resumed
        if self.n_resumed:
            lines.append(f"{self.n_resumed:,} photographs were done before: resumed")
        if n_run:
            rate = n_run / max(self.seconds, 1e-9)
            lines.append(f"{rate:,.1f} photographs a second, {self.batch_size} at a time")
        lines.append(
            f"{self.output}: {self.n_images:,} photographs of {self.n_participants:,} "
            f"participants x {self.n_dimensions:,} dimensions"
        )
        return lines


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
        encoder, lambda start, stop: images[start:stop], _batches(len(images), batch_size),
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
    """Describe the photographs of an images.h5 and write embeddings.h5.

    Parameters
    ----------
    images : Path
        Written by `igwas-fast images`.
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
    context = context or Context()
    paths = Paths(Path(output))
    inputs = {"images": Path(images), "model": Path(model)}
    _check_output(paths, options)
    refuse_inputs(paths.output, inputs)
    with sole_writer(paths.output), open_image_rows(images, min_grade=options.min_grade) as rows:
        encoder = open_encoder(model, context=context)
        check_fit(rows, encoder.card, encoder.path)
        run = _Run(rows, encoder, options, context, paths)
        run.prepare(inputs)
        if run.is_finished:
            _log.info("%s is complete: nothing to resume", paths.output)
            return run.summary(0.0)
        begun = time.perf_counter()
        run.describe(progress)
        embeddings_file.finish(paths)
        return run.summary(time.perf_counter() - begun)


class _Run:
    """One run from laying out, or resuming, to the last batch."""

    def __init__(
        self, rows: ImageRows, encoder: Encoder, options: EmbedOptions, context: Context,
        paths: Paths,
    ) -> None:  # fmt: skip
        self._rows, self._encoder, self._options = rows, encoder, options
        self._context, self._paths = context, paths
        self._views = TestTimeViews(options.test_time, rows.size_px)
        self.is_finished = False
        self._batch_size = 0
        self._is_done: npt.NDArray[np.bool_] = np.zeros(0, dtype=bool)

    def prepare(self, inputs: dict[str, Path]) -> None:
        """Find what there is to resume, or lay the file out."""
        key = self._resume_key(inputs["images"])
        found = self._find_resumable(key) if self._options.resume else None
        if found is None:
            self._batch_size = self._options.batch_size or self._measured().size
            self._is_done = np.zeros(len(_batches(len(self._rows), self._batch_size)), dtype=bool)
            attributes = root_attributes(
                EMBEDDINGS, inputs=inputs, options={**key, "batch_size": self._batch_size}
            )
            attributes |= self._encoder.card.attributes()
            attributes["provider"] = self._encoder.opened.provider
            attributes["batch_size"] = self._batch_size
            names = self._encoder.card.dimension_names
            columns, n_batches = self._rows.columns, len(self._is_done)
            embeddings_file.lay_out(self._paths, columns, names, n_batches, attributes)
        else:
            self._is_done, self._batch_size = found

    def _resume_key(self, images: Path) -> dict[str, Any]:
        """What decides the bits of the vectors, apart from the size of a batch."""
        return {
            "images_digest": file_digest(images),
            "model_digest": self._encoder.card.digest,
            "provider": self._encoder.opened.provider,
            "min_grade": self._options.min_grade,
            "test_time": list(self._views.names),
        }

    def _measured(self) -> BatchSize:
        chosen = choose_batch_size(
            self._encoder.run, self._rows.read(0, min(_SAMPLE_IMAGES, len(self._rows))),
            n_images=len(self._rows), device=self._encoder.opened.device,
            n_views=self._views.n_views, max_memory_bytes=self._context.max_memory_bytes,
        )  # fmt: skip
        _log.debug("batch size %d; images a second by size: %s", chosen.size, chosen.rates)
        return chosen

    def _find_resumable(self, key: dict[str, Any]) -> tuple[npt.NDArray[np.bool_], int] | None:
        """Done batches and batch size of the run to go on with; None if there is none."""
        self.is_finished = self._paths.output.exists() and not self._paths.partial.exists()
        path = self._paths.output if self.is_finished else self._paths.partial
        if not path.exists():
            _log.info("nothing to resume at %s: starting from the beginning", path)
            return None
        is_done, attributes = embeddings_file.read_progress(path)
        before = json.loads(attributes.get("options", "{}"))
        for name, value in key.items():
            if before.get(name) != value:
                raise IncompleteFile(
                    f"{path} was made with {name} {before.get(name)!r}, this run has {value!r}; "
                    "expected the same inputs and options. Repeat the first command with "
                    "--resume, or give --overwrite to start again."
                )
        batch_size = int(attributes["batch_size"])
        if self._options.batch_size not in (None, batch_size):
            # Another size would round otherwise: the result would differ from one run's.
            _log.warning("--batch-size %d of the interrupted run is kept", batch_size)
        return is_done, batch_size

    def describe(self, progress: Progress | None) -> None:
        """Describe every batch that is not done yet."""
        all_batches = _batches(len(self._rows), self._batch_size)
        todo = [batch for batch, done in zip(all_batches, self._is_done, strict=True) if not done]
        n_done = len(self._rows) - sum(stop - start for start, stop in todo)
        sink = VectorSink(self._paths.partial)
        try:
            for (start, stop), vectors in describe_batches(
                self._encoder, self._rows.read, todo, self._views,
                batch_size=self._batch_size, name_of=self._name_of,
            ):  # fmt: skip
                sink.write(start // self._batch_size, start, vectors)
                n_done += stop - start
                if progress is not None:
                    progress(n_done, len(self._rows))
        except OSError as error:
            raise output_error(self._paths.output, error) from error
        except (KeyboardInterrupt, IgwasError):
            self._keep_what_is_done()
            raise
        finally:
            sink.close()

    def _name_of(self, row: int) -> str:
        return str(self._rows.columns.image_id[row])

    def _keep_what_is_done(self) -> None:
        is_done, _ = embeddings_file.read_progress(self._paths.partial)
        if is_done.any():
            _log.warning(
                "%s keeps the %s batches done: go on with --resume",
                self._paths.partial, f"{int(is_done.sum()):,}",
            )  # fmt: skip
        else:
            self._paths.discard()

    def summary(self, seconds: float) -> EmbedSummary:
        """What the run did."""
        sizes = [stop - start for start, stop in _batches(len(self._rows), self._batch_size)]
        return EmbedSummary(
            output=self._paths.output,
            n_images=len(self._rows),
            n_dimensions=len(self._encoder.card.dimension_names),
            n_participants=len(set(self._rows.columns.participant_id)),
            n_left_out=self._rows.n_left_out,
            n_resumed=int(np.array(sizes)[self._is_done].sum()),
            provider=self._encoder.opened.provider,
            reason=self._encoder.opened.reason,
            batch_size=self._batch_size,
            seconds=seconds,
        )


def _batches(n_images: int, batch_size: int) -> list[tuple[int, int]]:
    starts = range(0, n_images, batch_size)
    return [(start, min(start + batch_size, n_images)) for start in starts]


def _check_output(paths: Paths, options: EmbedOptions) -> None:
    refuse_special(paths.output)
    if options.resume and options.overwrite:
        raise OptionError(
            "--resume and --overwrite are given together; expected one. --resume goes on with an "
            "interrupted run, --overwrite starts again."
        )
    if not paths.output.parent.is_dir():
        raise OutputError(
            f"folder {paths.output.parent} does not exist; expected one. Make it first."
        )
    if paths.output.exists() and not (options.overwrite or options.resume):
        raise OutputError(
            f"{paths.output} exists; expected a new file. Choose another name or give --overwrite."
        )
    if paths.partial.exists() and not (options.overwrite or options.resume):
        raise IncompleteFile(
            f"{paths.partial} was left by an interrupted run; expected none. "
            "Give --resume to go on with it, or --overwrite to start again."
        )
