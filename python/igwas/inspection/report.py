"""A file's description as text for people."""

from collections.abc import Iterator
from typing import Any

from igwas.inspection.describe import ArrayDescription, FileDescription

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def format_description(description: FileDescription) -> str:
    """Lines for a terminal: the file, its provenance, what its kind is asked about, its arrays."""
    return "\n".join(_lines(description))


def _lines(description: FileDescription) -> Iterator[str]:
    yield f"{description.path}: {description.kind}, {_size(description.size_bytes)}"
    yield f"  {description.meaning}"
    for title, values in (
        ("summary", description.summary),
        ("provenance", description.provenance),
        ("attributes", description.attributes),
    ):
        if values:
            yield ""
            yield title
            yield from _mapping(values, indent=2)
    if description.arrays:
        yield ""
        yield "arrays"
        for array in description.arrays:
            yield from _array(array)
    if description.check is not None:
        check = description.check
        yield ""
        yield f"check: {check.what}: {check.n_checked:,} checked, {check.n_damaged:,} damaged"
    for problem in description.problems:
        yield f"problem: {problem}"


def _mapping(values: dict[str, Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield f"{pad}{name}:"
            yield from _mapping(value, indent + 2)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{pad}{name}:"
            for row in value:
                yield pad + "  " + "  ".join(f"{key} {_plain(item)}" for key, item in row.items())
        else:
            yield f"{pad}{name}: {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or "none"
    return "none" if value is None or value == {} else str(value)


def _array(array: ArrayDescription) -> Iterator[str]:
    axes = " x ".join(
        f"{name} {length:,}"
        for name, length in zip(array.axes or ("?",) * len(array.shape), array.shape, strict=True)
    )
    unit = f" [{array.unit}]" if array.unit else ""
    yield f"  {array.path}  {array.dtype} ({axes or 'scalar'}), {_size(array.stored_bytes)}"
    yield f"      {array.meaning}{unit}"


def _size(n_bytes: int) -> str:
    value = float(n_bytes)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            return f"{n_bytes} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
