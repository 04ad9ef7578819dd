from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pycrdt
import pytest

from server.access import Role
from tests.support.files import FILES, TEXT_BYTES, UPLOAD_BYTES, Stack

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def etag(data: bytes) -> str:
    return f'"sha256:{sha256(data).hexdigest()}"'


async def live_text(stack: Stack, path: str) -> str:
    entry = (await stack.services.files.tree(stack.project.id)).file(path)
    record = await stack.services.documents.find(stack.project.id, f"files/{entry.id}")
    assert record is not None
    async with stack.services.rooms.hold(record.id) as room:
        return room.document().text()


async def type_into(stack: Stack, path: str, at: int, text: str) -> None:
    """What an editor's user does meanwhile."""
    entry = (await stack.services.files.tree(stack.project.id)).file(path)
    record = await stack.services.documents.find(stack.project.id, f"files/{entry.id}")
    assert record is not None
    async with stack.services.rooms.hold(record.id) as room:
        await room.edit("user:typist", lambda doc: doc.get("content", type=pycrdt.Text).insert(at, text))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello\n",
        "grüße 🎉\r\nzwei\r\n".encode(),
        b"\xef\xbb\xbfbom\nlf\n",
        b"lone\rreturn\n",
        PNG,
        b"\xff\xfe",
        b"a\0b",
    ],
)
async def test_a_file_comes_back_byte_by_byte(stack: Stack, data: bytes) -> None:
    """Text of any line ending, with or without BOM, and bytes: what `GET` gives is what `PUT` took."""
    created = await stack.put("dir/a file", data)
    assert created.status_code == 201
    answer = await stack.client.get(f"{FILES}/dir/a file")
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["etag"] == created.headers["etag"]


async def test_the_etag_is_the_hash_of_the_lf_text_or_the_bytes(stack: Stack) -> None:
    """CRLF and BOM do not enter the version of a text."""
    text = await stack.put("a.txt", b"\xef\xbb\xbfa\r\nb\r\n")
    assert text.headers["etag"] == etag(b"a\nb\n")
    assert (await stack.put("a.png", PNG)).headers["etag"] == etag(PNG)
    assert text.json() | {"id": ""} == {
        "id": "",
        "path": "a.txt",
        "kind": "text",
        "eol": "crlf",
        "mode": 0o644,
        "size": None,
        "blob": None,
        "version": sha256(b"a\nb\n").hexdigest(),
        "eol_normalised": False,
    }


async def test_mixed_line_endings_are_normalised_aloud(stack: Stack) -> None:
    """The majority wins and the answer says so."""
    created = await stack.put("mixed", b"a\r\nb\r\nc\n")
    assert created.json()["eol_normalised"] is True
    assert (await stack.client.get(f"{FILES}/mixed")).content == b"a\r\nb\r\nc\r\n"


async def test_a_write_says_which_version_it_replaces(stack: Stack) -> None:
    """428 without a precondition, 400 for a broken one, and nothing is written."""
    for headers, status in (({}, 428), ({"If-Match": "*"}, 428), ({"If-Match": "sha256:x"}, 400)):
        answer = await stack.client.put(f"{FILES}/a", content=b"x", headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert await stack.paths() == []


async def test_a_stale_write_is_a_conflict_with_three_versions(stack: Stack) -> None:
    """409 names the base that was sent, the version on the server and the refused one."""
    created = await stack.put("a", b"one\n")
    assert (await stack.put("a", b"two\n", created.headers["etag"])).status_code == 200
    answer = await stack.put("a", b"three\n", created.headers["etag"])
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "files.version_mismatch"
    versions = [f'"{problem[name]}"' for name in ("base", "ours", "theirs")]
    assert versions == [etag(b"one\n"), etag(b"two\n"), etag(b"three\n")]
    assert await live_text(stack, "a") == "two\n"


async def test_creating_what_exists_and_replacing_what_does_not_are_conflicts(stack: Stack) -> None:
    """`If-None-Match: *` on a file and `If-Match` on nothing are 409."""
    await stack.put("a", b"one")
    answer = await stack.put("a", b"two")
    assert (answer.status_code, answer.json()["base"]) == (409, None)
    answer = await stack.put("b", b"two", etag(b"one"))
    assert (answer.status_code, answer.json()["ours"]) == (409, None)
    assert await stack.paths() == ["a"]


async def test_what_is_typed_meanwhile_makes_a_write_stale(stack: Stack) -> None:
    """An edit in the live document counts as a new version at once."""
    created = await stack.put("a", b"one\n")
    await type_into(stack, "a", 0, "zero ")
    assert (await stack.put("a", b"two\n", created.headers["etag"])).status_code == 409
    assert (await stack.client.get(f"{FILES}/a")).content == b"zero one\n"


async def test_a_write_edits_the_live_document_minimally(stack: Stack) -> None:
    """A cursor in an unchanged part of the text stays where it is."""
    created = await stack.put("a", b"first line\nsecond line\n")
    entry = (await stack.services.files.tree(stack.project.id)).file("a")
    record = await stack.services.documents.find(stack.project.id, f"files/{entry.id}")
    assert record is not None
    async with stack.services.rooms.hold(record.id) as room:
        text = room.document().raw.get("content", type=pycrdt.Text)
        cursor = text.sticky_index(text.to_py().index("line\n", 12), pycrdt.Assoc.AFTER)
        await stack.put("a", b"first new line\nsecond line\n", created.headers["etag"])
        assert text.to_py() == "first new line\nsecond line\n"
        with room.document().raw.transaction():
            assert text.to_py()[cursor.get_index() :] == "line\n"


async def test_a_forced_write_wins_over_what_is_typed_meanwhile(stack: Stack) -> None:
    """Whoever types while the write is worked out: the forced text is there after it, with nothing mixed in."""
    await stack.put("a", "é 🎉 one\n" * 2_000)
    forced = "ü 🎈 two\n" * 2_000
    headers = {"If-Match": "*"}
    write = asyncio.create_task(stack.client.put(f"{FILES}/a?force=true", content=forced, headers=headers))
    while not write.done():
        await type_into(stack, "a", 0, "typed ")
    assert write.result().status_code == 200
    assert (await live_text(stack, "a")).replace("typed ", "") == forced


async def test_force_is_for_owners(stack: Stack) -> None:
    """`If-Match: *` with ?force=true overwrites anything for an owner, and is 403 for an editor."""
    await stack.put("a", b"one")
    forced = {"url": f"{FILES}/a?force=true", "content": b"forced", "headers": {"If-Match": "*"}}
    async with await stack.client_of("ed", Role.EDITOR) as editor:
        assert (await editor.put(**forced)).status_code == 403
    assert (await stack.client.put(**forced)).status_code == 200
    assert (await stack.client.get(f"{FILES}/a")).content == b"forced"


async def test_another_blob_replaces_a_blob(stack: Stack) -> None:
    """A binary file keeps its id and gets other bytes."""
    created = await stack.put("a.png", PNG)
    assert (await stack.put("a.png", PNG + b"!", etag(b"stale"))).status_code == 409
    replaced = await stack.put("a.png", PNG + b"!", created.headers["etag"])
    assert replaced.status_code == 200
    assert replaced.json()["id"] == created.json()["id"]
    assert replaced.json()["size"] == len(PNG) + 1
    assert (await stack.client.get(f"{FILES}/a.png")).content == PNG + b"!"


async def test_a_file_may_become_binary_and_text_again(stack: Stack) -> None:
    """A change of kind is a new file under the same path; the old one can be restored elsewhere."""
    text = await stack.put("a", b"text")
    binary = await stack.put("a", b"\0", text.headers["etag"])
    assert (binary.status_code, binary.json()["kind"]) == (200, "binary")
    again = await stack.put("a", b"more text", binary.headers["etag"])
    assert (again.status_code, again.json()["kind"]) == (200, "text")
    assert len({answer.json()["id"] for answer in (text, binary, again)}) == 3
    assert (await stack.client.get(f"{FILES}/a")).content == b"more text"
    await stack.post("move", {"from": "a", "to": "b"})
    assert (await stack.post("restore", {"ids": [text.json()["id"]]})).status_code == 200
    assert (await stack.client.get(f"{FILES}/a")).content == b"text"


async def test_a_text_that_is_too_long_to_edit_is_binary(stack: Stack) -> None:
    """Above the limit of text files the bytes are kept as they are."""
    assert (await stack.put("big", b"x" * (TEXT_BYTES + 1))).json()["kind"] == "binary"
    assert (await stack.put("fits", b"x" * TEXT_BYTES)).json()["kind"] == "text"


async def test_line_endings_follow_the_last_write(stack: Stack) -> None:
    """A write with other line endings or without BOM changes how the file is written; one line changes nothing."""
    created = await stack.put("a", b"\xef\xbb\xbfa\r\nb\r\n")
    one_line = await stack.put("a", b"\xef\xbb\xbfa", created.headers["etag"])
    assert one_line.json()["eol"] == "crlf"
    assert (await stack.put("a", b"a\nb\n", one_line.headers["etag"])).json()["eol"] == "lf"
    assert (await stack.client.get(f"{FILES}/a")).content == b"a\nb\n"


async def test_too_much_is_refused_early(stack: Stack, tmp_path: Path) -> None:
    """413 by Content-Length before a byte is read, and during a stream that does not announce its length."""
    read = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10 * UPLOAD_BYTES:
            read += 100_000
            yield b"x" * 100_000

    headers = {"If-None-Match": "*"}
    announced = headers | {"Content-Length": str(UPLOAD_BYTES + 1)}
    assert (await stack.client.put(f"{FILES}/a", content=stream(), headers=announced)).status_code == 413
    assert read == 0
    assert (await stack.client.put(f"{FILES}/a", content=stream(), headers=headers)).status_code == 413
    assert await stack.paths() == []
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("path", ["a//b", "a/", "%2e%2e/b", "a/%2E/b", "a%5Cb", "a%01b", "a%00", "x" * 443])
async def test_a_path_that_cannot_be_is_422(stack: Stack, path: str) -> None:
    """Paths are refused, never rewritten; on every verb."""
    url = f"{FILES}/{path}"
    for answer in (
        await stack.client.put(url, content=b"", headers={"If-None-Match": "*"}),
        await stack.client.get(url),
        await stack.client.delete(url),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "files.invalid_path")


async def test_a_path_is_one_in_every_unicode_form(stack: Stack) -> None:
    """A name typed on a Mac (NFD) is the same file as elsewhere (NFC)."""
    await stack.put("Ärger.txt", b"x")
    assert (await stack.client.get(f"{FILES}/A\u0308rger.txt")).content == b"x"
    assert (await stack.put("A\u0308rger.txt", b"y")).status_code == 409


async def test_files_and_folders_do_not_mix(stack: Stack) -> None:
    """No content for a folder, no file inside of a file, no file in the place of a folder."""
    await stack.put("a/b", b"x")
    for answer in (await stack.client.get(f"{FILES}/a"), await stack.put("a", b"x")):
        assert (answer.status_code, answer.json()["code"]) == (409, "files.is_folder")
    answer = await stack.put("a/b/c", b"x")
    assert (answer.status_code, answer.json()["code"]) == (409, "files.path_taken")
    assert (await stack.client.get(f"{FILES}/nothing")).status_code == 404


async def test_user_content_never_runs_in_our_origin(stack: Stack) -> None:
    """Attachment, nosniff, sandbox and a type from our own list; HTML is plain text."""
    await stack.put('dir/ü "x".html', b"<script>alert(1)</script>")
    answer = await stack.client.get(f'{FILES}/dir/ü "x".html')
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%BC%20%22x%22.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    await stack.put("a.svg", b"<svg/>")
    svg = await stack.client.get(f"{FILES}/a.svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.headers["content-disposition"].startswith("attachment")
    await stack.put("a.PNG", PNG)
    png = await stack.client.get(f"{FILES}/a.PNG")
    assert png.headers["content-type"] == "image/png"
    assert png.headers["content-disposition"].startswith("attachment")


async def test_a_known_version_is_not_sent_again(stack: Stack) -> None:
    """304 for texts and blobs."""
    for path, data in (("a.txt", b"text"), ("a.png", PNG)):
        await stack.put(path, data)
        answer = await stack.client.get(f"{FILES}/{path}", headers={"If-None-Match": etag(data)})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag(data)


async def test_a_part_of_a_blob(stack: Stack) -> None:
    """Ranges of binary files, guarded by If-Range."""
    await stack.put("a.png", PNG)
    part = await stack.client.get(f"{FILES}/a.png", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["content-range"] == f"bytes 1-3/{len(PNG)}"
    stale = await stack.client.get(f"{FILES}/a.png", headers={"Range": "bytes=1-3", "If-Range": etag(b"old")})
    assert (stale.status_code, stale.content) == (200, PNG)


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ("bytes=99999-", 416, "files.range_not_satisfiable"),
        ("bytes=5-2", 400, "files.invalid_range"),
        ("lines=1-2", 400, "files.invalid_range"),
    ],
)
async def test_no_part_of_a_blob(wanted: str, status: int, code: str, stack: Stack) -> None:
    """A range that is not there or makes no sense is a problem in JSON; the former says how long the file is."""
    await stack.put("a.png", PNG)
    answer = await stack.get("a.png", Range=wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("content-range") == (f"bytes */{len(PNG)}" if status == 416 else None)


@pytest.mark.parametrize("path", ["a.txt", "a.png"])
async def test_the_headers_alone(path: str, stack: Stack) -> None:
    """`HEAD` answers as `GET` does, without the content."""
    await stack.put(path, b"text\n" if path == "a.txt" else PNG)
    whole, head = await stack.get(path), await stack.client.head(f"{FILES}/{path}")
    assert head.status_code == 200
    for header in ("etag", "content-type", "content-length", "content-disposition"):
        assert head.headers[header] == whole.headers[header]
    assert (await stack.client.head(f"{FILES}/none")).status_code == 404


async def test_who_may_not_read_sees_what_does_not_exist(stack: Stack) -> None:
    """A stranger's answers are those about a project that does not exist; a viewer reads and does not write."""
    await stack.put("a", b"x")
    headers = {"If-None-Match": "*"}
    async with await stack.client_of("stranger", None) as stranger:
        for url in (f"{FILES}/a", f"{FILES}/b", FILES, f"{FILES}:export"):
            hidden, missing = await stranger.get(url), await stranger.get(url.replace("acme", "none"))
            assert hidden.status_code == 404
            assert hidden.text.replace("acme", "none") == missing.text
        assert (await stranger.put(f"{FILES}/c", content=b"", headers=headers)).status_code == 404
    async with await stack.client_of("viewer", Role.VIEWER) as viewer:
        assert (await viewer.get(f"{FILES}/a")).content == b"x"
        assert (await viewer.put(f"{FILES}/c", content=b"", headers=headers)).status_code == 403
        assert (await viewer.delete(f"{FILES}/a")).status_code == 403
        assert (await viewer.post(f"{FILES}:import", content=b"")).status_code == 403
    async with httpx.AsyncClient(transport=stack.client._transport, base_url="http://localhost") as nobody:
        assert (await nobody.get(f"{FILES}/a")).status_code == 401


async def test_of_writers_at_once_one_wins(stack: Stack) -> None:
    """Ten creations of one path, then ten replacements of one version: each time one succeeds, nine conflict."""
    answers = await asyncio.gather(*(stack.put("a", f"{n}") for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    version = (await stack.client.get(f"{FILES}/a")).headers["etag"]
    answers = await asyncio.gather(*(stack.put("a", f"next {n}", version) for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert await stack.paths() == ["a"]
