"""Describe any file of ours, or a PLINK .bed: arrays, provenance, and a summary of its kind."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from igwas.context import Context, cpu_context
from igwas.errors import InputError, SchemaError
from igwas.hdf5 import is_hdf5, open_hdf5
from igwas.inspection.check import CheckResult, check_arrays, check_chunks
from igwas.inspection.summaries import (
    summarise_basis,
    summarise_embeddings,
    summarise_genotypes,
    summarise_images,
    summarise_loco,
    summarise_phenotypes,
    summarise_statistics,
)
from igwas.schema import (
    BASIS,
    EMBEDDINGS,
    GENOTYPES,
    IMAGES,
    LOCO,
    PHENOTYPES,
    STATISTICS,
    TEXT,
    FileKind,
    kind_of,
    validate,
)

PROVENANCE = ("schema_version", "igwas_version", "command", "created")
_JSON_ATTRIBUTES = (
    "inputs", "options", "account", "covariate_names", "dropped_covariates",
)  # fmt: skip

BED_MAGIC = b"\x6c\x1b"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\x6c\x1b\x10", "a PLINK 2 .pgen"),
    (b"\x6c\x1b\x02", "a PLINK 2 .pgen"),
    (b"\x6c\x1b\x03", "a PLINK 2 .pgen"),
    (b"\x6c\x1b\x04", "a PLINK 2 .pgen"),
    (b"##fileformat=VCF", "a VCF"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"PK\x03\x04", "a zip archive or a PyTorch checkpoint"),
)

_SUMMARIES: dict[str, Callable[[Any, Path], dict[str, Any]]] = {
    IMAGES.name: summarise_images,
    PHENOTYPES.name: summarise_phenotypes,
    EMBEDDINGS.name: summarise_embeddings,
    BASIS.name: summarise_basis,
    GENOTYPES.name: lambda file, path: summarise_genotypes(path),
    LOCO.name: summarise_loco,
    STATISTICS.name: summarise_statistics,
}


@dataclass(frozen=True)
class ArrayDescription:
    """One array as it is in the file, with the registry's words for it."""

    path: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    unit: str
    meaning: str
    stored_bytes: int


@dataclass(frozen=True)
class FileDescription:
    """What a file holds; `as_dict` is what `--json` prints.

    Parameters
    ----------
    path : str
        The file.
    kind, meaning : str
        What it is, from the registry.
    size_bytes : int
        Its length.
    provenance, attributes : dict
        Who wrote it from what, and the rest of the root attributes.
    arrays : list of ArrayDescription
        In the order of the registry; arrays it does not know come last.
    summary : dict
        Answers that depend on the kind.
    problems : list of str
        What is wrong with it, one line each; empty for a sound file.
    check : CheckResult or None
        With `--check`: what was verified.
    """

    path: str
    kind: str
    meaning: str
    size_bytes: int
    provenance: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    arrays: list[ArrayDescription] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    check: CheckResult | None = None

    @property
    def is_sound(self) -> bool:
        """No problem was found."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Plain values that serialise to JSON."""
        return asdict(self)


def describe_file(
    path: Path | str, *, check: bool = False, context: Context | None = None
) -> FileDescription:
    """Describe a file.

    Parameters
    ----------
    path : Path or str
        Any HDF5 file of ours, or a PLINK .bed with its .bim and .fam.
    check : bool
        Verify the checksum of every chunk, or read every array where a kind has none.
    context : Context, optional
        Threads for the check.

    Returns
    -------
    FileDescription
        A file of ours that breaks its description is still described; `problems` says how.

    Raises
    ------
    InputError
        If it is no file of ours, or cannot be opened.
    OptionError
        If the context asks for a device: this runs on the CPU.
    """
    path = Path(path)
    context = cpu_context(context, "the description of a file")
    if path.is_file() and not is_hdf5(path):
        return _describe_bed(path, check=check, context=context)
    with open_hdf5(path) as file:
        kind = kind_of(file.attrs)
        problems = _schema_problems(file, kind)
        provenance, attributes = _attributes(file)
        arrays = _arrays(file, kind)
        summary: dict[str, Any] = {}
        try:
            summary = _SUMMARIES[kind.name](file, path) if not problems else {}
        except InputError as error:
            problems.append(str(error))
        result = None
        if check and not problems:
            result = check_chunks(path, context) if kind is GENOTYPES else check_arrays(file, path)
            problems += result.damaged
    return FileDescription(
        str(path), kind.name, kind.meaning, path.stat().st_size,
        provenance, attributes, arrays, summary, problems, result,
    )  # fmt: skip


def _describe_bed(path: Path, *, check: bool, context: Context) -> FileDescription:
    with path.open("rb") as stream:
        start = stream.read(16)
    if start[:3] not in (BED_MAGIC + b"\x01", BED_MAGIC + b"\x00") and path.suffix != ".bed":
        what = next((name for magic, name in _SIGNATURES if start.startswith(magic)), None)
        if what is None and path.suffix == ".onnx":  # protobuf has no signature
            what = "named as an ONNX network"
        raise InputError(
            f"{path} is {what or 'neither HDF5 nor a PLINK .bed'}; expected a file that igwas-fast "
            "wrote, or a .bed. Check that this is the file you mean."
        )
    summary = summarise_genotypes(path)
    result = check_chunks(path, context) if check else None
    return FileDescription(
        str(path), "PLINK 1 genotypes", "Hard calls, 2 bits each; read in place by the scan.",
        path.stat().st_size, summary=summary, check=result,
        problems=list(result.damaged) if result else [],
    )  # fmt: skip


def _schema_problems(file: Any, kind: FileKind) -> list[str]:
    try:
        validate(file, kind)
    except SchemaError as error:
        return [str(error)]
    return []


def _attributes(file: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    plain = {name: _plain(name, value) for name, value in file.attrs.items() if name != "format"}
    names = (*PROVENANCE, "inputs", "options")
    provenance = {name: plain.pop(name) for name in names if name in plain}
    return provenance, plain


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if name in _JSON_ATTRIBUTES and isinstance(value, str):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _arrays(file: Any, kind: FileKind) -> list[ArrayDescription]:
    found: dict[str, Any] = {}
    file.visititems(lambda name, item: found.update({f"/{name}": item}))
    found = {name: item for name, item in found.items() if hasattr(item, "shape")}
    known = [
        ArrayDescription(
            array.path, array.axes, *_storage(found.pop(array.path), array.dtype),
            array.unit, array.meaning, stored,
        )
        for array in kind.arrays
        if array.path in found and (stored := int(found[array.path].id.get_storage_size())) >= 0
    ]  # fmt: skip
    extra = [
        ArrayDescription(
            name, (), *_storage(item, ""), "", "not in the registry",
            int(item.id.get_storage_size()),
        )
        for name, item in found.items()
    ]  # fmt: skip
    return known + extra


def _storage(dataset: Any, dtype: str) -> tuple[tuple[int, ...], str]:
    name = TEXT if dtype == TEXT else str(dataset.dtype)
    return tuple(int(length) for length in dataset.shape), name
