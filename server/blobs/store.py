"""The store on disk: ``blobs/ab/cdef…`` by SHA-256, and ``blobs/incoming/`` for uploads under way."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from server.blobs.errors import BlobNotFound, UploadTooLarge
from server.blobs.model import Blob, Upload

CHUNK_BYTES = 64 * 1024
SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Keeps bytes under their SHA-256; every blob is complete and on the disk before it has a name.

    Disk work runs in threads; the methods that are not coroutines say so and block.
    """

    def __init__(self, directory: Path) -> None:
        """Makes `directory` if need be; several processes may share it."""
        self._directory = directory
        self._incoming = directory / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def discard_leftovers(self) -> None:
        """Removes what uploads cut short by a crash left behind; blocks, and only while nobody uploads."""
        for path in self._incoming.iterdir():
            path.unlink()

    @asynccontextmanager
    async def receive(
        self, chunks: AsyncIterable[bytes], limit: int, *, in_memory: int = CHUNK_BYTES
    ) -> AsyncIterator[Upload]:
        """Collects `chunks`, above `in_memory` bytes in a temporary file that is gone afterwards.

        Raises `UploadTooLarge` as soon as more than `limit` bytes have come.
        """
        writer = _Writer(self._incoming, in_memory)
        try:
            async for chunk in _in_blocks(chunks, limit):
                if writer.has_room_for(chunk):
                    writer.write(chunk)
                else:
                    await asyncio.to_thread(writer.write, chunk)
            yield writer.finish() if writer.has_room_for(b"") else await asyncio.to_thread(writer.finish)
        finally:
            writer.discard()

    async def keep(self, upload: Upload) -> Blob:
        """Moves a received upload into the store; durable when it returns."""
        return await asyncio.to_thread(self._keep, upload)

    def put_file(self, source: IO[bytes]) -> Blob:
        """Copies an open file into the store; blocks."""
        writer = _Writer(self._incoming)
        try:
            shutil.copyfileobj(source, writer, CHUNK_BYTES)
            return self._keep(writer.finish())
        finally:
            writer.discard()

    def path(self, sha256: str) -> Path:
        """Where a blob's bytes are, to be read only; raises `BlobNotFound`; blocks for one look at the disk."""
        path = self._place(sha256)
        if not path.is_file():
            raise BlobNotFound
        return path

    async def open(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of a blob in chunks; raises `BlobNotFound`."""
        with await asyncio.to_thread(lambda: self.path(sha256).open("rb")) as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk

    def _keep(self, upload: Upload) -> Blob:
        if isinstance(upload.content, bytes):
            return self.put_file(BytesIO(upload.content))
        place = self._place(upload.sha256)
        if not place.is_file():
            _sync(upload.content)
            place.parent.mkdir(exist_ok=True)
            upload.content.replace(place)
            _sync(place.parent)
            _sync(self._directory)
        return Blob(upload.sha256, upload.size)

    def _place(self, sha256: str) -> Path:
        if not SHA256.fullmatch(sha256):
            raise BlobNotFound
        return self._directory / sha256[:2] / sha256[2:]


class _Writer:
    """Collects bytes, the first ones in memory and too many in a temporary file, and hashes on the way."""

    def __init__(self, directory: Path, in_memory: int = 0) -> None:
        self._directory = directory
        self._in_memory = in_memory
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0

    def has_room_for(self, chunk: bytes) -> bool:
        """Whether the chunk stays in memory: then writing it does not block."""
        return self._size + len(chunk) <= self._in_memory

    def write(self, chunk: bytes) -> int:
        if self.has_room_for(chunk):
            self._buffer += chunk
        else:
            self._spill().write(chunk)
        self._hash.update(chunk)
        self._size += len(chunk)
        return len(chunk)

    def finish(self) -> Upload:
        if self._file is None and self._in_memory:
            return Upload(bytes(self._buffer), self._hash.hexdigest(), self._size)
        file = self._spill()
        file.close()
        return Upload(Path(file.name), self._hash.hexdigest(), self._size)

    def discard(self) -> None:
        """Closes, and removes the file unless it was moved away."""
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)

    def _spill(self) -> IO[bytes]:
        if self._file is None:
            self._file = NamedTemporaryFile(dir=self._directory, delete=False)  # noqa: SIM115 - lives across awaits
            self._file.write(self._buffer)
            self._buffer.clear()
        return self._file


async def _in_blocks(chunks: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Collects small chunks to `CHUNK_BYTES`, so that a byte-wise sender does not cost a thread hop per byte."""
    size = 0
    pending = bytearray()
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UploadTooLarge(f"The upload has more than the {limit} bytes that this server accepts.")
        pending += chunk
        if len(pending) >= CHUNK_BYTES:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending)


def _sync(path: Path) -> None:
    """Puts a file, or the names in a directory, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
