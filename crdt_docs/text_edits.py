"""Turning "the text is now this" into the few edits that a person would have made.

Clearing and rewriting a Y.Text would throw every cursor to the start and undo what others type meanwhile. So old and
new are compared at three grains, each only where the one before found a difference: common ends, lines, words. Lines
and words are both compared by libgit2's xdiff (5 ms per MB; difflib needs seconds on repetitive text). Its heuristics
and `_Grain.limit` bound the cost: 1 MB is compared in 30 ms, in 1 s when both sides share their vocabulary alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate, pairwise
from typing import Any

import pycrdt

from crdt_docs.errors import DocumentPoisoned
from crdt_docs.text_index import utf8_length

MAX_EDITS = 2_000
WALK_CHARACTERS = 400_000_000
"""yrs walks the text from its start for every edit: so many edits, or this many characters in all, take 0.15 s."""

ZERO_WIDTH_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the code points `start` to `end` of the old text by `insert`."""

    start: int
    end: int
    insert: str


@dataclass(frozen=True, slots=True)
class _Gap:
    """What lies between two equal runs: `old[a0:a1]` has become `new[b0:b1]`."""

    a0: int
    a1: int
    b0: int
    b1: int


@dataclass(frozen=True, slots=True)
class _Grain:
    """A size of token to compare by; a gap of more than `limit` tokens, both sides counted, is compared in parts."""

    token: re.Pattern[str]
    limit: int


LINES = _Grain(re.compile(r"[^\n]*\n|[^\n]+"), 100_000)
# A word, a run of spaces, or one other character; scripts written without spaces go by the character.
WORDS = _Grain(re.compile(r"[^\W\u0e00-\u0eff\u2e80-\u9fff\U00020000-\U0003ffff]+|[^\S\n]+|.", re.DOTALL), 20_000)


def replace_text(doc: pycrdt.Doc[Any], new: str, root: str = "content") -> None:
    """Makes the root Y.Text `root` equal to `new` by minimal edits, in the current transaction or one of its own.

    Raises `InvalidText` for a lone surrogate and `DocumentPoisoned` when the Y.Text holds more than text.
    """
    new_length = utf8_length(new)
    text = doc.get(root, type=pycrdt.Text)
    with doc.transaction():
        old = str(text)
        if len(text) != utf8_length(old):
            raise DocumentPoisoned("text.embed", f"The text {root!r} holds embedded objects; it must be plain text.")
        apply_edits(text, old, minimal_edits(old, new))
        if len(text) != new_length:
            raise DocumentPoisoned("text.edit", f"The text {root!r} did not take an edit.")


def minimal_edits(old: str, new: str) -> list[Edit]:
    """The edits that turn `old` into `new`: ascending, none inside of a visible character.

    There are at most `MAX_EDITS`, and the longer the texts the fewer: applying them must not take an event loop long.
    """
    gaps = _trimmed(old, new, _Gap(0, len(old), 0, len(new)))
    for grain in (LINES, WORDS):
        gaps = [smaller for gap in gaps for smaller in _refine(old, new, gap, grain)]
        gaps = [smaller for gap in _joined(gaps) for smaller in _trimmed(old, new, gap)]
    gaps = [_at_line_start(old, new, gap) for gap in _at_most(_affordable(old, new), _at_characters(old, new, gaps))]
    return [Edit(gap.a0, gap.a1, new[gap.b0 : gap.b1]) for gap in gaps]


def apply_edits(text: pycrdt.Text, old: str, edits: Iterable[Edit]) -> None:
    """Applies ascending `edits` to `text`, which holds `old`, inside of a transaction."""
    at = done = 0  # `at` runs along the text as edited so far, in the UTF-8 bytes that pycrdt counts in
    for edit in edits:
        at += utf8_length(old[done : edit.start])
        removed = utf8_length(old[edit.start : edit.end])
        if edit.insert:
            text.insert(at, edit.insert)
            at += utf8_length(edit.insert)
        if removed:
            del text[at : at + removed]
        done = edit.end


def _trimmed(old: str, new: str, gap: _Gap) -> list[_Gap]:
    """`gap` without what both sides begin and end with; nothing when they are equal."""
    a, b = old[gap.a0 : gap.a1], new[gap.b0 : gap.b1]
    head = _common_prefix(a, b)
    tail = _common_suffix(a[head:], b[head:])
    gap = _Gap(gap.a0 + head, gap.a1 - tail, gap.b0 + head, gap.b1 - tail)
    return [gap] if gap.a0 < gap.a1 or gap.b0 < gap.b1 else []


def _common_prefix(a: str, b: str) -> int:
    """Length of the common prefix, by bisection: comparing slices runs at the speed of memory."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


def _common_suffix(a: str, b: str) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        same = a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]
        low, high = (middle, high) if same else (low, middle - 1)
    return low


def _refine(old: str, new: str, gap: _Gap, grain: _Grain) -> Iterator[_Gap]:
    """The smaller gaps that remain of `gap` when its sides are compared token by token.

    A gap above the limit is cut into parts at proportional places, which fit each other well where a whole file was
    reformatted; a bad fit costs larger edits, never wrong ones.
    """
    a, b = grain.token.findall(old, gap.a0, gap.a1), grain.token.findall(new, gap.b0, gap.b1)
    if not a or not b:
        yield gap
        return
    a_at, b_at = list(accumulate(map(len, a), initial=gap.a0)), list(accumulate(map(len, b), initial=gap.b0))
    parts = 1 + (len(a) + len(b)) // grain.limit
    for (a0, a1), (b0, b1) in zip(_cut(len(a), parts), _cut(len(b), parts), strict=True):
        for a2, a3, b2, b3 in _xdiff(a[a0:a1], b[b0:b1]):
            yield _Gap(a_at[a0 + a2], a_at[a0 + a3], b_at[b0 + b2], b_at[b0 + b3])


def _cut(length: int, parts: int) -> Iterator[tuple[int, int]]:
    """`parts` ranges of about equal length that cover `length`."""
    return pairwise(length * i // parts for i in range(parts + 1))


def _xdiff(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The runs of tokens that differ, as half-open index ranges into `a` and `b`."""
    import pygit2  # libgit2, 10 MB: only for edits from outside
    from pygit2.enums import DiffOption

    flags = DiffOption.FORCE_TEXT | DiffOption.SKIP_BINARY_CHECK
    patch = pygit2.Patch.create_from(_one_per_line(a), _one_per_line(b), flag=flags, context_lines=0)
    for hunk in patch.hunks:
        # An empty side names the line before it, a full side its first line, both counted from 1.
        a0 = hunk.old_start - (hunk.old_lines > 0)
        b0 = hunk.new_start - (hunk.new_lines > 0)
        yield a0, a0 + hunk.old_lines, b0, b0 + hunk.new_lines


def _one_per_line(tokens: Sequence[str]) -> bytes:
    """Tokens as the lines xdiff compares; a line feed inside a token becomes a byte that UTF-8 never has."""
    return b"".join(token.encode().replace(b"\n", b"\xff") + b"\n" for token in tokens)


def _at_characters(old: str, new: str, gaps: Sequence[_Gap]) -> list[_Gap]:
    """Widens gaps until no equal run begins or ends inside what people see as one character."""
    if old.isascii() and new.isascii():
        return list(gaps)

    def splits(a: int, b: int) -> bool:
        return _inside_character(old, a) or _inside_character(new, b)

    runs = []
    for start, end, shift in _runs(old, gaps):
        while start < end and splits(start, start + shift):
            start += 1
        while start < end and splits(end, end + shift):
            end -= 1
        runs.append((start, end, shift))
    return _gaps_between(old, new, runs)


def _joined(gaps: Iterable[_Gap]) -> list[_Gap]:
    """Gaps that touch each other become one."""
    joined: list[_Gap] = []
    for gap in gaps:
        touching = joined and joined[-1].a1 == gap.a0 and joined[-1].b1 == gap.b0
        joined.append(_spanning(joined.pop(), gap) if touching else gap)
    return joined


def _at_line_start(old: str, new: str, gap: _Gap) -> _Gap:
    """Whole lines come or go at the start of a line, not at the end of the one before, where a cursor may stand."""
    changed = old[gap.a0 : gap.a1] or new[gap.b0 : gap.b1]
    one_sided = gap.a0 == gap.a1 or gap.b0 == gap.b1
    if one_sided and changed.startswith("\n") and old.startswith("\n", gap.a1) and new.startswith("\n", gap.b1):
        return _Gap(gap.a0 + 1, gap.a1 + 1, gap.b0 + 1, gap.b1 + 1)
    return gap


def _affordable(old: str, new: str) -> int:
    return min(MAX_EDITS, max(1, WALK_CHARACTERS // (len(old) + len(new) + 1)))


def _at_most(limit: int, gaps: list[_Gap]) -> list[_Gap]:
    """At most `limit` gaps: those that are nearest to each other become one, so that cursors far from all stay."""
    distances = [after.a0 - before.a1 for before, after in pairwise(gaps)]
    widest = nlargest(limit - 1, range(len(distances)), key=distances.__getitem__)
    starts = [0, *sorted(index + 1 for index in widest)] if gaps else []
    return [_spanning(gaps[start], gaps[end - 1]) for start, end in pairwise([*starts, len(gaps)])]


def _spanning(first: _Gap, last: _Gap) -> _Gap:
    return _Gap(first.a0, last.a1, first.b0, last.b1)


def _runs(old: str, gaps: Sequence[_Gap]) -> Iterator[tuple[int, int, int]]:
    """The equal runs around `gaps`: start and end in `old`, and what to add for the place in `new`."""
    a = b = 0
    for gap in gaps:
        yield a, gap.a0, b - a
        a, b = gap.a1, gap.b1
    yield a, len(old), b - a


def _gaps_between(old: str, new: str, runs: Sequence[tuple[int, int, int]]) -> list[_Gap]:
    """The inverse of `_runs`; an empty run joins its neighbours, but those at the two ends of the text."""
    ends = [(0, 0, 0), *(run for run in runs if run[0] < run[1]), (len(old), len(old), len(new) - len(old))]
    gaps = [_Gap(a1, a0, a1 + shift, a0 + next_shift) for (_, a1, shift), (a0, _, next_shift) in pairwise(ends)]
    return [gap for gap in gaps if gap.a0 < gap.a1 or gap.b0 < gap.b1]


def _inside_character(text: str, index: int) -> bool:
    """Whether cutting at `index` would part a base from its accents, an emoji sequence or a flag.

    A cautious reading of UAX #29 (grapheme clusters): it may hold together a little more, never less.
    """
    if not 0 < index < len(text):
        return False
    before, after = text[index - 1], text[index]
    if before < " " or after < " ":
        return False
    return (
        unicodedata.category(after) in ("Mn", "Mc", "Me")
        or ZERO_WIDTH_JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags, as in the flag of Scotland
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")  # a flag's two letters
        or "\u1160" <= after <= "\u11ff"  # Hangul vowels and finals
    )
