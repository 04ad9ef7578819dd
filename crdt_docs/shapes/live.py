"""The shape of a project's live state: who is here and what is held, written by the server alone.

Root Y.Maps `sessions`, `leases` and `conflicts`: id → Y.Map of the fields below. Putting a record that is already
there writes nothing, so the document grows when something changes and never per heartbeat.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar, get_type_hints

import pycrdt

from crdt_docs.shapes.maps import field, put_record, read_records, remove_record


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session; `kind` is person, terminal or agent, `role` primary or secondary, `since` ISO 8601 UTC."""

    ROOT: ClassVar = "sessions"
    user: str
    kind: str
    role: str
    state: str
    since: str


@dataclass(frozen=True, slots=True)
class LiveLease:
    """A lease that is held, under the id `type:id` of its resource; `since` ISO 8601 UTC."""

    ROOT: ClassVar = "leases"
    session: str
    user: str
    mode: str
    fence: int
    since: str


@dataclass(frozen=True, slots=True)
class LiveConflict:
    """An open conflict."""

    ROOT: ClassVar = "conflicts"
    type: str
    resource: str
    state: str


LiveRecord = LiveSession | LiveLease | LiveConflict
T = TypeVar("T", LiveSession, LiveLease, LiveConflict)


def read_live(doc: pycrdt.Doc[Any], kind: type[T]) -> dict[str, T]:
    """All records of one kind by id; raises `DocumentPoisoned`, naming the id, for a malformed one."""
    types = get_type_hints(kind)

    def record(id: str, values: dict[str, Any]) -> T:
        return kind(**{f.name: field(kind.ROOT, id, values, f.name, types[f.name]) for f in fields(kind)})

    return {id: record(id, values) for id, values in read_records(doc, kind.ROOT).items()}


def put_live(doc: pycrdt.Doc[Any], id: str, record: LiveRecord) -> None:
    """Adds the record or changes the one with its id; writes only fields that differ."""
    put_record(doc, record.ROOT, id, asdict(record))


def remove_live(doc: pycrdt.Doc[Any], id: str, kind: type[LiveRecord]) -> None:
    """Removes the record of this kind, if there is one."""
    remove_record(doc, kind.ROOT, id)
