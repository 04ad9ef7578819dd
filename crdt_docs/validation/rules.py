"""What a document of each kind may contain, and how much of it one update may bring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache

from crdt_docs.names import Kind
from crdt_docs.structs import HAS_KEY, REF_BITS, Ref

MAX_DEPTH = 64
"""Nesting of Any and JSON values, and of shared types within one update."""

MAX_CLOCK = 1 << 31
"""Clocks end before this; the engine keeps them in 32 bits and subtracts them as signed ones."""

MAX_KEY_BYTES = 1024
"""Names of roots, map keys, format keys, XML node names and subdocument ids."""


class TypeRef(IntEnum):
    """The kinds of shared types (Yjs: structs/ContentType.js, `typeRefs`)."""

    ARRAY = 0
    MAP = 1
    TEXT = 2
    XML_ELEMENT = 3
    XML_FRAGMENT = 4
    XML_HOOK = 5
    XML_TEXT = 6


@dataclass(frozen=True, slots=True)
class Rules:
    """Which structs a document may contain and how many one update may bring; lengths in bytes."""

    contents: frozenset[Ref]
    types: frozenset[TypeRef] = frozenset()
    roots: frozenset[bytes] | None = None  # None: any name
    keys: bool = True  # whether an item may be a map entry
    max_bytes: int = 4 * 1024 * 1024
    max_structs: int = 50_000
    max_clients: int = 10_000
    max_deletes: int = 50_000
    max_clock_jump: int = 1 << 26  # how far one update may move one client's clock
    nested: bool = field(init=False)
    """Whether an item may lie in another item rather than in a root."""
    infos: frozenset[int] = field(init=False)
    """The first bytes that a struct may have."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "nested", bool(self.types))
        object.__setattr__(self, "infos", frozenset(filter(self._allows, range(256))))

    def _allows(self, info: int) -> bool:
        ref = info & REF_BITS
        if ref in (Ref.GC, Ref.SKIP):
            return info == ref and ref in self.contents  # the engine knows them by their whole first byte only
        return ref in self.contents and (self.keys or not info & HAS_KEY)

    def unlimited(self) -> Rules:
        """The same rules for bytes that are trusted, of any size."""
        return _unlimited(self)


@cache
def _unlimited(rules: Rules) -> Rules:
    most = 1 << 53
    return replace(rules, max_bytes=most, max_structs=most, max_clients=most, max_deletes=most, max_clock_jump=most)


_ALWAYS = {Ref.GC, Ref.DELETED, Ref.SKIP}

FILE_RULES = Rules(contents=frozenset(_ALWAYS | {Ref.STRING}), roots=frozenset({b"content"}), keys=False)
"""A text file: plain text in the root `content`. Formats and embeds are refused; a file on disk has none."""

MAP_RULES = Rules(
    contents=frozenset(_ALWAYS | {Ref.ANY, Ref.TYPE}),
    types=frozenset({TypeRef.MAP}),
    max_structs=5_000,
)
"""The tree and the live state of a project: maps of maps of plain values."""

OPAQUE_RULES = Rules(
    contents=frozenset(Ref) - {Ref.JSON},
    types=frozenset(TypeRef) - {TypeRef.XML_HOOK},
)
"""Whatever a Yjs client may make of a document, except two relics that the engine misreads: JSON content (before
Yjs 13.5; the engine reads one value too many) and XML hooks (the engine does not read their name)."""

_RULES = {Kind.FILES: FILE_RULES, Kind.TREE: MAP_RULES, Kind.LIVE: MAP_RULES}


def rules_for(kind: Kind) -> Rules:
    """The rules for documents of this kind."""
    return _RULES.get(kind, OPAQUE_RULES)
