"""The gate before every document: which bytes may be applied, logged and told to others.

A hostile update can crash, hang or silently corrupt the engine, and a crash cannot be caught. So an update is read
here first, in one iterative pass of pure Python over its encoding (Yjs update format v1: yjs/src/utils/encoding.js
and structs/*.js), and what the engine is not known to survive is refused. What cannot be told from an update and a
state vector alone:

- the type of a root (an update carries its name only) and of anything that was there before the update;
- where the document has surrogate pairs and shared types: whoever calls keeps a `DocumentIndex` as it keeps the state
  vector;
- how deep a nested type lies that extends an earlier update: depth is counted within one update;
- whether an item beside an earlier one is a value of a map: text in the place of a value, cut in two while the map is
  deleted, makes the engine panic (`squash_left`), which costs the room its document.
"""

from __future__ import annotations

from crdt_docs.validation.deletes import DeleteSet, covers
from crdt_docs.validation.index import DocumentIndex
from crdt_docs.validation.rules import FILE_RULES, MAP_RULES, OPAQUE_RULES, Rules, TypeRef, rules_for
from crdt_docs.validation.update import UpdateInfo, check_update, delete_set, index_document

__all__ = [
    "FILE_RULES",
    "MAP_RULES",
    "OPAQUE_RULES",
    "DeleteSet",
    "DocumentIndex",
    "Rules",
    "TypeRef",
    "UpdateInfo",
    "check_update",
    "covers",
    "delete_set",
    "index_document",
    "rules_for",
]
