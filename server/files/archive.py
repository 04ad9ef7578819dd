"""ZIP archives: read with suspicion, written as a stream.

Everything is checked in the archive's directory before a single file is unpacked, and unpacking stops at the size
the directory promised. Only what every tool writes is read: stored and deflated members without encryption.
"""

from __future__ import annotations

import asyncio
import io
import stat
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from server.files.errors import ArchiveRefused, ArchiveTooLarge, InvalidPath
from server.files.paths import clean_path, parents

MAX_DIRECTORY_BYTES = 4 << 20
ENCRYPTED = 0x1
NOISE = {".git": "git's own data", "__MACOSX": "macOS metadata", ".DS_Store": "macOS metadata"}


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one import may hold.

    `archive_bytes` bounds the archive and every file in it; `ratio` is unpacked to packed bytes over all of it.
    """

    archive_bytes: int
    total_bytes: int = 1 << 30
    entries: int = 10_000
    ratio: int = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder of an archive under its canonical path."""

    path: str
    info: ZipInfo

    @property
    def is_folder(self) -> bool:
        return self.info.orig_filename.endswith("/")

    @property
    def mode(self) -> int:
        """Permission bits as git keeps them: executable or not."""
        return 0o755 if self.is_folder or self.info.external_attr >> 16 & 0o111 else 0o644


@contextmanager
def open_archive(path: Path) -> Iterator[ZipFile]:
    """Opens a ZIP; whatever is wrong with its bytes, then or while reading members, is `ArchiveRefused`."""
    with _Guarded(path) as file, _refusing_broken(), ZipFile(file) as archive:
        yield archive


def members(archive: ZipFile, packed_bytes: int, limits: ArchiveLimits) -> list[Member]:
    """The members in order of path, all of them safe to import.

    Raises `ArchiveTooLarge`, and `ArchiveRefused` for paths that leave the project or collide, links, devices,
    encryption and rare compression methods.
    """
    infos = archive.infolist()
    _check_sizes(infos, packed_bytes, limits)
    found = [Member(_path(info), info) for info in infos]
    for member in found:
        _check_member(member, packed_bytes, limits)
    _check_collisions(found)
    return sorted(found, key=lambda member: member.path)


def without_noise(found: Iterable[Member]) -> tuple[list[Member], dict[str, str]]:
    """The members worth importing, and the others' paths with the reason."""
    kept, skipped = [], {}
    for member in found:
        noise = next((NOISE[segment] for segment in member.path.split("/") if segment in NOISE), None)
        if noise is None:
            kept.append(member)
        else:
            skipped[member.path] = noise
    return kept, skipped


def without_top_folder(found: list[Member]) -> list[Member]:
    """Takes off the one folder that everything lies in, as archives made by code hosts have it."""
    tops = {member.path.partition("/")[0] for member in found}
    if len(tops) != 1 or any("/" not in member.path and not member.is_folder for member in found):
        return found
    return [replace(member, path=member.path.partition("/")[2]) for member in found if "/" in member.path]


@dataclass(frozen=True, slots=True)
class Packed:
    """A file (with its bytes in chunks) or a folder (None) on its way into an archive."""

    path: str
    mode: int
    chunks: AsyncIterable[bytes] | None


async def pack(files: AsyncIterable[Packed]) -> AsyncIterator[bytes]:
    """The bytes of a ZIP while it is being made: memory stays constant."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        async for file in files:
            if file.chunks is None:
                archive.writestr(_info(file.path + "/", stat.S_IFDIR | file.mode), b"")
                continue
            with archive.open(_info(file.path, stat.S_IFREG | file.mode), "w") as member:
                async for chunk in file.chunks:
                    await asyncio.to_thread(member.write, chunk)
                    yield sink.take()
    yield sink.take()


class _Guarded(io.FileIO):
    """zipfile reads the whole directory at once and makes an object of every entry: stop it before that."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise ArchiveTooLarge(f"The archive's directory has {size} bytes, allowed are {MAX_DIRECTORY_BYTES}.")
        return super().read(size)


class _Sink(io.RawIOBase):
    """A file that can only be written to; what was written is taken away in pieces."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # zipfile writes bytes only
        self._written += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


@contextmanager
def _refusing_broken() -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise ArchiveRefused(f"The archive is not a ZIP that can be read: {error}.") from error


def _check_sizes(infos: list[ZipInfo], packed_bytes: int, limits: ArchiveLimits) -> None:
    if len(infos) > limits.entries:
        raise ArchiveTooLarge(f"The archive has {len(infos)} entries, allowed are {limits.entries}.")
    total = sum(info.file_size for info in infos)
    if total > limits.total_bytes:
        raise ArchiveTooLarge(f"The archive unpacks to {total} bytes, allowed are {limits.total_bytes}.")
    if total > packed_bytes * limits.ratio:
        raise ArchiveTooLarge(f"The archive unpacks to more than {limits.ratio} times its size.")


def _path(info: ZipInfo) -> str:
    # `filename` is cut at a NUL; the name as it was sent must be good.
    name = info.orig_filename
    try:
        return clean_path(name.removesuffix("/"))
    except InvalidPath as error:
        raise ArchiveRefused(f"The archive has an entry named {name!r}. {error.detail}") from error


def _check_member(member: Member, packed_bytes: int, limits: ArchiveLimits) -> None:
    info = member.info
    file_type = stat.S_IFMT(info.external_attr >> 16)
    if file_type not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveRefused(f"{member.path!r} is a link or device; only files and folders are imported.")
    if not 0 <= info.header_offset < packed_bytes:
        raise ArchiveRefused(f"{member.path!r} lies outside of the archive.")
    if info.flag_bits & ENCRYPTED:
        raise ArchiveRefused(f"{member.path!r} is encrypted; make the archive without a password.")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ArchiveRefused(f"{member.path!r} is compressed by a rare method; use the usual 'deflate'.")
    if info.file_size > limits.archive_bytes:
        raise ArchiveTooLarge(f"{member.path!r} has {info.file_size} bytes, allowed are {limits.archive_bytes}.")


def _check_collisions(found: list[Member]) -> None:
    seen: set[str] = set()
    for member in found:
        if member.path in seen:
            raise ArchiveRefused(f"{member.path!r} is in the archive twice.")
        seen.add(member.path)
    files = {member.path for member in found if not member.is_folder}
    for path in seen:
        if inside := files.intersection(parents(path)):
            raise ArchiveRefused(f"{inside.pop()!r} is a file in the archive and also a folder.")


def _info(path: str, mode: int) -> ZipInfo:
    info = ZipInfo(path)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = mode << 16
    return info
