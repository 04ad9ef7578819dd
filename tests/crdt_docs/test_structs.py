"""The walker over an update's structs: every kind of content, any cut, and an order in which they can be applied."""

from __future__ import annotations

from itertools import pairwise

import pycrdt
import pytest

from crdt_docs.errors import InvalidUpdate
from crdt_docs.lib0 import Reader
from crdt_docs.structs import Ref, Struct, causal_order, encode_delete_set, read_delete_set, read_update


def everything() -> bytes:
    """The state of a document with every kind of content that pycrdt writes."""
    doc = pycrdt.Doc(client_id=7)
    text, items = doc.get("text", type=pycrdt.Text), doc.get("list", type=pycrdt.Array)
    text.insert(0, "a😀b", {"bold": True})
    text.insert_embed(0, {"image": 1})
    items.extend([{"deep": [[], {"x": None}]}, True, 2.5, 2**60, -1, "s", b"bytes", pycrdt.Map({"k": 1}), pycrdt.Doc()])
    doc.get("xml", type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("p", {"a": "b"}, [pycrdt.XmlText("t")]))
    items.append(pycrdt.Array([pycrdt.Text("gone")]))
    del items[len(items) - 1]
    return doc.get_update()


def test_every_content_is_walked() -> None:
    """Structs follow each other without a gap, in clocks and in bytes, to the end of the section."""
    update = everything()
    sections, deletes = read_update(update)
    (structs,) = sections.values()
    assert {struct.ref for struct in structs} >= set(Ref) - {Ref.JSON, Ref.SKIP, Ref.BINARY}
    for before, after in pairwise(structs):
        assert (before.clock + before.length, before.end) == (after.clock, after.start)
    assert {7: structs[-1].clock + structs[-1].length} == pycrdt_clocks(update)
    assert update[structs[-1].end :] == encode_delete_set(deletes)


def pycrdt_clocks(update: bytes) -> dict[int, int]:
    reader = Reader(pycrdt.get_state(update))
    return {reader.var_uint(): reader.var_uint() for _ in range(reader.var_uint())}


def test_lengths_are_in_utf16() -> None:
    """A string's length is counted as JavaScript does, in code units."""
    sections, _ = read_update(bytes.fromhex("01 01 05 00 04 01 01 61 06 61 f09f9880 62 00"))
    assert sections[5][0].length == 4


def test_every_truncation_is_refused() -> None:
    """An update cut anywhere is told as such; so is one that goes on."""
    update = everything()
    for length in range(len(update)):
        with pytest.raises(InvalidUpdate):
            read_update(update[:length])
    with pytest.raises(InvalidUpdate, match="goes on"):
        read_update(update + b"\x00")


def test_a_client_has_one_section() -> None:
    """Two sections of one client, which would overwrite each other, are refused."""
    section = bytes.fromhex("01 05 00 04 01 01 61 01 61")
    with pytest.raises(InvalidUpdate, match="two sections"):
        read_update(b"\x02" + section + section + b"\x00")


def test_delete_sets_round_trip() -> None:
    """A delete set is written as it was read."""
    deletes = {9: [(0, 3), (5, 1)], 2**32 - 1: [(2**31, 1)]}
    assert read_delete_set(Reader(encode_delete_set(deletes))) == deletes


def test_structs_come_after_what_they_build_on() -> None:
    """Clients that wait for each other in turn come out in the order of their edits."""
    a = [Struct(0, 0, Ref.STRING, length=1), Struct(1, 0, Ref.STRING, origin=(2, 0), length=1)]
    b = [Struct(0, 0, Ref.STRING, right_origin=(1, 0), length=1), Struct(1, 0, Ref.STRING, parent=(1, 1), length=1)]
    order = [(client, struct.clock) for client, struct in causal_order({1: a, 2: b})]
    assert order == [(1, 0), (2, 0), (1, 1), (2, 1)]


def test_what_no_section_holds_is_taken_as_known() -> None:
    """A diff builds on structs that its receiver has; only those inside of it are put in order."""
    structs = [Struct(5, 0, Ref.STRING, origin=(2, 9), length=1)]
    assert list(causal_order({1: structs, 2: []})) == [(1, structs[0])]
