from __future__ import annotations

import io
import stat
from zipfile import ZipFile, ZipInfo

import httpx
import pytest

from tests.support.archives import zip_bytes, zip_of
from tests.support.files import FILES, UPLOAD_BYTES, Stack

PROJECT = {
    "README.md": "# Grüße\n".encode(),
    "src/main.py": b"print('hi')\r\n",
    "src/bom.txt": b"\xef\xbb\xbfx\n",
    "img/logo.png": b"\x89PNG\0\xff",
    "empty.txt": b"",
}


async def load(stack: Stack, data: bytes, **query: str) -> httpx.Response:
    return await stack.client.post(f"{FILES}:import", content=data, params=query)


async def export(stack: Stack) -> ZipFile:
    answer = await stack.client.get(f"{FILES}:export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    return ZipFile(io.BytesIO(answer.content))


async def test_a_project_comes_in_and_goes_out_unchanged(stack: Stack) -> None:
    """Export gives the very bytes that import took: line endings, BOM, binaries, empty files and folders."""
    answer = await load(stack, zip_bytes(PROJECT | {"void/": b"", "src/": b""}))
    assert answer.json() == {"imported": 6, "skipped": []}
    exported = await export(stack)
    assert exported.testzip() is None
    assert {name: exported.read(name) for name in exported.namelist()} == PROJECT | {"void/": b""}


async def test_an_executable_stays_one(stack: Stack) -> None:
    """The executable bit survives import, editing, and export."""
    info = ZipInfo("run.sh")
    info.external_attr = (stat.S_IFREG | 0o700) << 16
    await load(stack, zip_of([(info, b"#!/bin/sh\n")]))
    version = (await stack.get("run.sh")).headers["etag"]
    assert (await stack.put("run.sh", "#!/bin/bash\n", version)).json()["mode"] == 0o755
    assert (await export(stack)).getinfo("run.sh").external_attr >> 16 == stat.S_IFREG | 0o755


async def test_an_archive_goes_into_a_folder(stack: Stack) -> None:
    """`into` puts everything below a folder, `strip` takes the code host's top folder off."""
    data = zip_bytes({"repo-main/": b"", "repo-main/a": b"1", "repo-main/b/c": b"2"})
    assert (await load(stack, data, into="vendor/repo", strip="true")).status_code == 200
    assert await stack.paths() == ["vendor/repo/a", "vendor/repo/b/c"]
    assert (await load(stack, data, into="../up")).status_code == 422


async def test_nothing_is_overwritten(stack: Stack) -> None:
    """409 with the paths that exist, and none of the others is imported; folders may exist."""
    await stack.put("src/main.py", b"mine\n")
    answer = await load(stack, zip_bytes(PROJECT))
    assert (answer.status_code, answer.json()["paths"]) == (409, ["src/main.py"])
    assert await stack.paths() == ["src/main.py"]
    assert (await load(stack, zip_bytes({"src/": b"", "src/new.py": b"x\n"}))).json()["imported"] == 1


async def test_what_is_skipped_is_said(stack: Stack) -> None:
    """git's own data is left out, with the reason."""
    answer = await load(stack, zip_bytes({".git/HEAD": b"x", "a": b"x"}))
    assert answer.json() == {"imported": 1, "skipped": [{"path": ".git/HEAD", "reason": "git's own data"}]}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 422),
        (b"not a zip", 422),
        (zip_bytes(PROJECT)[:-30], 422),
        (zip_bytes({"../up": b"x"}), 422),
        (zip_bytes({"/etc/passwd": b"x"}), 422),
        (zip_bytes({"a": b"x", "a/b": b"x"}), 422),
        (zip_bytes({"bomb": b"\0" * 900_000}), 413),
        (zip_bytes({f"{n}": b"" for n in range(10_001)}), 413),
    ],
)
async def test_a_bad_archive_changes_nothing(stack: Stack, data: bytes, status: int) -> None:
    """Refused as problem+json, and the project is as before."""
    answer = await load(stack, data)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stack.paths() == []


async def test_an_archive_that_is_too_large_is_refused(stack: Stack) -> None:
    """413 by size of the upload."""
    assert (await load(stack, b"x" * (UPLOAD_BYTES + 1))).status_code == 413


async def test_a_member_that_breaks_undoes_the_import(stack: Stack) -> None:
    """A checksum that fails in the middle leaves no file and no document that can be opened."""
    data = bytearray(zip_bytes({"a": b"good\n", "b": b"bad" * 50}))
    data[data.index(b"b", 30) + 3] ^= 0xFF
    answer = await load(stack, bytes(data))
    assert (answer.status_code, answer.json()["code"]) == (422, "archive.refused")
    assert await stack.paths() == []
    assert await stack.services.documents.list(stack.project.id, prefix="files/") == []


async def test_a_large_project_appears_as_a_whole(stack: Stack) -> None:
    """Thousands of files come in by one change of the tree."""
    files = {f"dir{n % 40}/file{n}.txt": f"{n}\n".encode() for n in range(2_000)}
    assert (await load(stack, zip_bytes(files))).json()["imported"] == 2_000
    record = await stack.services.documents.find(stack.project.id, "tree")
    assert record is not None
    assert record.head == 1
    assert (await stack.get("dir7/file47.txt")).content == b"47\n"
