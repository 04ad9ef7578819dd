from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from random import Random
from types import FrameType
from typing import Any

import pycrdt
import pytest

from crdt_docs.document import decode_state_vector
from crdt_docs.errors import CrdtError, InvalidUpdate, MissingDependency
from crdt_docs.lib0 import var_string, var_uint
from crdt_docs.names import Kind
from crdt_docs.shapes.tree import FileEntry, put_entry
from crdt_docs.structs import Ref
from crdt_docs.validation import (
    FILE_RULES,
    MAP_RULES,
    OPAQUE_RULES,
    DocumentIndex,
    Rules,
    TypeRef,
    UpdateInfo,
    check_update,
    covers,
    delete_set,
    index_document,
    rules_for,
)
from tests.fuzz.session import RULES, corpus
from tests.support import hostile
from tests.support.hostile import ME, NULL, ONE, OTHER, anys, gc, item, section, shared_type, skip, text, typing, update


def refusal(data: bytes, known: dict[int, int] | None = None, rules: Rules = FILE_RULES) -> str:
    """The code of the refusal."""
    with pytest.raises(InvalidUpdate) as refused:
        check_update(data, known or {}, rules)
    return refused.value.code


LINES_PER_BYTE = 15
"""Of Python, to read an update: a small struct has 9 bytes and takes 80 lines."""


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python `work` runs: the same on every machine, however busy."""
    lines = 0

    def count(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


class Heard:
    """A document as a room keeps it: what the gate let through, and what it knows of that."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.doc = pycrdt.Doc[Any]()
        self.known: dict[int, int] = {}
        self.index = DocumentIndex()

    def hear(self, data: bytes) -> None:
        info = check_update(data, self.known, self.rules, self.index)
        self.known |= info.advances(self.known)
        self.index.update(info.facts)
        self.doc.apply_update(data)

    def load_again(self) -> None:
        """What was deleted is told by its place only from now on."""
        state = self.doc.get_update()
        self.doc = pycrdt.Doc[Any]()
        self.doc.apply_update(state)
        self.index = index_document(state, self.known, self.rules)


def gap(data: bytes, known: dict[int, int] | None = None, rules: Rules = FILE_RULES) -> str:
    with pytest.raises(MissingDependency) as missing:
        check_update(data, known or {}, rules)
    return missing.value.code


# Honest updates


@pytest.mark.parametrize("kind", RULES)
def test_no_honest_update_is_refused(kind: str) -> None:
    """What real Yjs clients sent, in their order, is accepted, and the clocks add up to the engine's."""
    for history in corpus()[kind]:
        heard = Heard(RULES[kind])
        for honest in history:
            heard.hear(honest)
        state = check_update(heard.doc.get_update(), {}, RULES[kind])
        assert state.advances({}) == heard.known


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_arrival_is_refused(seed: int) -> None:
    """Clients that worked in what others deleted are heard in any order, also after the document was loaded again."""
    random = Random(seed)
    (start,), *apart = corpus()["apart"]
    heard = Heard(OPAQUE_RULES)
    heard.hear(start)
    streams = [list(history) for history in apart]
    while streams := [stream for stream in streams if stream]:
        stream = random.choice(streams)
        for _ in range(min(random.choice((1, 5, 50)), len(stream))):
            heard.hear(stream.pop(0))
        if random.random() < 0.1:
            heard.load_again()
    for history in apart:
        heard.hear(history[-2])
    assert heard.known == decode_state_vector(heard.doc.get_state())


def test_updates_may_come_twice() -> None:
    """A history that is sent again after a reconnection is accepted and advances nothing."""
    history = corpus()["files"][0]
    known: dict[int, int] = {}
    for honest in history:
        known |= check_update(honest, known, FILE_RULES).advances(known)
    assert all(not check_update(honest, known, FILE_RULES).advances(known) for honest in history)


def test_nothing_is_nothing() -> None:
    """The empty update is accepted and touches nothing."""
    info = check_update(b"\0\0", {}, FILE_RULES)
    assert (info.spans, info.deletes, info.advances({})) == ((), False, {})


def test_info_tells_what_an_update_touches() -> None:
    """Spans in wire order, whether it deletes, and the new end of each client that it extends."""
    known = {ME: 3, OTHER: 5}
    data = update(
        section(ME, 3, text("abc", origin=(OTHER, 4))),
        section(OTHER, 2, text("xyz", origin=(OTHER, 1))),
        deletes={OTHER: [(0, 2)]},
    )
    info = check_update(data, known, FILE_RULES)
    assert info.spans == ((ME, 3, 6), (OTHER, 2, 5))
    assert info.deletes
    assert info.advances(known) == {ME: 6}


def test_clocks_count_utf16_units() -> None:
    """An emoji takes two clocks and a letter with an umlaut one."""
    assert check_update(typing(ME, 0, "aä😀漢"), {}, FILE_RULES).advances({}) == {ME: 5}


def test_the_tree_is_honest() -> None:
    """What the shapes of this project write keeps to the rules of map documents."""
    doc = pycrdt.Doc[Any]()
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    entry = FileEntry(
        id="id", path="a/ä.txt", kind="text", eol="lf", encoding="utf-8", bom=False, mode=420, blob=None, size=None
    )
    put_entry(doc, entry)
    put_entry(doc, replace(entry, path="b.txt"))
    doc.unobserve(subscription)
    heard = Heard(rules_for(Kind.TREE))
    for made in updates:
        heard.hear(made)
    assert heard.known


def test_a_section_may_build_on_a_later_one() -> None:
    """The engine integrates in order of dependency, so any order of sections is fine."""
    data = update(
        section(ME, 0, text("b", origin=(OTHER, 0)), text("d", origin=(OTHER, 1))),
        section(OTHER, 0, text("a"), text("c", origin=(ME, 0))),
    )
    assert check_update(data, {}, FILE_RULES).advances({}) == {ME: 2, OTHER: 2}


def test_left_out_ranges_that_are_known_are_fine() -> None:
    """Merged updates leave out what lies between them; that is no gap when it is known."""
    data = update(section(ME, 0, text("a"), skip(4), text("b", origin=(ME, 4))))
    assert check_update(data, {ME: 5}, FILE_RULES).advances({ME: 5}) == {ME: 6}
    assert gap(data, {ME: 4}) == "update.gap"


# Gaps


def test_a_gap_is_told_from_a_fault() -> None:
    """What builds on the unknown is a gap, to be closed by syncing, whatever it builds on."""
    known = {OTHER: 5}
    assert gap(update(section(ME, 1, text("a"))), known) == "update.gap"
    assert gap(update(section(ME, 0, text("a", origin=(OTHER, 5)))), known) == "update.missing"
    assert gap(update(section(ME, 0, text("a", right=(OTHER, 5)))), known) == "update.missing"
    assert gap(update(section(ME, 0, text("a", parent=(OTHER, 5)))), known, OPAQUE_RULES) == "update.missing"
    assert gap(update(deletes={OTHER: [(4, 2)]}), known) == "update.deletes_unknown"
    assert gap(hostile.delete_unknown()) == "update.deletes_unknown"
    assert gap(hostile.unmet_dependency()[0]) == "update.gap"


def test_deletes_of_what_comes_along_are_fine() -> None:
    """An update may delete what it inserts, and the last thing that is known."""
    assert check_update(update(section(ME, 0, text("abc")), deletes={ME: [(0, 3)]}), {}, FILE_RULES).deletes
    assert check_update(update(deletes={ME: [(2, 1)]}), {ME: 3}, FILE_RULES).deletes


# Hostile updates


@pytest.mark.parametrize("rules", [FILE_RULES, MAP_RULES, OPAQUE_RULES], ids=["file", "map", "opaque"])
@pytest.mark.parametrize("name", hostile.refused_everywhere())
def test_hostile_updates_are_refused(name: str, rules: Rules) -> None:
    """No document takes any of the known hostile updates, and the work to refuse them grows with their bytes alone."""
    data = hostile.refused_everywhere()[name]

    def refused() -> None:
        with pytest.raises(CrdtError):
            check_update(data, {}, rules)

    assert lines_run(refused) < 2_000 + LINES_PER_BYTE * len(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (hostile.nested_any(), "update.too_deep"),
        (hostile.nested_types(100), "update.too_deep"),
        (hostile.circle(), "update.circle"),
        (hostile.self_reference(), "update.self_reference"),
        (hostile.repeated_client(), "update.repeated_client"),
        (update(section(ME, 0)), "update.repeated_client"),
        (hostile.empty_struct(), "update.empty_struct"),
        (update(section(ME, 0, gc(0))), "update.empty_struct"),
        (update(section(ME, 0, anys())), "update.empty_struct"),
        (hostile.astral_in_array(), "update.text_outside_text"),
        (hostile.child_of_text(), "update.parent_not_type"),
        (hostile.huge_clock(), "update.clock"),
        (hostile.far_jump(), "update.clock"),
        (update(section(ME, (1 << 53) - 1, text("a"))), "update.clock"),
        (hostile.unsorted_deletes(), "update.delete_range"),
        (update(section(ME, 0, text("abc")), deletes={ME: [(1, 0)]}), "update.delete_range"),
        (update(section(ME, 0, text("abc")), deletes={ME: [(0, 2), (1, 1)]}), "update.delete_range"),
        (hostile.varint_bomb(), "update.integer"),
        (update(section(1 << 53, 0, text("a"))), "update.integer"),
        (hostile.big_count(), "update.truncated"),
        (hostile.bad_utf8(), "update.utf8"),
        (hostile.contention(), "update.contention"),
        (hostile.map_sets(), "update.contention"),
        (hostile.json_content(), "update.content"),
        (hostile.xml_hook(), "update.type"),
        (update(section(ME, 0, item(Ref.TYPE, var_uint(15)))), "update.type"),
        (update(section(ME, 0, item(11, NULL))), "update.content"),
        (update(section(ME, 0, item(20, var_string("a")))), "update.content"),
        (update(section(ME, 0, b"\x80" + gc(3))), "update.content"),
        (update(section(ME, 0, item(Ref.ANY, b"\x01\x20"))), "update.any"),
        (update(section(ME, 0, anys(b"\x7d" + b"\xff" * 9 + b"\x01"))), "update.integer"),
        (update(section(ME, 0, text("a", parent="k" * 2_000))), "update.key_too_long"),
        (update(section(ME, 0, bytes([Ref.STRING, 2]) + var_string("content") + var_string("a"))), "update.parent"),
        (typing(ME, 0) + b"\0", "update.trailing"),
        (b"", "update.truncated"),
    ],
)
def test_refusals_say_why(data: bytes, code: str) -> None:
    """Each fault has its own code, in the most permissive kind of document too."""
    assert refusal(data, rules=OPAQUE_RULES) == code


def test_a_file_is_plain_text() -> None:
    """A file takes text in its one root and nothing else that a Yjs document may contain."""
    codes = [refusal(data) for data in hostile.type_confusion()]
    assert codes == [
        "update.content",
        "update.content",
        "update.map_entry",
        "update.content",
        "update.content",
        "update.content",
        "update.content",
        "update.root",
        "update.parent",
    ]


def test_a_free_document_is_not() -> None:
    """A document without a shape takes all of them, but an item inside of a piece of text."""
    *fine, child = hostile.type_confusion()
    assert all(isinstance(check_update(data, {}, OPAQUE_RULES), UpdateInfo) for data in fine)
    assert refusal(child, rules=OPAQUE_RULES) == "update.parent_not_type"


def test_a_map_document_has_maps_and_values() -> None:
    """The tree takes maps in maps; texts, arrays and binary content are refused."""
    nested = update(section(ME, 0, shared_type(TypeRef.MAP, key="a"), anys(ONE, key="b", parent=(ME, 0))))
    assert check_update(nested, {}, MAP_RULES).advances({}) == {ME: 2}
    assert refusal(update(section(ME, 0, shared_type(TypeRef.TEXT, key="a"))), rules=MAP_RULES) == "update.type"
    assert refusal(typing(ME, 0), rules=MAP_RULES) == "update.content"


@pytest.mark.parametrize("json", ["{", "NaN", "1e999", "18446744073709551615", '"\\ud800"', "[" * 65 + "]" * 65, ""])
def test_embeds_are_json_that_every_peer_reads(json: str) -> None:
    """JSON that the engine could not decode is refused, as an embed and as the value of a format."""
    embed = update(section(ME, 0, item(Ref.EMBED, var_string(json))))
    formatting = update(section(ME, 0, item(Ref.FORMAT, var_string("bold") + var_string(json))))
    assert refusal(embed, rules=OPAQUE_RULES) == refusal(formatting, rules=OPAQUE_RULES) == "update.json"


def test_depth_is_allowed_up_to_the_limit() -> None:
    """64 levels of values, and of types, are fine."""
    values = update(section(ME, 0, anys(b"\x75\x01" * 64 + NULL)))
    assert check_update(values, {}, OPAQUE_RULES).advances({}) == {ME: 1}
    assert check_update(hostile.nested_types(64), {}, OPAQUE_RULES).advances({}) == {ME: 64}


def test_depth_is_found_through_neighbours() -> None:
    """A type lies as deep as its left neighbour, whatever section and order that comes in."""
    structs: list[bytes] = [shared_type(TypeRef.ARRAY)]
    for level in range(70):
        value, inner = (ME, 2 * level + 1), (ME, 2 * level)
        structs += [anys(ONE, parent=inner), shared_type(TypeRef.ARRAY, origin=value)]
    assert refusal(update(section(ME, 0, *structs)), rules=OPAQUE_RULES) == "update.too_deep"


def test_sizes_are_limited() -> None:
    """Bytes, structs, clients and deletes of one update each have a limit."""
    many = [section(client, 0, text("a")) for client in range(4)]
    deletes = {ME: [(0, 1), (2, 1)]}
    known = {ME: 3}
    assert refusal(typing(ME, 0), rules=replace(FILE_RULES, max_bytes=10)) == "update.too_large"
    assert refusal(update(*many), rules=replace(FILE_RULES, max_structs=3)) == "update.too_many_structs"
    assert refusal(update(*many), rules=replace(FILE_RULES, max_clients=3)) == "update.too_many_clients"
    assert refusal(update(deletes=deletes), known, replace(FILE_RULES, max_deletes=1)) == "update.too_many_deletes"


def test_typing_in_front_is_no_contention() -> None:
    """Tens of thousands of honest insertions at one place, each in front of the last, are accepted."""
    structs = [text("a"), *(text("b", right=(ME, clock)) for clock in range(30_000))]
    assert check_update(update(section(ME, 0, *structs)), {}, FILE_RULES).advances({}) == {ME: 30_001}


def test_every_truncation_is_refused() -> None:
    """No beginning of an honest update passes for a whole one."""
    for kind, rules in RULES.items():
        for honest in max(corpus()[kind], key=len)[:40]:
            for piece in hostile.truncations(honest):
                with pytest.raises(CrdtError):
                    check_update(piece, {}, rules)


# Items in items


@pytest.mark.parametrize("loaded", [False, True])
def test_an_earlier_text_is_no_parent(loaded: bool) -> None:
    """An item inside of what an earlier update brought is refused, unless that is a type; no claim changes it."""
    first, *children = hostile.child_of_earlier_text()
    heard = Heard(OPAQUE_RULES)
    heard.hear(first)
    if loaded:
        heard.load_again()
    for child in children:
        with pytest.raises(InvalidUpdate, match="parent_not_type"):
            heard.hear(child)
        with pytest.raises(RuntimeError):
            heard.doc.apply_update(child)
    assert not index_document(first, {ME: 3}, FILE_RULES)


@pytest.mark.parametrize(
    "parent",
    [shared_type(TypeRef.MAP), gc(1), item(Ref.DELETED, var_uint(1))],
    ids=["type", "collected", "deleted"],
)
def test_types_and_the_deleted_are_parents(parent: bytes) -> None:
    """What came deleted may have been a type that somebody still writes to."""
    heard = Heard(OPAQUE_RULES)
    heard.hear(update(section(ME, 0, text("abc"), parent)))
    heard.hear(update(section(OTHER, 0, anys(ONE, key="k", parent=(ME, 3)))))
    heard.load_again()
    heard.hear(update(section(OTHER, 1, anys(ONE, key="l", parent=(ME, 3)))))
    assert heard.known == {ME: 4, OTHER: 2}


def test_a_parent_may_be_left_out() -> None:
    """Merged updates leave out what is known, even types that they write to."""
    heard = Heard(OPAQUE_RULES)
    heard.hear(update(section(ME, 0, anys(ONE), shared_type(TypeRef.MAP), anys(ONE))))
    heard.hear(update(section(ME, 0, anys(ONE), skip(2), anys(ONE, key="k", parent=(ME, 1)))))
    assert heard.known == {ME: 4}


def test_a_damaged_state_refuses_no_parent() -> None:
    """Where the whole state cannot be read, what may be a type is not guessed at."""
    relic = hostile.json_content()
    child = update(section(OTHER, 0, text("d", parent=(ME, 0))))
    assert check_update(child, {ME: 2}, OPAQUE_RULES, index_document(relic, {ME: 2}, OPAQUE_RULES))


def test_indexes_are_not_shared() -> None:
    """What is added for one new document is not known of another."""
    index_document(b"\0\0", {}, OPAQUE_RULES).update(check_update(typing(ME, 0, "😀"), {}, OPAQUE_RULES).facts)
    assert not index_document(b"\0\0", {}, OPAQUE_RULES)


# Characters of two clocks


def test_characters_are_not_cut_in_half() -> None:
    """No id and no delete names one half of an emoji, in the same update or a later one."""
    first = update(section(ME, 0, text("a😀b")))
    info = check_update(first, {}, FILE_RULES)
    cuts = [
        update(section(OTHER, 0, text("x", origin=(ME, 1)))),
        update(section(OTHER, 0, text("x", right=(ME, 2)))),
        update(deletes={ME: [(2, 1)]}),
        update(deletes={ME: [(0, 2)]}),
    ]
    for index in (info.facts, index_document(first, {ME: 4}, FILE_RULES)):
        for cut in cuts:
            with pytest.raises(InvalidUpdate, match="splits_character"):
                check_update(cut, {ME: 4}, FILE_RULES, index)
    assert refusal(update(section(ME, 0, text("a😀b")), deletes={ME: [(1, 1)]})) == "update.splits_character"
    assert refusal(update(section(ME, 0, text("a😀b"))), {ME: 2}) == "update.splits_character"


def test_whole_characters_may_be_edited() -> None:
    """Before, after and around an emoji everything is allowed, and to delete it."""
    index = check_update(update(section(ME, 0, text("a😀b"))), {}, FILE_RULES).facts
    fine = [
        update(section(OTHER, 0, text("x", origin=(ME, 0), right=(ME, 1)))),
        update(section(OTHER, 0, text("x", origin=(ME, 2), right=(ME, 3)))),
        update(deletes={ME: [(1, 2)]}),
    ]
    assert all(check_update(data, {ME: 4}, FILE_RULES, index) for data in fine)


def test_pairs_of_several_updates_add_up() -> None:
    """The pairs of a document are those of its updates, also when one is sent again."""
    index, known = DocumentIndex(), {ME: 0}
    for data in (typing(ME, 0, "😀"), typing(ME, 0, "😀"), typing(ME, 2, "😀")):
        info = check_update(data, known, FILE_RULES, index)
        known |= info.advances(known)
        index.update(info.facts)
    assert [clock for clock in range(6) if (ME, clock) in index.second_halves] == [1, 3]


# Delete sets


def test_delete_sets_are_read() -> None:
    """The ranges of each client, touching ones joined."""
    data = update(section(ME, 0, text("abcdef")), deletes={ME: [(0, 1), (1, 2), (4, 1)], OTHER: []})
    assert delete_set(data) == {ME: [(0, 3), (4, 1)]}
    with pytest.raises(InvalidUpdate):
        delete_set(data[:-1])


@pytest.mark.parametrize(
    ("wanted", "covered"),
    [
        ({}, True),
        ({ME: [(2, 3)]}, True),
        ({ME: [(3, 1), (10, 2)]}, True),
        ({ME: [(4, 2)]}, False),
        ({ME: [(1, 2)]}, False),
        ({ME: [(6, 1)]}, False),
        ({OTHER: [(2, 1)]}, False),
    ],
)
def test_covers(wanted: dict[int, list[tuple[int, int]]], covered: bool) -> None:
    """Whether everything wanted is deleted already."""
    assert covers({ME: [(2, 3), (10, 5)]}, wanted) is covered


# Why all this: the same updates without the gate

UNGUARDED = """
import sys, pycrdt
doc = pycrdt.Doc()
doc.apply_update(bytes.fromhex(sys.stdin.read()))
text = doc.get("content", type=pycrdt.Text)
text.insert(0, "x")
text.insert(len(str(text)), "y")
doc.get_update()
"""


@pytest.mark.parametrize("name", ["nested types", "repeated client"])
def test_the_engine_needs_the_gate(name: str) -> None:
    """Unguarded, the engine dies of these or never ends; when it no longer does, a rule may go."""
    data = hostile.refused_everywhere()[name].hex()
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            ["sh", "-c", 'ulimit -v 2000000; ulimit -t 3; exec "$0" -c "$1"', sys.executable, UNGUARDED],
            input=data,
            text=True,
            check=True,
            timeout=60,
            capture_output=True,
        )
