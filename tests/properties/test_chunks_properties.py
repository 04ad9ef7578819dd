"""Chunks and documents, for any history of several writers."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.chunks import split_update
from crdt_docs.document import Document
from crdt_docs.text_edits import replace_text

WRITERS = 3
TEXTS = st.text(alphabet="ab \né😀", max_size=20)
STEPS = st.lists(st.tuples(st.integers(0, WRITERS - 1), TEXTS, st.booleans()), min_size=1, max_size=12)


def history(steps: list[tuple[int, str, bool]]) -> list[tuple[bytes, set[int]]]:
    """Updates of writers who each replace the text in turns, some of them after catching up with the others.

    With each update comes what it builds on: the places of the updates that its writer had seen.
    """
    writers: list[tuple[Document, set[int]]] = [(Document(), set()) for _ in range(WRITERS)]
    updates: list[tuple[bytes, set[int]]] = []
    for writer, text, catch_up in steps:
        document, seen = writers[writer]
        if catch_up:
            document.apply(update for update, _ in updates)
            seen.update(range(len(updates)))
        _, update = document.edit(lambda doc, text=text: replace_text(doc, text))
        if update:
            updates.append((update, set(seen)))
            seen.add(len(updates) - 1)
    return updates


def another_order(updates: list[tuple[bytes, set[int]]], data: st.DataObject) -> list[bytes]:
    """The updates in another order that brings each after what it builds on, some of them more than once."""
    arrived: list[int] = []
    while missing := [i for i, (_, needs) in enumerate(updates) if i not in arrived and needs <= set(arrived)]:
        arrived.append(data.draw(st.sampled_from(missing)))
        arrived += data.draw(st.lists(st.sampled_from(arrived), max_size=1))
    return [updates[i][0] for i in arrived]


def document_of(updates: Iterable[bytes]) -> Document:
    document = Document()
    document.apply(updates)
    return document


def digest(document: Document) -> str:
    return document.content_hash(document.text())


@given(steps=STEPS, data=st.data())
def test_documents_converge(steps: list[tuple[int, str, bool]], data: st.DataObject) -> None:
    """Updates in any causal order, some of them twice, make one document, which its own state makes again."""
    updates = history(steps)
    one, other = document_of(update for update, _ in updates), Document()
    for update in another_order(updates, data):
        other.apply([update])
    assert one.text() == other.text()
    assert digest(one) == digest(other) == digest(document_of([one.state()]))


@given(steps=STEPS, limit=st.integers(150, 400))
def test_chunks_make_the_document_again(steps: list[tuple[int, str, bool]], limit: int) -> None:
    """The chunks of any state are within the limit and make the same document, complete after each of them."""
    whole = document_of(update for update, _ in history(steps))
    chunks = split_update(whole.state(), limit)
    assert max(map(len, chunks)) <= limit
    parts, clocks = Document(), 0
    for chunk in chunks:
        parts.apply([chunk])
        grown = sum(parts.state_vector().values())
        assert grown > clocks or chunk[0] == 0
        clocks = grown
    assert digest(parts) == digest(whole)
