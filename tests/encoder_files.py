"""Small encoders and images.h5 files, written without training anything."""

import hashlib
import json

import h5py
import hdf5plugin
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from igwas import _core
from igwas.provenance import root_attributes
from igwas.schema import IMAGES, TEXT

SIZE_PX = 32
PREPROCESSING_VERSION = "fundus-1"


def hashed(participant):
    """What an encoder says of a person it was trained on."""
    return hashlib.sha256(participant.encode()).hexdigest()[:16]


def write_encoder(
    path, *, n_dimensions=6, size_px=SIZE_PX, seed=0, n_convolutions=0, kind="mean", trained_on=(),
    names=None, has_fixed_width=False, offset=0.0, **metadata,
):  # fmt: skip
    """Write an encoder.onnx that projects the mean of each cell of a 4 x 4 grid.

    `kind` "standardised" divides by the photograph's own standard deviation, so that an even
    photograph gives NaN; "wrong width" gives one dimension more than it names. `offset` is
    added to all weights, which changes no vector if it is standardised, but what half precision
    keeps of them. Metadata given as None are left out.
    """
    rng = np.random.default_rng(seed)
    constants, nodes = {}, []

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(name, values):
        constants[name] = numpy_helper.from_array(np.asarray(values), name)
        return name

    at = node("Cast", ["image"], "float", to=TensorProto.FLOAT)
    at = node("Div", [at, constant("white", np.float32(255))], "scaled")
    at = node("Transpose", [at], "channels_first", perm=[0, 3, 1, 2])
    if kind == "standardised":
        middle = node("ReduceMean", [at], "middle", axes=[1, 2, 3])
        centred = node("Sub", [at, middle], "centred")
        power = node("Mul", [centred, centred], "power")
        spread = node("Sqrt", [node("ReduceMean", [power], "variance", axes=[1, 2, 3])], "spread")
        at = node("Div", [centred, spread], "standardised")
    for layer in range(n_convolutions):
        n_in = 3 if layer == 0 else 16
        weights = (rng.normal(size=(16, n_in, 3, 3)) / np.sqrt(9 * n_in)).astype(np.float32)
        at = node("Conv", [at, constant(f"kernel{layer}", weights)], f"conv{layer}",
                  pads=[1, 1, 1, 1])  # fmt: skip
        at = node("Relu", [at], f"relu{layer}")
    n_channels = 16 if n_convolutions else 3
    cell = size_px // 4
    at = node("AveragePool", [at], "cells", kernel_shape=[cell, cell], strides=[cell, cell])
    at = node("Flatten", [at], "flat")
    n_out = n_dimensions + (kind == "wrong width")
    weights = (rng.normal(size=(16 * n_channels, n_out)) + offset).astype(np.float32)
    node("MatMul", [at, constant("projection", weights)], "embedding")
    graph = helper.make_graph(
        nodes, "encoder",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", size_px, size_px, 3])],
        [helper.make_tensor_value_info(
            "embedding", TensorProto.FLOAT, ["batch", n_out if has_fixed_width else "dimension"]
        )],
        list(constants.values()),
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    names = names or [f"dim_{index:03d}" for index in range(n_dimensions)]
    described = {
        "igwas_format": "igwas encoder",
        "igwas_version": "0.1.0",
        "igwas_preprocessing_version": PREPROCESSING_VERSION,
        "igwas_image_size_px": str(size_px),
        "igwas_weights_digest": hashlib.sha256(bytes([seed])).hexdigest(),
        "igwas_training_digest": "0" * 64,
        "igwas_training_participants": json.dumps(sorted(map(hashed, trained_on))),
        "igwas_dimension_names": json.dumps(names),
        "igwas_description": "means of a grid, projected",
        **metadata,
    }
    known = {key: value for key, value in described.items() if value is not None}
    helper.set_model_props(model, known)
    onnx.save(model, path)
    return path


def photographs(n_people, *, size_px=SIZE_PX, seed=1, noise=12.0):
    """Both eyes of people, left then right: uint8 (2 * people, rows, columns, 3).

    A person has a colour and a coarse pattern, an eye adds noise.
    """
    rng = np.random.default_rng(seed)
    pattern = rng.uniform(40, 215, (n_people, 4, 4, 3))
    pattern = np.kron(pattern, np.ones((1, size_px // 4, size_px // 4, 1)))
    eyes = np.repeat(pattern, 2, axis=0) + noise * rng.normal(size=(2 * n_people, 4, 4, 3)).repeat(
        size_px // 4, axis=1
    ).repeat(size_px // 4, axis=2)
    return eyes.clip(0, 255).astype(np.uint8)


def add_checksums(path):
    """Add `/rgb_crc32c` to an images.h5, as `igwas-fast images` writes it."""
    with h5py.File(path, "a") as file:
        chunks = _chunks(file)
        content = path.read_bytes()
        stored = [content[one.byte_offset : one.byte_offset + one.size] for one in chunks]
        file["/rgb_crc32c"] = np.array([_core.crc32c(data) for data in stored], np.uint32)
    return path


def flip_bit(path, row):
    """Flip a bit in the middle of the stored bytes of a photograph."""
    with h5py.File(path) as file:
        chunk = _chunks(file)[row]
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset + chunk.size // 2)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 1]))


def _chunks(file):
    rgb = file["/rgb"]
    return [rgb.id.get_chunk_info_by_coord((row, 0, 0, 0)) for row in range(len(rgb))]


def write_images(path, rgb=None, *, n_people=6, measures=None, metadata=None, **columns):
    """Write an images.h5 with every required array; columns given replace the default ones."""
    rgb = photographs(n_people) if rgb is None else rgb
    n_images = len(rgb)
    measures, metadata = measures or {}, metadata or {}
    people = [f"P{index // 2:03d}" for index in range(n_images)]
    eyes = ["left", "right"] * ((n_images + 1) // 2)
    defaults = {
        "image_id": [f"{p}_{e}" for p, e in zip(people, eyes, strict=False)],
        "participant_id": people,
        "eye": eyes[:n_images],
        "visit": ["0"] * n_images,
        "quality": np.linspace(0.5, 1, n_images, dtype=np.float32),
        "grade": ["keep"] * n_images,
        "disc": np.zeros((n_images, 3), np.float32),
        "is_mirrored": np.array([eye == "right" for eye in eyes[:n_images]], np.uint8),
    }
    values = {f"/{name}": value for name, value in {**defaults, **columns}.items()}
    values |= {
        "/rgb": rgb,
        "/measure/name": list(measures),
        "/measure/value": np.array(list(measures.values()), np.float32).T.reshape(n_images, -1),
        "/metadata/name": list(metadata),
        "/metadata/value": [list(row) for row in zip(*metadata.values(), strict=True)]
        or np.empty((n_images, 0), dtype=object),
        "/skipped/path": [],
        "/skipped/reason": [],
    }
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(IMAGES))
        file.attrs["preprocessing_version"] = PREPROCESSING_VERSION
        file.attrs["size_px"] = rgb.shape[1]
        for array in IMAGES.arrays:
            value = values.get(array.path)
            if value is None:
                if not array.required:
                    continue
                value = [""] * n_images
            if array.dtype == TEXT:
                value = np.asarray(value, dtype=object)
                file.create_dataset(array.path, data=value, dtype=h5py.string_dtype())
            elif array.path == "/rgb":
                file.create_dataset(array.path, data=value, chunks=(1, *rgb.shape[1:]),
                                    **hdf5plugin.Zstd(clevel=1))  # fmt: skip
            else:
                file.create_dataset(array.path, data=np.asarray(value).astype(array.dtype))
    return path
