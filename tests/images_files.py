"""images.h5 for tests, by the registry: synthetic eyes whose people can be told apart."""

import hashlib

import h5py
import hdf5plugin
import numpy as np

from igwas.provenance import root_attributes
from igwas.schema import IMAGES, TEXT

SIZE_PX = 48


def write_images(path, rgb, participant_ids, eyes, *, visits=None, grades=None, duplicates=None,
                 same_eyes=None):  # fmt: skip
    """Write an images.h5 with every required array; what the encoder does not read is plain."""
    n = len(rgb)
    ids = [
        f"{person}_{eye}_{row}"
        for row, (person, eye) in enumerate(zip(participant_ids, eyes, strict=True))
    ]
    values = {
        "/rgb": np.asarray(rgb, np.uint8),
        "/image_id": ids,
        "/participant_id": list(participant_ids),
        "/eye": list(eyes),
        "/visit": list(visits or [""] * n),
        "/source_path": [f"{name}.jpeg" for name in ids],
        "/source_digest": [
            hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest() for image in rgb
        ],
        "/grade": list(grades or ["keep"] * n),
        "/grade_reason": [""] * n,
        "/duplicate_of": list(duplicates or [""] * n),
        "/same_eye_as": list(same_eyes or [""] * n),
    }
    shapes = {"image": n, "disc_parameter": 3}
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(IMAGES, command="test"))
        file.attrs.update({"preprocessing_version": "fundus-1", "size_px": rgb.shape[1]})
        for array in IMAGES.arrays:
            if array.path in values:
                dtype = h5py.string_dtype() if array.dtype == TEXT else array.dtype
                options = hdf5plugin.Zstd() if array.path == "/rgb" else {}
                file.create_dataset(array.path, data=values[array.path], dtype=dtype, **options)
            elif array.required:
                shape = tuple(shapes.get(axis, 0) for axis in array.axes)
                dtype = h5py.string_dtype() if array.dtype == TEXT else array.dtype
                file.create_dataset(array.path, shape, dtype)
    return path


def draw_eyes(n_people, *, size_px=SIZE_PX, seed=0):
    """Draw two eyes a person: a disc with the person's colour, vessels and small noise.

    Returns rgb uint8 (2 people, row, column, channel), participant ids and eyes.
    """
    rng = np.random.default_rng(seed)
    offsets = (np.arange(size_px) + 0.5) / size_px * 2 - 1
    x, y = offsets[None], offsets[:, None]
    disc = np.hypot(x, y) < 0.97
    images, people, eyes = [], [], []
    for person in range(n_people):
        colour = np.array([0.6, 0.35, 0.2]) * rng.uniform(0.5, 1.3, 3)
        phases, rates = rng.uniform(0, 6, 3), rng.uniform(3, 9, 3)
        for eye in ("left", "right"):
            texture = sum(
                np.sin(rate * (x * np.cos(p) + y * np.sin(p)) + p)
                for rate, p in zip(rates, phases, strict=True)
            )
            image = colour * (1 + 0.25 * texture[..., None]) + rng.normal(
                0, 0.03, (size_px, size_px, 3)
            )
            images.append((np.clip(image, 0, 1) * disc[..., None] * 255).astype(np.uint8))
            people.append(f"P{person:03d}")
            eyes.append(eye)
    return np.stack(images), people, eyes
