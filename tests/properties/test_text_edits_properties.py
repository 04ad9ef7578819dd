"""Minimal text edits, for any texts at all."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.document import Document
from crdt_docs.text_edits import Edit, minimal_edits, replace_text

PIECES = [
    "a",
    "b",
    "foo ",
    "\n",
    "\r\n",
    " ",
    "é",
    "e\u0301",
    "😀",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "漢",
    "\u0301",
    "\u200d",
    "\0",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60)


def applied(old: str, edits: list[Edit]) -> str:
    for edit in reversed(edits):
        old = old[: edit.start] + edit.insert + old[edit.end :]
    return old


@given(old=TEXTS, new=TEXTS)
def test_edits_make_the_new_text(old: str, new: str) -> None:
    """Applied to the old text, from the last to the first, the edits make the new one."""
    edits = minimal_edits(old, new)
    assert applied(old, edits) == new
    assert all(before.end <= after.start for before, after in pairwise(edits))


@given(old=TEXTS, new=TEXTS)
def test_a_document_takes_the_new_text(old: str, new: str) -> None:
    """A document that held any text holds any other afterwards, and so does one that gets only the updates."""
    document, copy = Document(), Document()
    for text in (old, new):
        _, update = document.edit(lambda doc, text=text: replace_text(doc, text))
        copy.apply([update] if update else [])
        assert document.text() == copy.text() == text


@given(head=TEXTS, old=TEXTS, new=TEXTS, tail=TEXTS, typed=TEXTS)
def test_a_concurrent_edit_elsewhere_survives(head: str, old: str, new: str, tail: str, typed: str) -> None:
    """What was typed at the end meanwhile is still there, and both documents agree."""
    ours, theirs = Document(), Document()
    before = f"{head}|{old}|{tail}|"
    ours.edit(lambda doc: replace_text(doc, before))
    theirs.apply([ours.state()])
    _, replaced = ours.edit(lambda doc: replace_text(doc, f"{head}|{new}|{tail}|"))
    _, added = theirs.edit(lambda doc: replace_text(doc, f"{before}<{typed}>"))
    ours.apply([added] if added else [])
    theirs.apply([replaced] if replaced else [])
    assert ours.text() == theirs.text()
    assert ours.text().endswith(f"|<{typed}>")
    assert ours.content_hash(ours.text()) == theirs.content_hash(theirs.text())
