"""Chunks: small, valid one after the other, and together the same document, for pycrdt and for real Yjs."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable

import pycrdt
import pytest

from crdt_docs.chunks import split_update
from crdt_docs.document import Document
from crdt_docs.errors import InvalidUpdate
from crdt_docs.lib0 import var_string, var_uint
from crdt_docs.structs import read_update
from tests.support.yjs_script import run_yjs

YJS_APPLY = """
const doc = new Y.Doc();
doc.getText('content'); doc.getArray('list'); doc.getMap('map');
let pending = 0;
for (const chunk of message.chunks) {
  Y.applyUpdate(doc, Buffer.from(chunk, 'base64'));
  pending += Number(doc.store.pendingStructs !== null) + Number(doc.store.pendingDs !== null);
}
const state = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64');
const json = { content: doc.getText('content'), list: doc.getArray('list'), map: doc.getMap('map') };
reply({ pending, state, json });
"""


def encoded(chunks: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(chunk).decode() for chunk in chunks]


def typed_by_many(clients: int = 4, rounds: int = 12) -> bytes:
    """The state of a text, a list and a map that several clients edited in turns, across each other."""
    rng = random.Random(1)
    docs = [pycrdt.Doc(client_id=1000 + client) for client in range(clients)]
    for turn in range(rounds):
        for doc in docs:
            with doc.transaction():
                write_something(doc, rng, turn)
        for doc in docs:
            for other in docs:
                doc.apply_update(other.get_update(doc.get_state()))
    return docs[0].get_update()


def write_something(doc: pycrdt.Doc, rng: random.Random, turn: int) -> None:
    text = doc.get("content", type=pycrdt.Text)
    for _ in range(20):
        text.insert(0 if rng.random() < 0.2 else len(text), rng.choice(["a", "é", "😀", "word ", "\n"]))
    text.insert(0, "ascii")
    del text[1:3]
    items = doc.get("list", type=pycrdt.Array)
    items.insert(rng.randrange(len(items) + 1), pycrdt.Map({"turn": turn}))
    items.extend([{"deep": [[1], {"x": None}]}, True, 2.5, "s" * rng.randrange(40), b"bytes"])
    del items[rng.randrange(len(items))]
    keys = doc.get("map", type=pycrdt.Map)
    keys[f"key {rng.randrange(9)}"] = rng.choice([1, "x", pycrdt.Text("nested"), pycrdt.Array([1, 2])])


def same_document(state: bytes, chunks: list[bytes]) -> bool:
    """Whether the chunks make the document of `state`, with every chunk complete as soon as it is applied."""
    whole, parts = Document(), Document()
    whole.apply([state])
    promised: dict[int, int] = {}
    for chunk in chunks:
        for client, structs in read_update(chunk)[0].items():
            promised[client] = structs[-1].clock + structs[-1].length
        parts.apply([chunk])
        assert parts.state_vector() == promised, "something of the chunk is pending"
    return whole.content_hash() == parts.content_hash()


def test_small_updates_are_left_alone() -> None:
    """An update within the limit is its own only chunk."""
    state = typed_by_many(rounds=1)
    assert split_update(state, len(state)) == [state]


@pytest.mark.parametrize("limit", [200, 1_000, 10_000])
def test_chunks_make_the_same_document(limit: int) -> None:
    """Applied in order, chunks leave nothing pending and make the document of the whole state."""
    state = typed_by_many()
    chunks = split_update(state, limit)
    assert len(chunks) > len(state) // limit
    assert max(map(len, chunks)) <= limit
    assert same_document(state, chunks)


@pytest.mark.interop
@pytest.mark.timeout(300)
def test_chunks_make_the_same_document_in_yjs() -> None:
    """Real Yjs has nothing pending after any chunk, and its document equals the one from the whole state."""
    state = typed_by_many()
    whole = run_yjs(YJS_APPLY, {"chunks": encoded([state])})
    parts = run_yjs(YJS_APPLY, {"chunks": encoded(split_update(state, 300))})
    assert parts["pending"] == 0
    assert parts["json"] == whole["json"]
    assert parts["state"] == whole["state"]


def test_long_strings_are_cut_between_characters() -> None:
    """A string larger than the limit is cut, and no surrogate pair with it."""
    text = "a😀é漢" * 5_000
    doc = pycrdt.Doc({"content": pycrdt.Text(text)})
    doc["content"].insert(0, "right origin ")
    chunks = split_update(doc.get_update(), 999)
    assert max(map(len, chunks)) <= 999
    assert same_document(doc.get_update(), chunks)


@pytest.mark.interop
@pytest.mark.timeout(300)
def test_cut_strings_are_whole_in_yjs() -> None:
    """Real Yjs reads a cut string as it was, with every surrogate pair."""
    text = "a😀é漢" * 5_000
    chunks = split_update(pycrdt.Doc({"content": pycrdt.Text(text)}).get_update(), 998)
    assert run_yjs(YJS_APPLY, {"chunks": encoded(chunks)})["json"]["content"] == text


def test_long_runs_of_values_are_cut_between_values() -> None:
    """One item of many values is cut into several; a value larger than the limit stays whole."""
    values = [b"\x77" + var_string("x" * (2_000 if i == 50 else i)) for i in range(100)]
    item = b"\x08\x01" + var_string("list") + var_uint(len(values)) + b"".join(values)
    state = b"\x01\x01\x05\x00" + item + b"\x00"
    chunks = split_update(state, 500)
    assert sorted(map(len, chunks))[-2] <= 500 < max(map(len, chunks)) < 2_100
    assert same_document(state, chunks)


def test_deletes_come_last() -> None:
    """The delete set follows the structs, cut itself when it is above the limit."""
    doc = pycrdt.Doc({"content": pycrdt.Text("ab" * 2_000)})
    with doc.transaction():
        for i in range(2_000):
            del doc["content"][i : i + 1]
    chunks = split_update(doc.get_update(), 1_000)
    deleting = [bool(read_update(chunk)[1]) for chunk in chunks]
    assert deleting == sorted(deleting)
    assert sum(deleting) > 3
    assert max(map(len, chunks)) <= 1_000
    assert same_document(doc.get_update(), chunks)


def test_a_diff_is_cut_too() -> None:
    """Chunks of a diff build on what its receiver has already."""
    doc, peer = pycrdt.Doc({"content": pycrdt.Text("before ")}), pycrdt.Doc()
    peer.apply_update(doc.get_update())
    doc["content"].insert(3, "x" * 3_000)
    for chunk in split_update(doc.get_update(peer.get_state()), 1_000):
        peer.apply_update(chunk)
    assert peer.get_state() == doc.get_state()
    assert str(peer.get("content", type=pycrdt.Text)) == str(doc["content"])


@pytest.mark.parametrize(
    "update",
    [
        b"\x01" * 20,
        bytes.fromhex("01 01 05 00 04 01 01 61 7f 61"),  # a string longer than the update
        bytes.fromhex("01 01 05 00 0b 01 01 61 00 00"),  # content of an unknown kind
        bytes.fromhex("02 01 05 00 84 06 00 01 61 01 06 00 84 05 00 01 61 00"),  # two items, each after the other
    ],
    ids=["truncated", "long string", "unknown content", "circle"],
)
def test_broken_updates_are_refused(update: bytes) -> None:
    """What is no update raises `InvalidUpdate`; nothing loops or reads past the end."""
    with pytest.raises(InvalidUpdate):
        split_update(update, 5)


def test_deep_values_need_no_stack() -> None:
    """A value nested 100,000 deep is walked like any other."""
    state = b"\x01\x01\x05\x00\x08\x01\x01a\x01" + b"\x75\x01" * 100_000 + b"\x7e\x00"
    assert b"".join(split_update(state, 1_000)) == state
