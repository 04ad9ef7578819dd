r"""Patterns of resource names: ``*`` is any run of characters within a segment, ``**`` any number of whole segments.

``file/**`` matches `file/a`, `file/a/b` and `file` itself; ``file/*.md`` no file in a folder. A backslash before a star
makes it an ordinary character, so that every single name can be written; names themselves have no backslashes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, TypeVar

from crdt_docs.errors import BadName
from crdt_docs.names import normalise_path

T = TypeVar("T")

ANY_DEPTH: Final = "**"
MAX_DEEP = 4
"""How many ``**`` a pattern may have."""

PIECES = re.compile(r"\\\*|\*|[^*\\]+|\\")
STAR = "\0"
"""In the place of a star in the text of a pattern that is matched by another; names have no control characters."""


class BadGlob(ValueError):
    """This is not a pattern of resource names; the message says why."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A parsed pattern; make it with `parse_glob`, which remembers them."""

    text: str
    segments: tuple[str, ...]
    prefix: str = field(compare=False)
    """The leading segments without a star, unescaped."""
    tail: str | None = field(compare=False)
    """"" for one name, ``**`` for the prefix and everything below it, None for anything else."""
    expression: re.Pattern[str] = field(compare=False)

    def matches(self, name: str) -> bool:
        """Whether the resource `name` is meant."""
        return self.expression.fullmatch(_slashed(name)) is not None

    def contains(self, other: Glob) -> bool:
        """Whether every name that `other` matches is matched too; False when that is not certain."""
        return _contains(self.segments, other.segments)

    def touches(self, other: Glob) -> bool:
        """Whether some name is matched by both; True when that is not certain."""
        return _touches(self.segments, other.segments)


@lru_cache(maxsize=4096)
def parse_glob(text: str) -> Glob:
    """The pattern `text`, which `check_glob` has accepted once."""
    segments = tuple(text.split("/")) if text else ()
    literal = next((at for at, segment in enumerate(segments) if _has_star(segment)), len(segments))
    rest = segments[literal:]
    tail = "" if not rest else ANY_DEPTH if rest == (ANY_DEPTH,) else None
    prefix = "/".join(map(_unescaped, segments[:literal]))
    return Glob(text, segments, prefix, tail, re.compile(_translate(segments), re.DOTALL))


def check_glob(text: str) -> str:
    """`text` in its canonical form, NFC; raises `BadGlob`."""
    if "\\" in text.replace(r"\*", ""):
        raise BadGlob("A backslash stands only before a star, which it makes an ordinary character.")
    try:
        normalise_path(_unescaped(text) or "-")
    except BadName as error:
        raise BadGlob(error.detail) from None
    segments = text.split("/")
    if any(ANY_DEPTH in segment and segment != ANY_DEPTH for segment in segments):
        raise BadGlob("Two stars are a segment of their own: a/**/b.")
    if segments.count(ANY_DEPTH) > MAX_DEEP:
        raise BadGlob(f"A pattern has at most {MAX_DEEP} times two stars.")
    return unicodedata.normalize("NFC", text)


def escape(name: str) -> str:
    """The pattern that matches the resource `name` and nothing else."""
    return name.replace("*", r"\*")


class GlobIndex(Generic[T]):
    """Finds the patterns that match a name among hundreds, by the literal beginning of each."""

    def __init__(self, items: Iterable[tuple[Glob, T]]) -> None:
        self._exact: defaultdict[str, list[T]] = defaultdict(list)
        self._below: defaultdict[str, list[T]] = defaultdict(list)
        self._others: defaultdict[str, list[tuple[str, re.Pattern[str], T]]] = defaultdict(list)
        for glob, item in items:
            if glob.tail == "":
                self._exact[glob.prefix].append(item)
            elif glob.tail == ANY_DEPTH:
                self._below[glob.prefix].append(item)
            else:
                self._others[glob.prefix].append((_literal_end(glob), glob.expression, item))

    def matching(self, name: str) -> Iterator[T]:
        """The items whose patterns match `name`, in no particular order."""
        yield from self._exact.get(name, ())
        slashed = _slashed(name)
        for prefix in _beginnings(name):
            yield from self._below.get(prefix, ())
            for end, expression, item in self._others.get(prefix, ()):
                if slashed.endswith(end) and expression.fullmatch(slashed):
                    yield item


def _beginnings(name: str) -> Iterator[str]:
    """ "", every folder above `name`, and `name`."""
    yield ""
    at = name.find("/")
    while at >= 0:
        yield name[:at]
        at = name.find("/", at + 1)
    if name:
        yield name


def _slashed(name: str) -> str:
    """A name as expressions read it: a slash before every segment."""
    return f"/{name}" if name else ""


def _has_star(segment: str) -> bool:
    return "*" in segment.replace(r"\*", "")


def _unescaped(segment: str) -> str:
    return segment.replace(r"\*", "*")


def _literal_end(glob: Glob) -> str:
    """What every name that the pattern matches ends with."""
    return _literals(glob.segments[-1])[-1]


def _translate(segments: tuple[str, ...]) -> str:
    """A regular expression for a slashed name, without catastrophic backtracking.

    What stands between two ``**`` is found once: the first place where it fits is as good as any, so an atomic group
    may keep it. The same goes for what stands between two stars of a segment.
    """
    blocks = [""]
    for segment in segments:
        if segment == ANY_DEPTH:
            blocks.append("")
        else:
            blocks[-1] += "/" + _segment(segment)
    first, *deep = blocks
    if not deep:
        return first
    *middle, last = deep
    between = "".join(rf"(?>(?:/[^/]+)*?{block}(?=/|\Z))" for block in middle if block)
    return rf"{first}{between}(?:/[^/]+)*{last}"


def _segment(segment: str) -> str:
    parts = [re.escape(part) for part in _literals(segment)]
    if len(parts) == 1:
        return parts[0]
    first, *middle, last = parts
    between = "".join(f"(?>[^/]*?{part})" for part in middle if part)
    return rf"{first}{between}[^/]*{last}(?=/|\Z)"


def _literals(segment: str) -> list[str]:
    """What stands between the stars of a segment."""
    literals = [""]
    for piece in PIECES.findall(segment):
        if piece == "*":
            literals.append("")
        else:
            literals[-1] += _unescaped(piece)
    return literals


@lru_cache(maxsize=4096)
def _contains(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    if outer and outer[0] == ANY_DEPTH:
        return _contains(outer[1:], inner) or (bool(inner) and _contains(outer, inner[1:]))
    if not outer or not inner:
        return not outer and not inner
    return inner[0] != ANY_DEPTH and _segment_contains(outer[0], inner[0]) and _contains(outer[1:], inner[1:])


@lru_cache(maxsize=4096)
def _touches(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if one and one[0] == ANY_DEPTH:
        return _touches(one[1:], other) or (bool(other) and _touches(one, other[1:]))
    if other and other[0] == ANY_DEPTH:
        return _touches(other, one)
    if not one or not other:
        return not one and not other
    return _segment_touches(one[0], other[0]) and _touches(one[1:], other[1:])


def _segment_contains(outer: str, inner: str) -> bool:
    text = STAR.join(_literals(inner))
    return re.fullmatch(_segment(outer), text, re.DOTALL) is not None


def _segment_touches(one: str, other: str) -> bool:
    first, second = _literals(one), _literals(other)
    if len(first) == 1 or len(second) == 1:
        return _segment_contains(one, other) or _segment_contains(other, one)
    return first[0].startswith(second[0]) or second[0].startswith(first[0])
