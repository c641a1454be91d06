"""Finished photographs of a run that goes on: appended one by one, so that a kill loses few.

One record a photograph: its numbers as JSON and its compressed arrays, with a checksum. A record
that a kill cut short ends the file as far as a reader is concerned, and is cut off.
"""

import json
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from igwas import _core
from igwas.errors import CorruptFile, IncompleteFile

_MAGIC = b"igwasimg"
_FRAME = struct.Struct("<8sQQII")  # magic, bytes of JSON, bytes of arrays, checksum of each
_SYNC_EVERY = 64
# Letters of a setting in a message: enough to tell digests apart.
_MOST_SHOWN = 60


class Journal:
    """The file, open for appending; `entries` is what it holds.

    Parameters
    ----------
    path : Path
    settings : mapping
        What decides a record's content; a journal of other settings is not gone on with.
    resume : bool
        Go on with what is there; otherwise start anew.

    Raises
    ------
    IncompleteFile
        If the journal to resume was made with other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self.entries: dict[str, tuple[dict[str, Any], int]] = {}
        mode = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (0 if resume else os.O_TRUNC)
        self._descriptor = os.open(path, mode, 0o666)
        try:
            self._length = self._read(dict(settings))
            os.ftruncate(self._descriptor, self._length)
            if not self._length:
                self._append(dict(settings), [])
        except BaseException:
            os.close(self._descriptor)
            raise
        self._n_unsynced = 0

    def _read(self, settings: dict[str, Any]) -> int:
        """Fill `entries`; returns the bytes of whole records."""
        at = 0
        while (record := self._record(at)) is not None:
            header, stop = record
            if at == 0 and header != settings:
                raise IncompleteFile(
                    f"{self.path} was made with other options ({_differences(header, settings)}); "
                    "expected the same. Repeat the first command with --resume, or give "
                    "--overwrite to start again."
                )
            if at:
                self.entries[header["key"]] = (header, at)
            at = stop
        return at

    def _record(self, at: int) -> tuple[dict[str, Any], int] | None:
        frame = os.pread(self._descriptor, _FRAME.size, at)
        if len(frame) < _FRAME.size or frame[:8] != _MAGIC:
            return None
        _, n_json, n_arrays, json_crc, array_crc = _FRAME.unpack(frame)
        start = at + _FRAME.size
        size = os.fstat(self._descriptor).st_size
        if start + n_json + n_arrays > size:
            return None
        text = _pread(self._descriptor, n_json, start)
        if _core.crc32c(text) != json_crc:
            return None
        if _core.crc32c(_pread(self._descriptor, n_arrays, start + n_json)) != array_crc:
            return None
        return json.loads(text), start + n_json + n_arrays

    def append(self, key: str, header: Mapping[str, Any], arrays: Sequence[bytes]) -> None:
        """Append a photograph.

        Parameters
        ----------
        key : str
            Unique.
        header : mapping
            What JSON can hold.
        arrays : sequence of bytes
            Compressed.

        Raises
        ------
        OSError
            If the disk is full.
        """
        whole = {**header, "key": key, "lengths": [len(data) for data in arrays]}
        at = self._length
        self._append(whole, arrays)
        self.entries[key] = (whole, at)
        self._n_unsynced += 1
        if self._n_unsynced >= _SYNC_EVERY:
            os.fdatasync(self._descriptor)
            self._n_unsynced = 0

    def _append(self, header: dict[str, Any], arrays: Sequence[bytes]) -> None:
        text = json.dumps(header).encode()
        joined = b"".join(arrays)
        frame = _FRAME.pack(
            _MAGIC, len(text), len(joined), _core.crc32c(text), _core.crc32c(joined)
        )
        _pwrite(self._descriptor, frame + text + joined, self._length)
        self._length += len(frame) + len(text) + len(joined)

    def arrays(self, key: str) -> list[bytes]:
        """The compressed arrays of a photograph.

        Raises
        ------
        CorruptFile
            If they are not what was written.
        """
        header, at = self.entries[key]
        frame = os.pread(self._descriptor, _FRAME.size, at)
        _, n_json, n_arrays, _, array_crc = _FRAME.unpack(frame)
        joined = _pread(self._descriptor, n_arrays, at + _FRAME.size + n_json)
        if len(joined) != n_arrays or _core.crc32c(joined) != array_crc:
            raise CorruptFile(
                f"{self.path} is damaged at {key!r}; expected what was written. "
                "Check the disk, and start again with --overwrite."
            )
        parts, start = [], 0
        for length in header["lengths"]:
            parts.append(joined[start : start + length])
            start += length
        return parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs, in the words of both runs."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(
        f"{name.replace('_', ' ')} {_shown(before.get(name))}, now {_shown(now.get(name))}"
        for name in names
    )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _pread(descriptor: int, count: int, at: int) -> bytes:
    parts = []
    while count and (part := os.pread(descriptor, count, at)):
        parts.append(part)
        count, at = count - len(part), at + len(part)
    return b"".join(parts)


def _pwrite(descriptor: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(descriptor, view, at)
        view, at = view[done:], at + done
