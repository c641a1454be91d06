"""Opening HDF5 files, with the three ways it can fail each said in one line."""

import errno
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from igwas.errors import CorruptFile, InputError, SchemaError
from igwas.schema import FileKind, kind_of, validate

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: Path | str) -> bool:
    """Whether the file starts with HDF5's signature; says nothing of the rest of it.

    Raises
    ------
    InputError
        If the signature comes after a user block: our files are read by byte offset.
    """
    path = Path(path)
    with path.open("rb") as stream:
        if stream.read(len(SIGNATURE)) == SIGNATURE:
            return True
        size, at = path.stat().st_size, 512
        while at < size:  # where HDF5 looks for it: 512, 1024, 2048... bytes
            stream.seek(at)
            if stream.read(len(SIGNATURE)) == SIGNATURE:
                raise InputError(
                    f"{path} is an HDF5 file behind a user block of {at:,} bytes; expected one "
                    "without. Take the block off with HDF5's tools: "
                    f"h5unjam -i {path} -u block.bin -o NEW.h5"
                )
            at *= 2
    return False


def open_hdf5(path: Path | str, kind: FileKind | None = None) -> Any:
    """Open a file of ours for reading.

    Parameters
    ----------
    path : Path or str
        The file.
    kind : FileKind, optional
        What it must be; its arrays are then checked against the registry.

    Returns
    -------
    h5py.File
        Open for reading; the caller closes it.

    Raises
    ------
    InputError
        If it cannot be read or is no HDF5 file; SchemaError if it is of another kind; CorruptFile
        if HDF5 cannot make sense of it, which mostly means that it was cut short.
    """
    path = Path(path)
    expected = f"a file of kind {kind.name!r}" if kind else "an HDF5 file of ours"
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected {expected}. Give a file.")
    if not path.exists():
        raise InputError(f"{path} does not exist; expected {expected}. Check the path.")
    if not is_hdf5(path):
        raise InputError(
            f"{path} is no HDF5 file (its first bytes are not HDF5's); expected {expected}. "
            "Check that this is the file you mean."
        )
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _open_error(path, error) from error
    try:
        _check_kind(file, path, kind)
    except BaseException:
        file.close()
        raise
    return file


def read_texts(dataset: Any) -> npt.NDArray[np.object_]:
    """Read a dataset of texts.

    Parameters
    ----------
    dataset : h5py.Dataset

    Returns
    -------
    object, of the dataset's shape
        str.

    Raises
    ------
    CorruptFile
        If a text is no UTF-8, or HDF5 cannot read the texts; names the file and the dataset.
    """
    try:
        return np.asarray(dataset.asstr()[:])
    except UnicodeDecodeError as error:
        reason = f"holds a text that is no UTF-8 ({error.reason})"
        raise _text_error(dataset, reason) from error
    except (OSError, RuntimeError) as error:
        raise _text_error(dataset, f"cannot be read ({_first_line(error)})") from error


def _text_error(dataset: Any, reason: str) -> CorruptFile:
    return CorruptFile(
        f"{dataset.file.filename}: {dataset.name} {reason}; expected texts in UTF-8. The file is "
        "damaged: copy or write it again."
    )


def _open_error(path: Path, error: OSError) -> InputError:
    if error.errno in (errno.EAGAIN, errno.EACCES) or "unable to lock" in str(error):
        return InputError(
            f"{path} is locked by another process that writes it; expected it to be free. "
            "Wait until that run ends."
        )
    return CorruptFile(
        f"{path} cannot be read as HDF5 ({_first_line(error)}); expected a whole file. "
        "It was probably cut short when copied: copy or write it again."
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0]


def _check_kind(file: Any, path: Path, kind: FileKind | None) -> None:
    try:
        if kind is None:
            kind_of(file.attrs)
            return
        found = kind_of(file.attrs)
        if found is not kind:
            raise SchemaError(
                f"it is a file of kind {found.name!r}; expected {kind.name!r}. "
                f'Run "igwas-fast inspect {path}" to see what it holds.'
            )
        validate(file, kind)
    except SchemaError as error:
        words = str(error)
        raise SchemaError(words if words.startswith(str(path)) else f"{path}: {words}") from error
    except (OSError, RuntimeError) as error:
        raise CorruptFile(
            f"{path} is damaged ({error}); expected readable arrays. Copy or write it again."
        ) from error
