"""One run of the encoder over an images.h5, from laying out or resuming to the last batch."""

import json
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.context import Context
from igwas.embeddings import embeddings_file
from igwas.embeddings.batch_size import BatchSize, choose_batch_size
from igwas.embeddings.embed_options import EmbedOptions, EmbedSummary
from igwas.embeddings.embeddings_file import VectorSink
from igwas.embeddings.encoder import Encoder
from igwas.embeddings.image_rows import ImageRows
from igwas.embeddings.inference import describe_batches
from igwas.embeddings.test_time_views import TestTimeViews
from igwas.errors import IgwasError, IncompleteFile
from igwas.output_paths import OutputPaths
from igwas.provenance import file_digest, root_attributes
from igwas.schema import EMBEDDINGS
from igwas.whole_file import output_error
from igwas.wording import counted

_log = logging.getLogger("igwas")

Progress = Callable[[int, int], None]
_SAMPLE_IMAGES = 8


class EmbeddingRun:
    """One run from laying out, or resuming, to the last batch."""

    def __init__(
        self, rows: ImageRows, encoder: Encoder, options: EmbedOptions, context: Context,
        paths: OutputPaths,
    ) -> None:  # fmt: skip
        self._rows, self._encoder, self._options = rows, encoder, options
        self._context, self._paths = context, paths
        self._views = TestTimeViews(options.test_time, rows.size_px)
        self.is_finished = False
        self._batch_size = 0
        self._is_done: npt.NDArray[np.bool_] = np.zeros(0, dtype=bool)

    def prepare(self, inputs: dict[str, Path], attributes: dict[str, str]) -> None:
        """Find what there is to resume, or lay the file out.

        Parameters
        ----------
        inputs : mapping of role to path
            Files it is made from, for the provenance.
        attributes : mapping
            Further root attributes.
        """
        key = self._resume_key(self._rows.path)
        found = self._find_resumable(key) if self._options.resume else None
        if found is None:
            self._batch_size = self._options.batch_size or self._measured().size
            self._is_done = np.zeros(
                len(split_batches(len(self._rows), self._batch_size)), dtype=bool
            )
            of_file = root_attributes(
                EMBEDDINGS, inputs=inputs, options={**key, "batch_size": self._batch_size}
            )
            of_file |= self._encoder.card.attributes() | attributes
            of_file["provider"] = self._encoder.opened.provider
            of_file["batch_size"] = self._batch_size
            names = self._encoder.card.dimension_names
            columns, n_batches = self._rows.columns, len(self._is_done)
            embeddings_file.lay_out(self._paths, columns, names, n_batches, of_file)
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
            "precision": self._options.precision,
        }

    def _measured(self) -> BatchSize:
        chosen = choose_batch_size(
            self._encoder.run, self._rows.read(0, min(_SAMPLE_IMAGES, len(self._rows))),
            n_images=len(self._rows), device=self._encoder.opened.device,
            n_views=self._views.n_views, n_lanes=self._encoder.n_lanes,
            max_memory_bytes=self._context.max_memory_bytes,
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
            # Runs of earlier versions do not name it.
            old = before.get(name, "float32" if name == "precision" else None)
            if old != value:
                raise IncompleteFile(
                    f"{path} was made with {name} {old!r}, this run has {value!r}; "
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
        all_batches = split_batches(len(self._rows), self._batch_size)
        todo = [batch for batch, done in zip(all_batches, self._is_done, strict=True) if not done]
        n_done = len(self._rows) - sum(stop - start for start, stop in todo)
        try:
            with closing(VectorSink(self._paths.partial)) as sink:
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
        except KeyboardInterrupt as stop:
            stop.add_note(self._keep_what_is_done() or "no batch was done, and nothing is kept")
            raise
        except IgwasError:
            if kept := self._keep_what_is_done():
                _log.warning(kept)
            raise

    def _name_of(self, row: int) -> str:
        return str(self._rows.columns.image_id[row])

    def _keep_what_is_done(self) -> str:
        """What a stopped run keeps, in words; it is removed, and they are empty, if nothing."""
        is_done, _ = embeddings_file.read_progress(self._paths.partial)
        if not is_done.any():
            self._paths.discard()
            return ""
        batches = counted(int(is_done.sum()), "batch", "batches")
        return f"{self._paths.partial} keeps the {batches} done: go on with --resume"

    def summary(self, seconds: float, notes: tuple[str, ...]) -> EmbedSummary:
        """What the run did."""
        sizes = [stop - start for start, stop in split_batches(len(self._rows), self._batch_size)]
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
            notes=notes,
        )


def split_batches(n_images: int, batch_size: int) -> list[tuple[int, int]]:
    """Start and stop of each batch."""
    starts = range(0, n_images, batch_size)
    return [(start, min(start + batch_size, n_images)) for start in starts]
