"""Root Y.Maps that hold records: id → Y.Map of plain fields. What the shapes `tree` and `live` have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pycrdt

from crdt_docs.errors import DocumentPoisoned

T = TypeVar("T", str, int, bool)

Scalar = str | int | bool


def read_records(doc: pycrdt.Doc[Any], root: str) -> dict[str, dict[str, Any]]:
    """All records of `root` by id; raises `DocumentPoisoned` when something else is in it.

    Goes through pycrdt's own JSON, which is five times as fast as walking the maps from Python.
    """
    try:
        records: dict[str, dict[str, Any]] = json.loads(str(doc.get(root, type=pycrdt.Map)))
    except ValueError:
        raise DocumentPoisoned("shape.values", f"{root!r} holds values that JSON does not have.") from None
    for id, record in records.items():
        if not isinstance(record, dict):
            raise malformed(root, id, "it is not a map")
    return records


def put_record(doc: pycrdt.Doc[Any], root: str, id: str, fields: Mapping[str, Scalar]) -> None:
    """Makes the record `id` of `root` hold exactly `fields`, writing only what differs."""
    with doc.transaction():
        records = doc.get(root, type=pycrdt.Map)
        if id not in records:
            records[id] = pycrdt.Map(dict(fields))
            return
        record = records[id]
        present = json.loads(str(record))
        for key in present.keys() - fields.keys():
            del record[key]
        for key, value in fields.items():
            if key not in present or present[key] != value:
                record[key] = value


def remove_record(doc: pycrdt.Doc[Any], root: str, id: str) -> None:
    """Removes the record `id` of `root`, if there is one."""
    with doc.transaction():
        doc.get(root, type=pycrdt.Map).pop(id, None)


def field(root: str, id: str, record: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """The field `key`, which must be a `kind`; pycrdt stores numbers as floats, so whole ones are integers."""
    value = record.get(key)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not kind:
        raise malformed(root, id, f"{key!r} is {value!r}, not of type {kind.__name__}")
    return value


def malformed(root: str, id: str, reason: str) -> DocumentPoisoned:
    """Only the server writes these shapes, so a record it could not have written means that the document is broken."""
    return DocumentPoisoned("shape.malformed", f"The record {id!r} in {root!r} is malformed: {reason}.")
