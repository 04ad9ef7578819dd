from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.blobs import CHUNK_BYTES, Blob, BlobNotFound, BlobStore, UploadTooLarge


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def put(store: BlobStore, chunks: AsyncIterator[bytes], limit: int) -> Blob:
    """An upload that is received and kept."""
    async with store.receive(chunks, limit) as upload:
        return await store.keep(upload)


def files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_put_then_open_gives_the_same_bytes(store: BlobStore) -> None:
    """Bytes come back as they went in, addressed by their SHA-256."""
    data = bytes(range(256)) * 1024
    blob = await put(store, stream(data[:5], data[5:CHUNK_BYTES], data[CHUNK_BYTES:]), len(data))
    assert (blob.sha256, blob.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert b"".join([chunk async for chunk in store.open(blob.sha256)]) == data


async def test_equal_bytes_are_kept_once(store: BlobStore, tmp_path: Path) -> None:
    """A second upload of the same bytes adds no file and leaves none behind."""
    first = await put(store, stream(b"same"), 10)
    assert store.put_file(io.BytesIO(b"same")) == first
    assert len(files(tmp_path)) == 1


async def test_an_upload_over_the_limit_stops_early(store: BlobStore, tmp_path: Path) -> None:
    """The stream is not read on after the limit, and the incomplete file is removed."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1000

    with pytest.raises(UploadTooLarge):
        await put(store, endless(), 5000)
    assert read == 6
    assert files(tmp_path) == []


async def test_a_failing_stream_leaves_nothing(store: BlobStore, tmp_path: Path) -> None:
    """A client that goes away in the middle leaves no file."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * CHUNK_BYTES
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await put(store, broken(), 1 << 20)
    assert files(tmp_path) == []


async def test_a_received_upload_is_gone_unless_kept(store: BlobStore, tmp_path: Path) -> None:
    """`receive` without `keep` stores nothing."""
    async with store.receive(stream(b"abc"), 3) as upload:
        assert upload.path.read_bytes() == b"abc"
    assert files(tmp_path) == []
    with pytest.raises(BlobNotFound):
        store.path(upload.sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "0" * 64])
async def test_only_a_stored_hash_opens(store: BlobStore, name: str) -> None:
    """Anything but the SHA-256 of a stored blob is not found; a name is never used as a path."""
    with pytest.raises(BlobNotFound):
        store.path(name)
    with pytest.raises(BlobNotFound):
        await anext(store.open(name))


def test_leftovers_of_a_crash_are_discarded(store: BlobStore, tmp_path: Path) -> None:
    """What a killed process was receiving is removed at the next start."""
    (tmp_path / "blobs" / "incoming" / "tmp123").write_bytes(b"half")
    store.discard_leftovers()
    assert files(tmp_path) == []
