"""Surrogate pairs: the characters that have two clocks, and that nobody may cut in half.

Yjs counts UTF-16 code units, the engine keeps UTF-8. Where an id or a delete names one half of an emoji, Yjs puts
U+FFFD for both; the engine keeps the whole on one side and nothing on the other, and when the document is loaded
again a clock is missing and every later id of that client names the wrong character.
"""

from __future__ import annotations

import re

from crdt_docs.structs import Id
from crdt_docs.validation.index import Run

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_ASTRAL_UTF8 = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")


def second_halves(text: str, clock: int) -> list[int]:
    """The clocks of the second halves of the pairs in `text`, which begins at `clock`."""
    return [clock + match.start() + before + 1 for before, match in enumerate(_ASTRAL.finditer(text))]


class PairWatch:
    """Notes what an update brings of pairs, and where it cuts what is there."""

    __slots__ = ("cuts", "halves")

    def __init__(self) -> None:
        self.halves: list[Run] = []  # the second halves of the pairs that it brings
        self.cuts: list[Id] = []  # the ids before which it cuts

    def add_item(self, text: bytes, origin: Id | None, right: Id | None, id: Id) -> None:
        """Notes the item `id` between its neighbours; `text` is what it holds, nothing if it holds no text."""
        if origin:
            self.cuts.append((origin[0], origin[1] + 1))
        if right:
            self.cuts.append(right)
        if not text.isascii():
            self.halves += [(id[0], half, half + 1) for half in second_halves(text.decode(), id[1])]


def may_have_pairs(data: bytes) -> bool:
    """Whether any text in there can have a pair; a quick look."""
    return _ASTRAL_UTF8.search(data) is not None
