"""A small embeddings.h5 of eyes that are alike, written by the registry alone."""

from pathlib import Path

import h5py
import numpy as np

from igwas.provenance import root_attributes
from igwas.schema import EMBEDDINGS, IMAGES


def write_embeddings(path: Path, rows, *, dimension_names=None) -> Path:
    """Write rows of (image_id, participant_id, eye, visit, quality, vector)."""
    image_id, participant_id, eye, visit, quality, vectors = zip(*rows, strict=True)
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(EMBEDDINGS))
        for name, values in (("image_id", image_id), ("participant_id", participant_id),
                             ("eye", eye), ("visit", visit)):  # fmt: skip
            file.create_dataset(name, data=list(values), dtype=text)
        file.create_dataset("quality", data=np.array(quality, np.float32))
        file.create_dataset("embedding", data=np.array(vectors, np.float32))
        if dimension_names is not None:
            file.create_dataset("dimension_name", data=list(dimension_names), dtype=text)
    return path


def random_rows(n_people=40, n_dimensions=5, *, seed=1, correlation=0.6):
    """Both eyes of everybody, one or two photographs an eye, over two visits."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(n_people):
        shared = rng.normal(size=n_dimensions) * np.sqrt(correlation)
        for eye in ("left", "right"):
            own = rng.normal(size=n_dimensions) * np.sqrt(1 - correlation)
            for image in range(1 + (person % 2)):
                noise = rng.normal(size=n_dimensions) * 0.2
                rows.append(
                    (f"i{person}{eye[0]}{image}", f"P{person}", eye, str(image),
                     rng.uniform(0.3, 1), shared + own + noise)
                )  # fmt: skip
    return rows


def write_images_file(path: Path, image_id, measures, metadata) -> Path:
    """Write an images.h5 with measures and metadata by name, and blank pictures."""
    n = len(image_id)
    text = h5py.string_dtype()
    arrays = {
        "/rgb": np.zeros((n, 2, 2, 3), np.uint8), "/is_mirrored": np.zeros(n, np.uint8),
        "/disc": np.zeros((n, 3), np.float32), "/quality": np.ones(n, np.float32),
        "/measure/value": np.array(list(measures.values()), np.float32).T.reshape(n, -1),
    }  # fmt: skip
    texts = {
        "/image_id": list(image_id), "/measure/name": list(measures),
        "/metadata/name": list(metadata),
        "/metadata/value": np.array(list(metadata.values()), object).T.reshape(n, -1),
        "/skipped/path": [], "/skipped/reason": [],
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(IMAGES))
        for array in IMAGES.arrays:
            if array.path in arrays:
                file.create_dataset(array.path, data=arrays[array.path])
            elif array.path in texts:
                values = texts[array.path]
                file.create_dataset(array.path, data=values, dtype=text, shape=np.shape(values))
            elif array.required:
                file.create_dataset(array.path, data=[""] * n, dtype=text)
    return path
