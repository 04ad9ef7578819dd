"""The REST API as typed methods; `document` opens a document to edit it live."""

from __future__ import annotations

from collections.abc import AsyncIterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx
from pycrdt import Doc

from client.errors import AtriumClientError, ConnectionLost
from client.lease import Lease, Mode
from client.live import LiveDocument
from client.model import (
    CreatedToken,
    Document,
    DocumentDetail,
    File,
    FileContent,
    Imported,
    LeaseList,
    Project,
    Token,
)

TIMEOUT_S = 30.0
CREATE = {"If-None-Match": "*"}
HELD_AND_WAITING = ("items", "waiting")


class AtriumClient:
    """A client of one server; every method raises `AtriumClientError` when the server refuses.

    `token` is a personal or agent token, or the administrator's; without one the server's anonymous role applies.
    `project` is the slug of the project that leases are in, unless they name another.
    """

    def __init__(self, base_url: str, token: str | None = None, *, project: str = "") -> None:
        self._project = project
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        unlimited = httpx.Limits(max_connections=None)  # every live document holds one
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT_S, limits=unlimited)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def document(self, name: str, doc: Doc[Any] | None = None) -> LiveDocument:
        """Opens `name` (``acme/files/README.md``, ``acme/docs/anything``) with `async with`.

        Give the `doc` of an earlier opening to go on with it: what the server lacks is sent.
        """
        return LiveDocument(self._http, name, doc)

    # Leases

    def lease(
        self,
        resource: str,
        *,
        project: str = "",
        mode: Mode = "x",
        wait_s: float = 30.0,
        ttl_s: float = 300.0,
        kind: str = "",
        name: str = "",
    ) -> Lease:
        """Takes a lease with `async with`: on `git:main`, `file:src/a.py`, `database:x`, `project` or `exclusive`.

        It waits `wait_s` for its turn. `kind` (`terminal`) and `name` are what others see of the session.
        """
        return Lease(
            self._http,
            project or self._project,
            resource,
            mode=mode,
            wait_s=wait_s,
            ttl_s=ttl_s,
            kind=kind,
            name=name,
        )

    async def leases(self, slug: str, *, overlapping: str = "") -> LeaseList:
        """What is leased in a project, and who waits; `overlapping` a resource: only what has to do with it."""
        lock_type, _, id = overlapping.partition(":")
        about = {"lock_type": lock_type, "resource_id": id or "*"} if overlapping else {}
        pages = await self._pages(f"projects/{slug}/leases", about)
        return LeaseList.model_validate({key: [row for page in pages for row in page[key]] for key in HELD_AND_WAITING})

    async def steal_lease(self, slug: str, resource: str, reason: str) -> None:
        """Takes a lease away from its holders; for who administers the project's leases."""
        lock_type, _, id = resource.partition(":")
        body = {"lock_type": lock_type, "resource_id": id or "*", "reason": reason}
        await self._send("POST", f"projects/{slug}/leases:steal", json=body)

    async def take_over_leases(self) -> str:
        """Makes the node that answers give out leases, and returns its name; for administrators."""
        return str((await self._send("POST", "admin/leases:takeover")).json()["node"])

    async def give_back_leases(self) -> None:
        """Lets the nodes share their leases again; for administrators."""
        await self._send("POST", "admin/leases:give-back")

    async def audit_leases(self, slug: str = "") -> list[str]:
        """What is wrong with the lease store: nothing, or there is a bug; for administrators."""
        answer = await self._send("GET", "admin/leases/audit", params={"project": slug} if slug else {})
        return list(answer.json()["faults"])

    # Projects

    async def create_project(self, slug: str, name: str = "") -> Project:
        """Creates a project that the caller owns."""
        answer = await self._send("POST", "projects", json={"slug": slug, "name": name or slug})
        return Project.model_validate_json(answer.content)

    async def projects(self) -> list[Project]:
        """Every project the caller may read."""
        return [Project.model_validate(item) for item in await self._items("projects")]

    async def project(self, slug: str) -> Project:
        """One project, by its slug or a former one."""
        answer = await self._send("GET", f"projects/{slug}")
        return Project.model_validate_json(answer.content)

    async def rename_project(self, slug: str, *, new_slug: str | None = None, name: str | None = None) -> Project:
        """Changes the slug (the old one goes on leading here), the display name, or both."""
        changes = {"slug": new_slug, "name": name}
        answer = await self._send("PATCH", f"projects/{slug}", json={k: v for k, v in changes.items() if v is not None})
        return Project.model_validate_json(answer.content)

    async def delete_project(self, slug: str) -> None:
        """Deletes a project; open documents are closed."""
        await self._send("DELETE", f"projects/{slug}")

    async def set_member(self, slug: str, user: str, role: Literal["owner", "editor", "viewer"]) -> None:
        """Gives a user a role in a project."""
        await self._send("PUT", f"projects/{slug}/members/{quote(user, safe='')}", json={"role": role})

    async def remove_member(self, slug: str, user: str) -> None:
        """Takes a user's role in a project away."""
        await self._send("DELETE", f"projects/{slug}/members/{quote(user, safe='')}")

    # Files

    async def files(self, slug: str) -> list[File]:
        """The entries of a project's file tree."""
        return [File.model_validate(item) for item in await self._items(f"projects/{slug}/files")]

    async def read_file(self, slug: str, path: str) -> FileContent:
        """A file's bytes, with the ETag of this version."""
        answer = await self._send("GET", file_url(slug, path))
        return FileContent(answer.content, answer.headers["etag"])

    async def write_file(self, slug: str, path: str, body: str | bytes, *, etag: str | None = None) -> str:
        """Writes a file and returns its new ETag: over the version `etag`, or as a new file when that is None."""
        condition = CREATE if etag is None else {"If-Match": etag}
        answer = await self._send("PUT", file_url(slug, path), content=body, headers=condition)
        return str(answer.headers["etag"])

    async def make_folder(self, slug: str, path: str) -> None:
        """Creates an empty folder."""
        await self._send("POST", f"projects/{slug}/files:mkdir", json={"path": path})

    async def move(self, slug: str, source: str, target: str) -> None:
        """Moves or renames a file or folder; live editing goes on through it."""
        await self._send("POST", f"projects/{slug}/files:move", json={"from": source, "to": target})

    async def delete_file(self, slug: str, path: str) -> list[str]:
        """Deletes a file, or a folder with what is in it; returns the ids that `restore_files` takes."""
        answer = await self._send("DELETE", file_url(slug, path))
        return [item["id"] for item in answer.json()["deleted"]]

    async def restore_files(self, slug: str, ids: list[str]) -> None:
        """Undoes a deletion."""
        await self._send("POST", f"projects/{slug}/files:restore", json={"ids": ids})

    async def import_zip(self, slug: str, archive: bytes | AsyncIterable[bytes], *, into: str = "") -> Imported:
        """Imports a ZIP into a folder (the root by default); members that cannot be are named in the answer."""
        headers = {"Content-Type": "application/zip"}
        where = {"into": into} if into else {}
        url = f"projects/{slug}/files:import"
        answer = await self._send("POST", url, content=archive, headers=headers, params=where)
        return Imported.model_validate_json(answer.content)

    async def export_zip(self, slug: str, target: Path) -> None:
        """Downloads the project as a ZIP to the file `target`, in constant memory."""
        async with self._http.stream("GET", f"/api/v1/projects/{slug}/files:export") as answer:
            if answer.is_error:
                await answer.aread()
                raise AtriumClientError.from_response(answer)
            with target.open("wb") as file:
                async for chunk in answer.aiter_bytes():
                    file.write(chunk)

    # Documents

    async def documents(self, slug: str) -> list[Document]:
        """The documents of a project."""
        return [Document.model_validate(item) for item in await self._items(f"projects/{slug}/documents")]

    async def document_info(self, name: str) -> DocumentDetail:
        """What is known of one document."""
        answer = await self._send("GET", f"documents/{quote(name)}")
        return DocumentDetail.model_validate_json(answer.content)

    async def document_state(self, name: str) -> bytes:
        """A document's whole state as one Yjs v1 update."""
        answer = await self._send("GET", f"documents/{quote(name)}", params={"format": "update"})
        return answer.content

    async def push_update(self, name: str, update: bytes) -> int:
        """Applies one Yjs v1 update; returns its sequence number once it is durable."""
        answer = await self._send("POST", f"documents/{quote(name)}/updates", content=update)
        return int(answer.json()["seq"])

    async def delete_document(self, name: str) -> None:
        """Deletes a document; its name stays taken."""
        await self._send("DELETE", f"documents/{quote(name)}")

    # Tokens

    async def create_token(
        self, name: str, *, kind: Literal["pat", "agt"] = "pat", expires_in_s: int | None = None
    ) -> CreatedToken:
        """Creates a token of the caller's; the secret is in this answer only."""
        body: dict[str, Any] = {"kind": kind, "name": name}
        if expires_in_s is not None:
            body["expires_in_s"] = expires_in_s
        answer = await self._send("POST", "tokens", json=body)
        return CreatedToken.model_validate_json(answer.content)

    async def tokens(self) -> list[Token]:
        """The caller's tokens."""
        return [Token.model_validate(item) for item in await self._items("tokens")]

    async def revoke_token(self, id: str) -> None:
        """Revokes a token; live connections made with it are closed."""
        await self._send("DELETE", f"tokens/{id}")

    async def _items(self, url: str) -> list[Any]:
        """Every item of a list."""
        return [item for page in await self._pages(url, {}) for item in page["items"]]

    async def _pages(self, url: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """A whole list, page by page."""
        pages: list[dict[str, Any]] = []
        while not pages or pages[-1]["next_cursor"] is not None:
            cursor = {"cursor": pages[-1]["next_cursor"]} if pages else {}
            pages.append((await self._send("GET", url, params={"limit": 200} | parameters | cursor)).json())
        return pages

    async def _send(self, method: str, url: str, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, f"/api/v1/{url}", follow_redirects=True, **request)
        except httpx.TransportError as error:
            raise ConnectionLost.unreachable(error) from error
        if answer.is_error:
            raise AtriumClientError.from_response(answer)
        return answer


def file_url(slug: str, path: str) -> str:
    """The address of a file below ``/api/v1/``."""
    return f"projects/{slug}/files/{quote(path)}"
