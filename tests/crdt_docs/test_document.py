"""Document: what goes in, what comes out, and how faults of the engine are told apart."""

from __future__ import annotations

import hashlib
import itertools

import pycrdt
import pytest

from crdt_docs.document import Document, decode_state_vector, encode_state_vector
from crdt_docs.errors import DocumentPoisoned, InvalidUpdate, MalformedMessage
from crdt_docs.text_edits import replace_text

PANIC = bytes.fromhex("01 02 01 00 01 01 01 63 01 00 00 01 01 01 00 01")
"""A deleted item without length: pycrdt divides by zero."""

BAD_PARENT = bytes.fromhex("01 03 01 00 00 02 08 01 01 63 01 7e 08 00 01 02 01 7e 00")
"""An item whose parent is not a type: pycrdt decodes it and fails half way through applying it."""


def written(text: str) -> Document:
    document = Document()
    document.edit(lambda doc: replace_text(doc, text))
    return document


def test_apply_brings_a_state_over() -> None:
    """A document that applies another's state reads the same."""
    copy = Document()
    copy.apply([written("héllo 😀").state()])
    assert copy.text() == "héllo 😀"


def test_client_ids_fit_32_bits() -> None:
    """A server edit is written under a client id of 32 bits, a new one for each document."""
    ids = {Document().raw.client_id for _ in range(50)}
    assert len(ids) == 50
    assert max(ids) < 2**32


def test_edit_returns_the_update_it_made() -> None:
    """Applying what `edit` returned repeats the edit elsewhere."""
    document, copy = Document(), Document()
    result, update = document.edit(lambda doc: replace_text(doc, "a") or "result")
    copy.apply([update])
    assert (result, copy.text()) == ("result", "a")


def test_edit_without_change_makes_no_update() -> None:
    """An edit that changes nothing returns no bytes, so nothing is logged."""
    document = written("a")
    assert document.edit(lambda doc: replace_text(doc, "a"))[1] == b""


def test_state_is_encoded_once_per_version() -> None:
    """The encoded state is shared until the document changes."""
    document = written("a")
    state = document.state()
    assert document.state() is state
    document.edit(lambda doc: replace_text(doc, "ab"))
    assert document.state() != state


def test_diff_holds_only_what_is_missing() -> None:
    """A peer with an older state vector gets no struct that it has."""
    document = written("a" * 1000)
    before, vector = document.state(), document.encoded_state_vector()
    document.edit(lambda doc: replace_text(doc, "a" * 1000 + "b"))
    diff = document.diff(vector)
    assert len(diff) < 40
    peer = Document()
    peer.apply([before, diff])
    assert peer.text() == document.text()


def test_diff_survives_a_hostile_state_vector() -> None:
    """Unknown clients and clocks beyond ours in a state vector neither fail nor hide anything."""
    document = written("abc")
    assert document.diff(encode_state_vector({7: 2**50})) == document.state()
    (client,) = document.state_vector()
    assert document.diff(encode_state_vector({client: 2**50})) == b"\x00\x00"
    with pytest.raises(MalformedMessage):
        document.diff(b"\xff\xff\xff\xff\xff\xff\x0f")


def test_state_vector_round_trip() -> None:
    """A state vector decodes to what was encoded; bytes after it and too many clients are refused."""
    clocks = {5: 1, 2**32 - 1: 2**31}
    assert decode_state_vector(encode_state_vector(clocks)) == clocks
    with pytest.raises(MalformedMessage, match="goes on"):
        decode_state_vector(encode_state_vector(clocks) + b"\x00")
    with pytest.raises(MalformedMessage, match="2 clients; 1 are allowed"):
        decode_state_vector(encode_state_vector(clocks), max_clients=1)


def test_undecodable_update_is_refused() -> None:
    """Bytes that are no update are refused, and the document goes on with what came before them."""
    document = Document()
    with pytest.raises(InvalidUpdate):
        document.apply([written("a").state(), b"\xff", written("b").state()])
    assert document.text() == "a"


@pytest.mark.parametrize("update", [PANIC, BAD_PARENT], ids=["panic", "half applied"])
def test_engine_fault_poisons_the_document(update: bytes) -> None:
    """After a fault deeper than decoding, the document refuses everything instead of answering wrongly."""
    document = Document()
    with pytest.raises(DocumentPoisoned):
        document.apply([update])
    calls = (document.state, document.text, document.encoded_state_vector, lambda: document.apply([b"\x00\x00"]))
    for call in calls:
        with pytest.raises(DocumentPoisoned):
            call()


def test_panic_in_an_edit_poisons_the_document() -> None:
    """A panic inside of an edit is told like any other."""
    document = written("é")

    def delete_half_a_character(doc: pycrdt.Doc) -> None:
        del doc.get("content", type=pycrdt.Text)[1:2]

    with pytest.raises(DocumentPoisoned):
        document.edit(delete_half_a_character)
    with pytest.raises(DocumentPoisoned):
        document.text()


def test_edit_that_fails_before_writing_passes_its_error() -> None:
    """An edit that raises before it wrote leaves the document as it was."""
    document = written("a")

    def refuse(doc: pycrdt.Doc) -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError):
        document.edit(refuse)
    assert document.text() == "a"


def test_edit_that_fails_half_way_poisons_the_document() -> None:
    """What an edit wrote before it raised cannot be undone and was not logged, so the document is given up."""
    document = Document()

    def fail_after_writing(doc: pycrdt.Doc) -> None:
        replace_text(doc, "half")
        raise LookupError("no such thing")

    with pytest.raises(DocumentPoisoned, match="LookupError"):
        document.edit(fail_after_writing)
    with pytest.raises(DocumentPoisoned):
        document.state()


def test_content_hash_ignores_the_order_of_updates() -> None:
    """Replicas that saw the same updates, in any order, again or merged, have one content hash."""
    writers = [Document() for _ in range(3)]
    updates = [writer.edit(lambda doc, i=i: replace_text(doc, f"writer {i}"))[1] for i, writer in enumerate(writers)]
    updates += [writer.edit(lambda doc: replace_text(doc, "writer"))[1] for writer in writers]
    hashes = set()
    for order in itertools.permutations(range(3)):
        document = Document()
        document.apply([updates[i] for i in order] + [updates[i + 3] for i in order] + updates[:1])
        reloaded = Document()
        reloaded.apply([document.state()])
        hashes |= {document.content_hash(document.text()), reloaded.content_hash(reloaded.text())}
    assert len(hashes) == 1


def test_content_hash_tells_documents_apart() -> None:
    """A missing edit, a missing deletion and another visible content each change the hash."""
    document = written("ab")
    before = document.content_hash("ab")
    document.edit(lambda doc: replace_text(doc, "a"))
    assert document.content_hash("ab") != before
    assert document.content_hash("a") != document.content_hash("b")


def test_content_hash_follows_its_specification() -> None:
    """The hash is that of the bytes that docs/reference/shapes.md gives, so that another client can compute it."""
    document = Document()
    document.apply([bytes.fromhex("01 01 05 00 04 01 07 636f6e74656e74 02 6162 01 05 01 00 01")])
    assert document.text() == "b"
    head, clocks, deletes = b"atrium-content-1\n", bytes.fromhex("01 05 02"), bytes.fromhex("01 05 01 00 01")
    assert document.content_hash("b") == hashlib.sha256(head + clocks + deletes + b"b").hexdigest()
