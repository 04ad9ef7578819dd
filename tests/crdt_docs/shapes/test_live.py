"""The shape of a project's live state."""

from __future__ import annotations

from dataclasses import replace

import pycrdt
import pytest

from crdt_docs.document import Document
from crdt_docs.errors import DocumentPoisoned
from crdt_docs.shapes.live import LiveConflict, LiveLease, LiveSession, put_live, read_live, remove_live

SESSION = LiveSession("user:1", "agent", "primary", "active", "2026-11-20T14:30:15Z")
LEASE = LiveLease("s1", "user:1", "exclusive", 2**40, "2026-11-20T14:30:15Z")
CONFLICT = LiveConflict("file_edit", "src/main.py", "needs_review")


def live() -> Document:
    document = Document()
    document.edit(
        lambda doc: [put_live(doc, "s1", SESSION), put_live(doc, "file:a", LEASE), put_live(doc, "c1", CONFLICT)]
    )
    return document


def test_records_round_trip() -> None:
    """Each kind of record is read as it was put, under its own root."""
    doc = live().raw
    assert read_live(doc, LiveSession) == {"s1": SESSION}
    assert read_live(doc, LiveLease) == {"file:a": LEASE}
    assert read_live(doc, LiveConflict) == {"c1": CONFLICT}
    assert set(doc.keys()) == {"sessions", "leases", "conflicts"}


def test_only_changes_are_written() -> None:
    """A heartbeat that changes nothing makes no update; a change writes its field alone."""
    document = live()
    assert document.edit(lambda doc: put_live(doc, "s1", SESSION))[1] == b""
    _, update = document.edit(lambda doc: put_live(doc, "s1", replace(SESSION, state="disconnected")))
    assert b"disconnected" in update
    assert b"primary" not in update


def test_removing() -> None:
    """A removed record is gone, and no record of another kind with it."""
    document = live()
    document.edit(lambda doc: remove_live(doc, "file:a", LiveLease))
    assert read_live(document.raw, LiveLease) == {}
    assert read_live(document.raw, LiveSession) == {"s1": SESSION}


def test_a_malformed_record_poisons_the_document() -> None:
    """A record without a field of its kind is told with its id."""
    document = live()
    document.edit(lambda doc: doc["leases"].update({"odd": pycrdt.Map({"session": "s1"})}))
    with pytest.raises(DocumentPoisoned, match="'odd' in 'leases' is malformed: 'user' is None"):
        read_live(document.raw, LiveLease)
