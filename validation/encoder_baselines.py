"""What finds a person's other eye without learning: colour, outline, pixels, random weights."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from igwas.embeddings.colour import colour_histogram
from igwas.encoder.augmentation import cut_windows, fixed_windows
from igwas.encoder.checkpoint import Checkpoint
from igwas.encoder.describer import Describer, OneNetwork
from igwas.encoder.export_options import MILD_VIEWS
from igwas.encoder.network import Network
from igwas.encoder.principal_axes import Moments
from igwas.encoder.resize import resize_matrix
from igwas.encoder.training_images import TrainingImages, read_slabs, resized

SMALL_PX = 64
_DARK = 0.06 * 255
_DIMENSIONS = 128
_CALIBRATION_IMAGES = 640

Vectors = npt.NDArray[np.float32]


def describe_without_learning(images: TrainingImages) -> dict[str, Vectors]:
    """Mean colour, colour histogram, small pixels and camera outline of every used image."""
    found: dict[str, list[Any]] = {"mean colour": [], "colour histogram": [], "pixels": [],
                                   "camera outline": []}  # fmt: skip
    matrix = resize_matrix(images.size_px, SMALL_PX)
    for _, slab in read_slabs(images.path, images.rows):
        small = resized(slab, matrix)
        found["mean colour"].append(small.mean((2, 3)))
        found["colour histogram"].append(colour_histogram(slab))
        found["pixels"].append(small.reshape(len(slab), -1))
        found["camera outline"].append((small.max(1) > _DARK).reshape(len(slab), -1))
    vectors = {name: np.concatenate(parts).astype(np.float32) for name, parts in found.items()}
    # Cosines ignore a common gain, which is brightness: as the retina's colour it counts.
    colour = vectors["mean colour"]
    vectors["mean colour"] = np.concatenate([colour, np.full((len(colour), 1), 255, np.float32)], 1)
    return vectors


def kept_baselines(images: TrainingImages, path: Path) -> dict[str, Vectors]:
    """Describe without learning, or read what was described before."""
    if not path.exists():
        partial = path.with_name("partial-" + path.name)
        np.savez(partial, allow_pickle=False, **describe_without_learning(images))
        partial.replace(path)
    with np.load(path) as found:
        return dict(found)


def principal(vectors: Vectors, training: npt.NDArray[np.int64]) -> Vectors:
    """First 128 principal components, of the training images' axes."""
    centre = vectors[training].mean(0)
    _, _, rows = np.linalg.svd(vectors[training] - centre, full_matrices=False)
    return (vectors - centre) @ rows[:_DIMENSIONS].T


def as_distance(vectors: Vectors) -> Vectors:
    """Vectors whose cosines rank as the distances of the given ones do."""
    squared = (vectors.astype(np.float64) ** 2).sum(1, keepdims=True)
    rest = np.sqrt(np.clip(squared.max() - squared, 0, None))
    return np.concatenate([vectors, rest], 1).astype(np.float32)


@torch.no_grad()
def untrained(
    checkpoint: Checkpoint,
    images: TrainingImages,
    training: npt.NDArray[np.int64],
    tested: npt.NDArray[np.int64],
) -> Vectors:
    """Describe the images tested by the same network with random weights; others are NaN.

    Its norms take their statistics from training images: without them it would be judged by an
    accident of its initial scale.
    """
    torch.manual_seed(checkpoint.options.seed)
    options = checkpoint.options
    network = Network(options)
    matrix = resize_matrix(images.size_px, options.cache_size_px)
    plain = fixed_windows(((0.0, 1.0),))
    for slab in _slabs(images.path, images.rows[training][:_CALIBRATION_IMAGES]):
        pixels = torch.from_numpy(resized(slab, matrix)).float() / 255
        network(cut_windows(pixels, plain.expand(len(pixels), 2, 3), options.image_size_px))
    random = replace(checkpoint, network=network.state_dict())
    describer = Describer([OneNetwork(random, MILD_VIEWS)]).eval()
    vectors = {}
    for name, positions in (("training", training), ("tested", tested)):
        vectors[name] = np.concatenate(
            [
                describer(torch.from_numpy(slab)).numpy()
                for slab in _slabs(images.path, images.rows[positions])
            ]
        )
    moments = Moments(vectors["training"].shape[1])
    moments.add(vectors["training"])
    axes = moments.axes(_DIMENSIONS)
    found = np.full((len(images.rows), axes.axes.shape[1]), np.nan, np.float32)
    found[tested] = (vectors["tested"] - axes.centre) @ axes.axes
    return found


def _slabs(path: Path, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    return (slab for _, slab in read_slabs(path, rows, 32))
