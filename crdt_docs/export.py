"""An opaque document as JSON, worked out in a process that may die of it.

Documents without a shape hold whatever their clients put there, and reading some of it never ends or crashes pycrdt.
So the server only merges and encodes them, and pipes the state through `python -m crdt_docs.export`: one update on
standard input, JSON on standard output. The process limits its own memory and processor time; whatever it dies of is
one failed request.
"""

from __future__ import annotations

import json
import resource
import sys
from bisect import bisect_right

import pycrdt

from crdt_docs.document import Document
from crdt_docs.errors import CrdtError
from crdt_docs.lib0 import Reader
from crdt_docs.structs import XML_ELEMENT, Id, Ref, Struct, causal_order, read_update

MEMORY_BYTES = 1 << 30
CPU_S = 10

RootType = type[pycrdt.Map[object]] | type[pycrdt.Array[object]] | type[pycrdt.Text] | type[pycrdt.XmlFragment]


def to_json(document: Document) -> str:
    """A JSON object of root name → value: maps and arrays as such, texts as strings, XML as its markup.

    An update does not say of what type a root is, so it is told from what it holds; a root that is empty is null.
    Bytes become arrays of numbers, values that JSON does not have become null.
    """
    types = root_types(document.state())
    members = (f"{json.dumps(name)}: {_json(document, name, type)}" for name, type in sorted(types.items()))
    return "{" + ", ".join(members) + "}"


def root_types(update: bytes) -> dict[str, RootType | None]:
    """Each root's type by its visible items: keyed ones make a map, characters a text, nodes XML, others an array."""
    sections, _ = read_update(update)
    roots: dict[str, RootType | None] = {}
    homes = _Homes()
    for client, struct in causal_order(sections):
        root, keyed = homes.add(client, struct)
        if root is not None:
            roots[root] = roots.get(root) or _type_of(update, struct, keyed)
    return roots


def _type_of(update: bytes, struct: Struct, keyed: bool) -> RootType | None:
    if struct.ref == Ref.DELETED:
        return None
    if keyed:
        return pycrdt.Map
    if struct.ref in (Ref.STRING, Ref.FORMAT, Ref.EMBED):
        return pycrdt.Text
    if struct.ref == Ref.TYPE and Reader(update, struct.content).var_uint() >= XML_ELEMENT:
        return pycrdt.XmlFragment
    return pycrdt.Array


class _Homes:
    """Which root each item hangs in directly, and whether under a key: written at the first item, then inherited."""

    def __init__(self) -> None:
        self._clocks: dict[int, list[int]] = {}
        self._homes: dict[int, list[tuple[str | None, bool]]] = {}

    def add(self, client: int, struct: Struct) -> tuple[str | None, bool]:
        neighbour = struct.origin or struct.right_origin
        home = (struct.root, struct.key is not None) if neighbour is None else self._of(neighbour)
        self._clocks.setdefault(client, []).append(struct.clock)
        self._homes.setdefault(client, []).append(home)
        return home

    def _of(self, id: Id) -> tuple[str | None, bool]:
        client, clock = id
        return self._homes[client][bisect_right(self._clocks[client], clock) - 1]


def _json(document: Document, name: str, type: RootType | None) -> str:
    if type is None:
        return "null"
    shown = str(document.raw.get(name, type=type))  # pycrdt's `str` of a map or array is JSON
    return shown if type in (pycrdt.Map, pycrdt.Array) else json.dumps(shown)


def main() -> int:
    """Exit status 0 with JSON on standard output, or 1 with the reason on standard error."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    document = Document()
    try:
        document.apply([sys.stdin.buffer.read()])
        sys.stdout.write(to_json(document))
    except (CrdtError, MemoryError) as error:
        sys.stderr.write(f"The document cannot be shown as JSON: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
