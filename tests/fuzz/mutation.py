"""Makes hostile updates out of honest ones, and out of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from crdt_docs.lib0 import var_bytes, var_string, var_uint
from crdt_docs.structs import Id, Ref
from tests.support.hostile import gc, item, section, skip, update

INTERESTING = (
    0,
    1,
    2,
    4,
    8,
    10,
    63,
    64,
    127,
    128,
    255,
    256,
    1 << 14,
    1 << 31,
    (1 << 31) - 1,
    1 << 32,
    1 << 53,
    1 << 63,
)
TEXTS = ("a", "ab", "text", "ä", "漢字", "😀", "a😀b", "x" * 70, "", "\0")
ANYS = (
    b"\x7e",
    b"\x7f",
    b"\x7d\x01",
    b"\x75\x01\x7e",
    b"\x76\x01\x01k\x78",
    b"\x77\x04\xf0\x9f\x98\x80",
    b"\x74\x01\xff",
)
JSONS = ("null", "true", "1e300", '{"a":[1]}', '"\\ud83d"', "NaN", "[" * 70 + "]" * 70)
KEYS = (None, None, None, "k", "key", "😀")


def mutated(honest: bytes, random: Random) -> bytes:
    """The update with one to four pieces changed."""
    data = bytearray(honest)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        change = random.randrange(6)
        if change == 0 and data:
            data[at % len(data)] ^= 1 << random.randrange(8)
        elif change == 1:
            data[at:at] = var_uint(random.choice(INTERESTING))
        elif change == 2:
            del data[at : at + random.randint(1, 4)]
        elif change == 3 and data:
            data[at % len(data)] = random.randrange(256)
        elif change == 4:
            start = random.randrange(len(data) + 1)
            data[at:at] = data[start : start + random.randint(1, 30)]
        else:
            data[at : at + 1] = var_uint(random.choice(INTERESTING))
    return bytes(data)


class Inventor:
    """Invents updates that look plausible to a document with the state vector `known`."""

    def __init__(self, random: Random, known: Mapping[int, int], *, plain: bool) -> None:
        self._random = random
        self._ends = dict(known)
        self._plain = plain  # text only, as in files

    def update(self) -> bytes:
        clients = self._random.sample([*self._ends, 1, 5, 1 << 40], k=self._random.randint(0, 3))
        known = dict(self._ends)
        sections = [self._section(client) for client in dict.fromkeys(clients)]
        deletes = {client: self._ranges(end) for client, end in {**known, **self._ends}.items() if self._chance(0.3)}
        return update(*sections, deletes=deletes)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _section(self, client: int) -> bytes:
        start = self._ends.get(client, 0)
        if self._chance(0.2):
            start = max(0, start + self._random.randint(-6, 1))
        clock = start
        structs = []
        for _ in range(self._random.randint(1, 5)):
            struct, length = self._struct()
            structs.append(struct)
            clock += length
            self._ends[client] = max(self._ends.get(client, 0), clock)
        return section(client, start, *structs)

    def _struct(self) -> tuple[bytes, int]:
        kind = self._random.random()
        if kind < 0.06:
            length = self._random.randint(1, 4)
            return (gc if self._chance(0.9) else skip)(length), length
        ref, content, length = self._content()
        origin = self._id() if self._chance(0.7) else None
        right = self._id() if self._chance(0.5) else None
        parent: str | Id = "content" if self._plain or self._chance(0.6) else (self._id() or "content")
        key = None if self._plain else self._random.choice(KEYS)
        return item(ref, content, origin=origin, right=right, parent=parent, key=key), length

    def _content(self) -> tuple[int, bytes, int]:
        text = self._random.choice(TEXTS)
        of_text = Ref.STRING, var_string(text), len(text.encode("utf-16-le")) // 2
        if self._plain:
            length = self._random.randint(1, 4)
            return of_text if self._chance(0.85) else (Ref.DELETED, var_uint(length), length)
        values = self._random.choices(ANYS, k=self._random.randint(1, 3))
        type_ref = self._random.randrange(8)
        name = var_string("p") if type_ref in (3, 5) else b""
        json = var_string(self._random.choice(JSONS))
        return self._random.choice(
            [
                of_text,
                (Ref.DELETED, var_uint(3), 3),
                (Ref.BINARY, var_bytes(b"\0\xff"), 1),
                (Ref.EMBED, json, 1),
                (Ref.FORMAT, var_string("bold") + json, 1),
                (Ref.TYPE, var_uint(type_ref) + name, 1),
                (Ref.TYPE, var_uint(type_ref) + name, 1),
                (Ref.ANY, var_uint(len(values)) + b"".join(values), len(values)),
                (Ref.DOC, var_string("guid") + self._random.choice(ANYS), 1),
            ]
        )

    def _id(self) -> Id | None:
        if not self._ends:
            return None
        client = self._random.choice(list(self._ends))
        return client, self._random.randrange(self._ends[client] + self._chance(0.03) + 1)

    def _ranges(self, end: int) -> list[Id]:
        ranges: list[Id] = []
        clock = 0
        while clock < end and len(ranges) < 4:
            clock += self._random.randint(0, max(1, end // 3))
            length = self._random.randint(1, 5)
            if clock + length > end and not self._chance(0.02):
                break
            ranges.append((clock, length))
            clock += length
        return ranges
