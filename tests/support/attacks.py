"""How hostile clients use the updates of `hostile`: against a victim, and in frames that are no message."""

from __future__ import annotations

from collections.abc import Iterator

from pycrdt import Doc, Text

from crdt_docs.lib0 import var_bytes, var_string, var_uint
from tests.support import hostile

HUGE = 1 << 52


def refused_updates(kind: str, victim: int) -> dict[str, bytes]:
    """What nobody may send to a document of `kind` in which the client `victim` has typed a little."""
    far = 1_000_000
    attacks = hostile.refused_everywhere() | {
        "a delete beyond the known": hostile.update(deletes={victim: [(0, far)]}),
        "an origin beyond the known": hostile.update(
            hostile.section(hostile.ME, 0, hostile.text("x", origin=(victim, far)))
        ),
        "a gap after the victim": hostile.typing(victim, far),
    }
    if kind == "files":
        attacks |= {f"type confusion {number}": update for number, update in enumerate(hostile.type_confusion())}
    return attacks


def truncated_updates() -> Iterator[bytes]:
    """Every beginning of two honest updates."""
    doc = Doc({"content": Text("honest 😀 text")}, client_id=hostile.ME)
    before = doc.get_state()
    doc["content"].insert(3, "more")
    del doc["content"][5:9]
    for honest in (doc.get_update(before), doc.get_update()):
        yield from hostile.truncations(honest)


def bad_frames(document: str) -> Iterator[bytes]:
    """Frames that are no message in any dialect: bombs, a message and a half, beginnings of messages."""
    honest = b"\0\2" + var_bytes(hostile.typing(hostile.ME, 0))
    yield b"\0\2" + var_uint(HUGE)
    yield b"\0\2" + hostile.varint_bomb()
    yield b"\0\x63" + var_bytes(b"")
    yield honest + b"\0"
    yield from hostile.truncations(honest)
    yield from hostile.truncations(var_string(document))


def spoofed_presence(victim: int) -> dict[str, bytes]:
    """Presence of a client id that somebody else has announced."""
    return {
        "another's state": hostile.awareness(victim, 1000, '{"user":{"name":"spoofed"},"spoofed":true}'),
        "another's end": hostile.awareness(victim, 2000, "null"),
    }
