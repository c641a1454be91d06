"""Run an encoder over batches: reading, preprocessing and inference at the same time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from igwas.embeddings.encoder import Encoder, Pixels, Vectors
from igwas.embeddings.test_time_views import TestTimeViews
from igwas.errors import InputError

# Batches handed out beyond those that are worked on. A photograph is read when a lane takes its
# batch, so that all that waits is vectors, while the caller waits for a disk.
_AHEAD = 64


def describe_batches(
    encoder: Encoder,
    read: Callable[[int, int], Pixels],
    batches: Sequence[tuple[int, int]],
    views: TestTimeViews,
    *,
    batch_size: int,
    name_of: Callable[[int], str],
) -> Iterator[tuple[tuple[int, int], Vectors]]:
    """Describe batches in order; each lane of the encoder reads and describes its own.

    Parameters
    ----------
    encoder : Encoder
    read : callable(start, stop)
        Photographs start to stop, uint8 (images, rows, columns, 3); called from several threads.
    batches : sequence of (start, stop)
    views : TestTimeViews
        The mean over their vectors is the photograph's vector.
    batch_size : int
        Short batches are filled up to it where a device plans for each size.
    name_of : callable(row)
        Name of a photograph, for messages.

    Yields
    ------
    (start, stop), float32 (images, dimensions)

    Raises
    ------
    InputError
        If the encoder gives NaN or an infinite value, naming the photograph.
    """
    filled = batch_size if encoder.has_fixed_kernels else 0

    def describe(batch: tuple[int, int]) -> Vectors:
        return _mean_vector(encoder, views.make(read(*batch)), filled)

    waiting: deque[tuple[tuple[int, int], Future[Vectors]]] = deque()
    with ThreadPoolExecutor(encoder.n_lanes, thread_name_prefix="igwas-embed") as lanes:
        try:
            to_do = iter(batches)
            for batch in islice(to_do, encoder.n_lanes + _AHEAD):
                waiting.append((batch, lanes.submit(describe, batch)))
            while waiting:
                batch, future = waiting.popleft()
                vectors = future.result()
                if (coming := next(to_do, None)) is not None:
                    waiting.append((coming, lanes.submit(describe, coming)))
                _require_finite(vectors, batch[0], name_of)
                yield batch, vectors
        finally:
            for _, future in waiting:
                future.cancel()


def _mean_vector(encoder: Encoder, views: list[Pixels], filled: int) -> Vectors:
    if len(views) == 1:
        return _run(encoder, views[0], filled)
    total: npt.NDArray[np.float64] | None = None
    for view in views:
        vectors = _run(encoder, view, filled).astype(np.float64)
        total = vectors if total is None else total + vectors
    assert total is not None
    return (total / len(views)).astype(np.float32)


def _run(encoder: Encoder, batch: Pixels, filled: int) -> Vectors:
    n_missing = max(0, filled - len(batch))
    if n_missing:
        batch = np.concatenate([batch, np.zeros((n_missing, *batch.shape[1:]), np.uint8)])
    vectors = encoder.run(batch)
    return vectors[: len(vectors) - n_missing]


def _require_finite(vectors: Vectors, start: int, name_of: Callable[[int], str]) -> None:
    is_finite = np.isfinite(vectors)
    if is_finite.all():
        return
    row, dimension = (int(at) for at in np.argwhere(~is_finite)[0])
    raise InputError(
        f"the encoder gives {vectors[row, dimension]} in dimension {dimension} of image "
        f"{name_of(start + row)!r}; expected finite numbers. Look at the photograph and leave it "
        "out, or correct the encoder."
    )
