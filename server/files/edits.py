"""Edits of a live text: worked out in a thread, where comparing may take seconds, and applied on the event loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pycrdt

from crdt_docs.text_edits import Edit, minimal_edits
from crdt_docs.text_index import utf8_length

WALK_CHARACTERS = 400_000_000
"""yrs walks the text from its start for every edit: this many characters in all take 0.15 s."""


def affordable_edits(old: str, new: str) -> list[Edit]:
    """The edits that turn `old` into `new`, no more of them than the event loop can apply at once."""
    return joined(old, minimal_edits(old, new), max(1, WALK_CHARACTERS // (len(old) + len(new) + 1)))


def joined(old: str, edits: Sequence[Edit], limit: int) -> list[Edit]:
    """At most `limit` edits with the same effect: those that are nearest to each other become one."""
    distances = [after.start - before.end for before, after in pairwise(edits)]
    separators = set(sorted(range(len(distances)), key=distances.__getitem__, reverse=True)[: limit - 1])
    result = list(edits[:1])
    for index, edit in enumerate(edits[1:]):
        if index in separators:
            result.append(edit)
        else:
            last = result[-1]
            result[-1] = Edit(last.start, edit.end, last.insert + old[last.end : edit.start] + edit.insert)
    return result


def apply_edits(text: pycrdt.Text, old: str, edits: Iterable[Edit]) -> None:
    """Applies ascending `edits` of the content `old`, inside of a transaction.

    pycrdt counts in UTF-8 bytes; `at` runs along the text as it is edited.
    """
    at = done = 0
    for edit in edits:
        at += utf8_length(old[done : edit.start])
        if edit.insert:
            text.insert(at, edit.insert)
            at += utf8_length(edit.insert)
        if removed := utf8_length(old[edit.start : edit.end]):
            del text[at : at + removed]
        done = edit.end
