from __future__ import annotations

import io
import stat
import struct
import unicodedata
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.files.archive import (
    MAX_DIRECTORY_BYTES,
    ArchiveLimits,
    Member,
    Packed,
    members,
    open_archive,
    pack,
    without_noise,
    without_top_folder,
)
from server.files.errors import ArchiveRefused, ArchiveTooLarge, InvalidPath
from server.files.paths import MAX_PATH_BYTES, clean_path
from tests.support.archives import zip_bytes, zip_of

LIMITS = ArchiveLimits(archive_bytes=100_000, total_bytes=200_000, entries=20, ratio=100)


def check(tmp_path: Path, data: bytes, limits: ArchiveLimits = LIMITS) -> list[Member]:
    path = tmp_path / "upload"
    path.write_bytes(data)
    with open_archive(path) as archive:
        return members(archive, len(data), limits)


def paths(found: list[Member]) -> list[str]:
    return [member.path for member in found]


def info(name: str, mode: int = stat.S_IFREG | 0o644, compress_type: int = ZIP_STORED) -> ZipInfo:
    made = ZipInfo(name)
    made.external_attr = mode << 16
    made.compress_type = compress_type
    return made


def test_an_honest_archive_is_listed(tmp_path: Path) -> None:
    """Files and folders come under their paths, in order, with the executable bit."""
    data = zip_of(
        [(info("src/run.sh", stat.S_IFREG | 0o775), b"#!"), (info("empty/", stat.S_IFDIR), b""), (info("a.txt"), b"a")]
    )
    found = check(tmp_path, data)
    assert paths(found) == ["a.txt", "empty", "src/run.sh"]
    assert [member.is_folder for member in found] == [False, True, False]
    assert [member.mode for member in found] == [0o644, 0o755, 0o755]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../../up", "a/./b", "a//b", "C:\\x", "a\\..\\b", "", "a\nb", "x" * 500, "a\0b"],
)
def test_a_path_that_leaves_the_project_is_refused(tmp_path: Path, name: str) -> None:
    """Absolute paths, '..', backslashes, control characters, over-long names and NULs refuse the whole archive."""
    entry = info("placeholder")
    entry.filename = entry.orig_filename = name
    data = zip_of([(entry, b"x"), (info("good.txt"), b"x")])
    with pytest.raises(ArchiveRefused, match=r"entry named"):
        check(tmp_path, data)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    """Only regular files and folders are imported."""
    with pytest.raises(ArchiveRefused, match="link or device"):
        check(tmp_path, zip_of([(info("link", kind | 0o777), b"/etc/passwd")]))


def test_duplicates_are_refused(tmp_path: Path) -> None:
    """The same path twice, also in another Unicode normalisation, is refused."""
    composed, decomposed = "é.txt", unicodedata.normalize("NFD", "é.txt")
    with pytest.raises(ArchiveRefused, match="twice"):
        check(tmp_path, zip_bytes({composed: b"1", decomposed: b"2"}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile says it too
        data = zip_of([(info("a"), b"1"), (info("a"), b"2")])
    with pytest.raises(ArchiveRefused, match="twice"):
        check(tmp_path, data)


def test_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    """`a` as a file and `a/b` cannot both exist."""
    with pytest.raises(ArchiveRefused, match="also a folder"):
        check(tmp_path, zip_bytes({"a": b"1", "a/b/c": b"2"}))


def test_bombs_are_refused_by_their_directory(tmp_path: Path) -> None:
    """Too many entries, too many bytes, too high a ratio and too large a file stop before unpacking."""
    with pytest.raises(ArchiveTooLarge, match="entries"):
        check(tmp_path, zip_bytes({f"{n}": b"" for n in range(21)}))
    with pytest.raises(ArchiveTooLarge, match="times its size"):
        check(tmp_path, zip_bytes({"zeros": b"\0" * 90_000}))
    stored = zip_of((info(str(n)), bytes(range(250)) * 300) for n in range(3))
    with pytest.raises(ArchiveTooLarge, match="unpacks to 225000"):
        check(tmp_path, stored)
    with pytest.raises(ArchiveTooLarge, match="has 100001 bytes"):
        check(tmp_path, zip_of([(info("big"), b"\0" * 100_001)]), ArchiveLimits(archive_bytes=100_000, ratio=10**6))


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_rare_compression_is_refused(tmp_path: Path, method: int) -> None:
    """A decompressor whose memory the archive chooses is never started."""
    with pytest.raises(ArchiveRefused, match="rare method"):
        check(tmp_path, zip_of([(info("a", compress_type=method), b"x")]))


def test_encryption_is_refused(tmp_path: Path) -> None:
    """An encrypted member cannot be read."""
    data = bytearray(zip_bytes({"secret": b"x" * 50}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveRefused, match="encrypted"):
        check(tmp_path, bytes(data))


def test_a_huge_directory_is_not_even_parsed(tmp_path: Path) -> None:
    """A directory over the limit is refused before an object is made of every entry."""
    data = bytearray(zip_bytes({"a": b"x"}))
    end = data.index(b"PK\x05\x06")
    start = struct.unpack_from("<I", data, end + 16)[0]
    data[end:end] = b"\0" * MAX_DIRECTORY_BYTES
    struct.pack_into("<I", data, end + MAX_DIRECTORY_BYTES + 12, end + MAX_DIRECTORY_BYTES - start)
    with pytest.raises(ArchiveTooLarge, match="directory has"):
        check(tmp_path, bytes(data))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    """A cut archive is refused, wherever it was cut."""
    data = zip_bytes({"a.txt": b"hello" * 20, "b/c.txt": b"world" * 20})
    for length in range(len(data)):
        with pytest.raises((ArchiveRefused, ArchiveTooLarge)):
            check(tmp_path, data[:length])


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=5))
def test_damaged_bytes_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    """Whatever is damaged: refused for a reason, or no more bytes than promised; no other error, no bad path."""
    data = bytearray(zip_bytes({"a.txt": b"hello" * 20, "b/c.txt": b"world" * 20}))
    for position, value in flips:
        data[position % len(data)] = value
    path = tmp_path_factory.mktemp("zip") / "upload"
    path.write_bytes(data)
    try:
        with open_archive(path) as archive:
            for member in members(archive, len(data), LIMITS):
                assert clean_path(member.path) == member.path
                assert member.is_folder or len(archive.read(member.info)) <= member.info.file_size
    except (ArchiveRefused, ArchiveTooLarge):
        pass


@given(st.text(max_size=30) | st.text(alphabet="a./\\\0é\u0301 ", max_size=12))
def test_a_clean_path_stays_inside(raw: str) -> None:
    """A path is refused or canonical: relative, no '.', '..' or empty segment, NFC, and clean again."""
    try:
        path = clean_path(raw)
    except InvalidPath:
        return
    assert path == clean_path(path) == unicodedata.normalize("NFC", raw)
    assert not {"", ".", ".."} & set(path.split("/"))
    assert len(path.encode()) <= MAX_PATH_BYTES
    assert (Path("/project") / path).resolve().is_relative_to("/project")


def test_git_and_macos_metadata_are_left_out(tmp_path: Path) -> None:
    """Metadata of tools is skipped and the answer says why."""
    data = zip_bytes({".git/HEAD": b"x", "__MACOSX/._a": b"x", "a/.DS_Store": b"x", ".gitignore": b"x", "a/b": b"x"})
    kept, skipped = without_noise(check(tmp_path, data))
    assert paths(kept) == [".gitignore", "a/b"]
    assert skipped == {".git/HEAD": "git's own data", "__MACOSX/._a": "macOS metadata", "a/.DS_Store": "macOS metadata"}


@pytest.mark.parametrize(
    ("names", "stripped"),
    [
        (["repo-main/", "repo-main/a", "repo-main/b/c"], ["a", "b/c"]),
        (["repo-main/a", "readme"], ["readme", "repo-main/a"]),
        (["a"], ["a"]),
        ([], []),
    ],
)
def test_the_top_folder_of_code_hosts_comes_off(tmp_path: Path, names: list[str], stripped: list[str]) -> None:
    """One folder around everything is taken off; anything else stays as it is."""
    assert paths(without_top_folder(check(tmp_path, zip_bytes(dict.fromkeys(names, b""))))) == stripped


async def test_what_is_packed_can_be_unpacked() -> None:
    """A packed archive has the files' bytes, folders and modes, and comes in pieces."""

    async def bytes_in_pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"binary\0"

    async def files() -> AsyncIterator[Packed]:
        yield Packed("döc/run.sh", 0o755, bytes_in_pieces())
        yield Packed("empty", 0o755, None)

    pieces = [piece async for piece in pack(files())]
    with ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["döc/run.sh", "empty/"]
        assert archive.read("döc/run.sh") == b"binary\0" * 3
        assert archive.getinfo("döc/run.sh").external_attr >> 16 == stat.S_IFREG | 0o755
