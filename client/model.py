"""What the REST API answers, as frozen models; members this client does not know are ignored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """The base of every model."""

    model_config = ConfigDict(frozen=True)


class Project(Answer):
    """A project, and the caller's role in it."""

    id: str
    slug: str
    name: str
    role: Literal["owner", "editor", "viewer"]
    created_at: datetime


class File(Answer):
    """An entry of a project's file tree; `size` (bytes) and `blob` (SHA-256) are of binary files."""

    id: str
    path: str
    kind: Literal["text", "binary", "directory"]
    eol: Literal["lf", "crlf"] = "lf"
    mode: int = 0o644
    size: int | None = None
    blob: str | None = None


class Document(Answer):
    """A document; `seq` is the number of its newest row in the update log."""

    name: str
    id: int
    kind: Literal["files", "tree", "live", "chat", "docs"]
    epoch: int
    seq: int
    created_at: datetime
    updated_at: datetime


class DocumentDetail(Document):
    """A document, its encoded size in bytes, and whether the caller may change it."""

    bytes: int
    writable: bool


class Token(Answer):
    """A token, without its secret."""

    id: str
    kind: str
    name: str
    created_at: datetime
    expires_at: datetime | None


class CreatedToken(Token):
    """A new token with its secret, which is never shown again."""

    token: str


class Skipped(Answer):
    """A member of a ZIP that was not imported, and why."""

    path: str
    reason: str


class Imported(Answer):
    """What became of a ZIP."""

    imported: int
    skipped: list[Skipped]


class LeaseInfo(Answer):
    """A lease; `state` is `held`, `offered` or `delay`: the pause after a holder that failed."""

    lock_type: str
    resource_id: str
    mode: Literal["s", "x"]
    state: Literal["held", "offered", "delay"]
    session_id: str
    user: str
    fence: int
    expires_at: datetime


class Waiting(Answer):
    """Somebody who waits for a lease; `position` 1 is next."""

    lock_type: str
    resource_id: str
    mode: Literal["s", "x"]
    session_id: str
    user: str
    position: int


class LeaseList(Answer):
    """What is leased, and who waits."""

    items: list[LeaseInfo]
    waiting: list[Waiting]


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes and the ETag to write it back with."""

    body: bytes
    etag: str

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode()
