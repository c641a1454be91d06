"""Blocked gzip (BGZF), compressed by several threads: what bgzip writes and tabix indexes.

Blocks are independent, so that the file is the same for any number of threads.
"""

import struct
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

BLOCK_BYTES = 65_280
"""Uncompressed bytes of a block: bgzip's own choice; more would overflow the 16-bit size field
when the content does not compress."""

END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that says that the file was not cut short."""

_HEADER = struct.Struct("<4BI2BH2BHH")
_FOOTER = struct.Struct("<II")
_LEVEL = 5

_WAITING_BLOCKS = 256
"""At most 16 MiB of content between the caller and the file."""


def compress_block(data: bytes) -> bytes:
    """One block, at most BLOCK_BYTES of content."""
    deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    body = deflater.compress(data) + deflater.flush()
    size = _HEADER.size + len(body) + _FOOTER.size
    # gzip magic, deflate, extra field; no time; system unknown; extra field "BC" with size - 1.
    header = _HEADER.pack(31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size - 1)
    return header + body + _FOOTER.pack(zlib.crc32(data), len(data))


class BgzfWriter:
    """Writes bytes as blocks to an open stream; `close` writes the end, and leaves it open."""

    def __init__(self, stream: BinaryIO, threads: int) -> None:
        self._stream = stream
        self._pool = ThreadPoolExecutor(max_workers=threads)
        self._pending = b""
        self._blocks: deque[Future[bytes]] = deque()

    def write(self, data: bytes) -> None:
        """Hand all whole blocks to the threads, and write those that are ready in order.

        The caller formats its next rows meanwhile; a bounded number of blocks waits.
        """
        self._pending += data
        whole = len(self._pending) // BLOCK_BYTES * BLOCK_BYTES
        self._submit(self._pending[:whole])
        self._pending = self._pending[whole:]
        self._drain(_WAITING_BLOCKS)

    def close(self) -> None:
        """Write what is left and the end-of-file block."""
        self._submit(self._pending)
        self._pending = b""
        self._drain(0)
        self._pool.shutdown()
        self._stream.write(END_OF_FILE)

    def abandon(self) -> None:
        """Stop the threads; nothing more is written."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, data: bytes) -> None:
        for start in range(0, len(data), BLOCK_BYTES):
            block = data[start : start + BLOCK_BYTES]
            self._blocks.append(self._pool.submit(compress_block, block))

    def _drain(self, keep: int) -> None:
        while len(self._blocks) > keep:
            self._stream.write(self._blocks.popleft().result())
