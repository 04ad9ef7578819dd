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
    for in_memory in (0, 2, 3):
        async with store.receive(stream(b"abc"), 3, in_memory=in_memory) as upload:
            assert upload.read() == b"abc"
            assert len(files(tmp_path)) == (in_memory < 3)
        assert files(tmp_path) == []
        with pytest.raises(BlobNotFound):
            store.path(upload.sha256)


@pytest.mark.parametrize("in_memory", [0, 5, 100])
async def test_what_was_in_memory_is_kept_like_a_file(store: BlobStore, tmp_path: Path, in_memory: int) -> None:
    """Where an upload waited makes no difference to the blob, whatever the size of its pieces."""
    data = bytes(range(60))
    async with store.receive(stream(data[:4], data[4:50], data[50:]), 60, in_memory=in_memory) as upload:
        blob = await store.keep(upload)
    assert (blob.sha256, blob.size) == (hashlib.sha256(data).hexdigest(), 60)
    assert [path.read_bytes() for path in files(tmp_path)] == [data]


async def test_a_byte_more_than_fits_into_memory(store: BlobStore, tmp_path: Path) -> None:
    """What is too long to wait in memory goes on in a file, with nothing missing."""
    data = bytes(CHUNK_BYTES) + b"x"
    async with store.receive(stream(data[:CHUNK_BYTES], data[CHUNK_BYTES:]), len(data)) as upload:
        assert upload.path.read_bytes() == data
    assert files(tmp_path) == []


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
