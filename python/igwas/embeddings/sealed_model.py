"""The digest that an encoder.onnx holds of itself: a bit that flipped since is noticed.

ONNX has no checksum, and a weight of another size is a weight like any other: the vectors would be
wrong without a word. The digest is taken with zeros where it then stands itself, so that it is of
the whole file, and no other library is needed to read it.
"""

import hashlib

from igwas.errors import CorruptFile

KEY = "igwas_file_digest"
"""Of `metadata_props`; files that lack it are of an older version."""
PLACEHOLDER = "0" * 64
# In the file the name is followed by its value: field 2, of 64 bytes.
_BEFORE = KEY.encode() + b"\x12\x40"


def sealed(content: bytes) -> bytes:
    r"""A model with its digest in place of the placeholder.

    Parameters
    ----------
    content : bytes
        An .onnx file whose metadata KEY is PLACEHOLDER.

    Examples
    --------
    >>> model = b"weights" + b"igwas_file_digest\x12\x40" + b"0" * 64
    >>> sealed(model).count(b"0" * 64), len(sealed(model)) == len(model)
    (0, True)
    """
    before, mark, after = content.partition(_BEFORE + PLACEHOLDER.encode())
    if not mark:
        raise ValueError(f"metadata {KEY} is not {PLACEHOLDER[:4]}...; expected the placeholder.")
    return before + _BEFORE + _digest(before, after).encode() + after


def refuse_altered(content: bytes, digest: str, name: str) -> None:
    """Fail if a model is not the one that its digest was taken of.

    Parameters
    ----------
    content : bytes
        The file.
    digest : str
        Its metadata KEY.
    name : str
        For the error.

    Raises
    ------
    CorruptFile
    """
    before, mark, after = content.partition(_BEFORE + digest.encode())
    if not mark or _digest(before, after) != digest:
        raise CorruptFile(
            f"{name} does not match its own digest ({digest[:12]}): bytes have changed since it "
            "was exported; expected the file as it was written. Copy or export it again; "
            f"if it was changed on purpose, remove the metadata {KEY}."
        )


def _digest(before: bytes, after: bytes) -> str:
    found = hashlib.sha256(before)
    for part in (_BEFORE, PLACEHOLDER.encode(), after):
        found.update(part)
    return found.hexdigest()
