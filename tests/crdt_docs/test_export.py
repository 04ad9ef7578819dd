"""Opaque documents as JSON: right for honest ones, harmless for hostile ones."""

from __future__ import annotations

import json
import subprocess
import sys

import pycrdt
import pytest

from crdt_docs.document import Document
from crdt_docs.export import to_json

ENDLESS = bytes.fromhex("01 02 05 00 08 01 01 61 01 7e 84 05 00 04 f09f9880 00")
"""A list of one value and one astral character: iterating over it never ends."""


def export(update: bytes, *, cpu_s: int = 10) -> subprocess.CompletedProcess[bytes]:
    program = f"import sys, crdt_docs.export as export; export.CPU_S = {cpu_s}; sys.exit(export.main())"
    return subprocess.run([sys.executable, "-c", program], input=update, capture_output=True, timeout=60)


def mixed() -> Document:
    document = Document()

    def fill(doc: pycrdt.Doc) -> None:
        doc.get("text", type=pycrdt.Text).insert(0, 'héllo "😀"')
        doc.get("list", type=pycrdt.Array).extend([1, 2.5, None, {"deep": [True]}, pycrdt.Text("nested"), b"\x01"])
        doc.get("map", type=pycrdt.Map).update({"key": "value", "map": pycrdt.Map({"list": pycrdt.Array([1])})})
        xml = doc.get("xml", type=pycrdt.XmlFragment)
        xml.children.append(pycrdt.XmlElement("p", {"class": "a"}, [pycrdt.XmlText("words")]))

    document.edit(fill)
    return document


EXPECTED = {
    "text": 'héllo "😀"',
    "list": [1, 2.5, None, {"deep": [True]}, "nested", [1]],
    "map": {"key": "value", "map": {"list": [1]}},
    "xml": '<p class="a">words</p>',
}


def test_every_root_is_shown_as_what_it_holds() -> None:
    """Roots of each type are told from their content, without knowing their types."""
    copy = Document()
    copy.apply([mixed().state()])
    assert json.loads(to_json(copy)) == EXPECTED


def test_types_are_told_from_any_item_that_is_left() -> None:
    """A root whose first items were deleted is told by later ones; one with nothing left is null."""
    document = mixed()

    def empty(doc: pycrdt.Doc) -> None:
        del doc["text"][:3]
        del doc["list"][:6]
        doc["map"]["key"] = "other"

    document.edit(empty)
    copy = Document()
    copy.apply([document.state()])
    shown = json.loads(to_json(copy))
    assert (shown["text"], shown["list"], shown["map"]["key"]) == ('llo "😀"', None, "other")


def test_the_process_answers_with_json() -> None:
    """`python -m crdt_docs.export` turns an update on standard input into JSON on standard output."""
    command = [sys.executable, "-m", "crdt_docs.export"]
    run = subprocess.run(command, input=mixed().state(), capture_output=True, timeout=60, check=True)
    assert json.loads(run.stdout) == EXPECTED


@pytest.mark.parametrize(
    "update", [b"\xff", bytes.fromhex("01 02 01 00 01 01 01 63 01 00 00 01 01 01 00 01")], ids=["malformed", "panic"]
)
def test_a_broken_document_is_one_failed_process(update: bytes) -> None:
    """What cannot be read ends with status 1 and the reason."""
    run = export(update)
    assert run.returncode == 1
    assert b"cannot be shown as JSON" in run.stderr
    assert not run.stdout


def test_an_endless_document_is_killed() -> None:
    """A document that cannot be iterated over ends by the limit on processor time."""
    run = export(ENDLESS, cpu_s=1)
    assert run.returncode < 0
    assert not run.stdout


def test_deep_nesting_cannot_hurt() -> None:
    """Values nested deeper than any stack end this process at worst."""
    run = export(b"\x01\x01\x05\x00\x08\x01\x01a\x01" + b"\x75\x01" * 200_000 + b"\x7e\x00")
    assert run.returncode != 0
