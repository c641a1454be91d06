"""A folder of `<person>_<left|right>.jpeg` to images.h5: decoded as they are, right eyes mirrored.

For photographs that are cropped to the disc already. `igwas-fast images` finds the disc, judges
quality and keeps what it measured; this keeps none of it.

    python validation/eyepacs_images.py FOLDER -o images.h5
"""

import argparse
import hashlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

from igwas.provenance import root_attributes
from igwas.schema import IMAGES, TEXT

PREPROCESSING_VERSION = "plain-1"


def convert(folder: Path, output: Path) -> int:
    """Write images.h5 from a folder of square photographs of one size; returns their number."""
    paths = sorted(folder.glob("*_left.jpeg")) + sorted(folder.glob("*_right.jpeg"))
    paths.sort(key=lambda path: path.stem)
    if not paths:
        raise SystemExit(f"error: {folder} has no photographs <person>_<eye>.jpeg")
    with Image.open(paths[0]) as first:
        size_px = first.size[0]
    people, eyes = zip(*(path.stem.rsplit("_", 1) for path in paths), strict=True)
    texts: dict[str, list[str]] = {
        "/image_id": [path.stem for path in paths],
        "/participant_id": list(people),
        "/eye": list(eyes),
        "/source_path": [str(path) for path in paths],
        "/source_digest": [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths],
        "/grade": ["keep"] * len(paths),
    }
    partial = output.with_name(output.name + ".partial")
    with h5py.File(partial, "w") as file:
        file.attrs.update(root_attributes(IMAGES))
        file.attrs.update(preprocessing_version=PREPROCESSING_VERSION, size_px=size_px)
        shape = {"image": len(paths), "row": size_px, "column": size_px, "channel": 3,
                 "disc_parameter": 3}  # fmt: skip
        for array in IMAGES.arrays:
            if array.required:
                dtype: Any = h5py.string_dtype() if array.dtype == TEXT else array.dtype
                dataset = file.create_dataset(
                    array.path, tuple(shape.get(axis, 0) for axis in array.axes), dtype
                )
                if array.path in texts:
                    dataset[:] = texts[array.path]
        file["/is_mirrored"][:] = [eye == "right" for eye in eyes]
        file["/quality"][:] = 1
        for row, path in enumerate(paths):
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
            if pixels.shape != (size_px, size_px, 3):
                raise SystemExit(f"error: {path} is {pixels.shape}; expected {size_px} squared")
            file["/rgb"][row] = pixels[:, ::-1] if eyes[row] == "right" else pixels
    partial.replace(output)
    return len(paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    print(f"{arguments.output}: {convert(arguments.folder, arguments.output)} photographs")


if __name__ == "__main__":
    main()
