"""Decides whether an update may enter a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from crdt_docs.errors import InvalidUpdate, MissingDependency
from crdt_docs.structs import Id
from crdt_docs.validation.deletes import DeleteSet, merged, read_delete_set
from crdt_docs.validation.index import NO_FACTS, DocumentIndex
from crdt_docs.validation.keystroke import read_keystroke
from crdt_docs.validation.nesting import check_nesting
from crdt_docs.validation.order import integration_order
from crdt_docs.validation.pairs import PairWatch, may_have_pairs
from crdt_docs.validation.primitives import malformed
from crdt_docs.validation.reader import StructReader
from crdt_docs.validation.rules import OPAQUE_RULES, Rules

_EMPTY_UPDATE = b"\x00\x00"


class UpdateInfo(NamedTuple):
    """What an accepted update touches."""

    spans: tuple[tuple[int, int, int], ...]
    """(client, first clock, end clock) of the structs, in wire order."""
    deletes: bool
    """Whether it deletes anything."""
    facts: DocumentIndex
    """What it brings, to be added to the document's index."""

    def advances(self, known: Mapping[int, int]) -> dict[int, int]:
        """client → new end clock, for the clients whose clock grows beyond `known`."""
        if len(self.spans) == 1:
            client, _, end = self.spans[0]
            return {client: end} if end > known.get(client, 0) else {}
        return {client: end for client, _, end in self.spans if end > known.get(client, 0)}


_NOTHING = UpdateInfo((), deletes=False, facts=NO_FACTS)


def check_update(update: bytes, known: Mapping[int, int], rules: Rules, index: DocumentIndex = NO_FACTS) -> UpdateInfo:
    """Reads the whole update and returns what it touches.

    `known` is the document's state vector (client → next clock), `index` what else is known of it.
    Raises `MissingDependency` for a gap: the update builds on, or deletes, something that is neither known nor part of
    it. Raises `InvalidUpdate` for anything else that must not be applied, logged or told to others.
    """
    if not index.second_halves and (stroke := read_keystroke(update, known, rules)):
        return UpdateInfo((stroke,), False, NO_FACTS)
    return check_in_full(update, known, rules, index)


def check_in_full(update: bytes, known: Mapping[int, int], rules: Rules, index: DocumentIndex = NO_FACTS) -> UpdateInfo:
    """`check_update` without its short cut."""
    if update == _EMPTY_UPDATE:
        return _NOTHING
    if len(update) > rules.max_bytes:
        raise InvalidUpdate("update.too_large", f"The update has {len(update)} bytes; {rules.max_bytes} are allowed.")
    pairs = PairWatch() if index.second_halves or may_have_pairs(update) else None
    reader = StructReader(update, known, rules, index, pairs)
    deletes = _read(reader)
    _check_order(reader)
    if deletes:
        _check_deletes(deletes, reader)
    facts = reader.facts() if pairs or reader.brings_parents else NO_FACTS
    if pairs:
        _check_cuts(pairs.cuts, deletes, index, facts)
    return UpdateInfo(tuple(reader.spans.values()), bool(deletes) and any(deletes.values()), facts)


def delete_set(update: bytes) -> dict[int, list[tuple[int, int]]]:
    """The update's delete set: client → (clock, length), ascending and merged. Raises `InvalidUpdate`."""
    deletes = _read(StructReader(update, {}, _ANY_SIZE))
    return {client: merged(ranges) for client, ranges in deletes.items() if ranges}


def index_document(state: bytes, known: Mapping[int, int], rules: Rules) -> DocumentIndex:
    """The index of a document, from its whole state and its state vector.

    In a state that cannot be read, pairs are those before the fault, and anything may be a shared type.
    """
    pairs = PairWatch() if may_have_pairs(state) else None
    reader = StructReader(state, {}, _ANY_SIZE, pairs=pairs)
    if pairs or rules.nested:
        try:
            _read(reader)
        except InvalidUpdate:
            reader.suspect(known)
    facts = reader.facts()
    return facts if rules.nested else DocumentIndex(facts.second_halves)


_ANY_SIZE = OPAQUE_RULES.unlimited()


def _read(reader: StructReader) -> DeleteSet:
    try:
        deletes, pos = read_delete_set(reader.data, reader.read(0), reader.rules)
    except (IndexError, UnicodeDecodeError) as error:
        raise malformed(error) from None
    if pos != len(reader.data):
        raise InvalidUpdate("update.trailing", "The update goes on after its end.")
    return deletes


def _check_order(reader: StructReader) -> None:
    if reader.gap:
        client, clock = reader.gap
        raise MissingDependency("update.gap", f"Structs of client {client} before clock {clock} are missing.")
    has_nesting = reader.nested and reader.structs > 1
    if reader.needs or has_nesting:
        runs = integration_order(reader.spans, reader.needs, reader.known)
        if has_nesting:
            check_nesting(reader.items, runs)


def _check_deletes(deletes: DeleteSet, reader: StructReader) -> None:
    for client, ranges in deletes.items():
        if not ranges:
            continue
        end = max(reader.known.get(client, 0), reader.spans.get(client, (0, 0, 0))[2])
        if sum(ranges[-1]) > end:
            raise MissingDependency("update.deletes_unknown", f"The update deletes unknown structs of client {client}.")


def _check_cuts(cuts: list[Id], deletes: DeleteSet, index: DocumentIndex, facts: DocumentIndex) -> None:
    of_deletes = [
        (client, edge)
        for client, ranges in deletes.items()
        for clock, length in ranges
        for edge in (clock, clock + length)
    ]
    for cut in cuts + of_deletes:
        if cut in index.second_halves or cut in facts.second_halves:
            client, clock = cut
            raise InvalidUpdate(
                "update.splits_character",
                f"The update cuts a character in half before clock {clock} of client {client}: edit whole code points.",
            )
