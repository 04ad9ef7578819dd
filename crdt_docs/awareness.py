"""Awareness: who is here and where, in no log (y-protocols/awareness.js).

An awareness update is varUint n, then n times: varUint client id, varUint clock, varString JSON state or "null".
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from crdt_docs.errors import InvalidAwareness, MalformedMessage
from crdt_docs.lib0 import Reader, var_string, var_uint
from crdt_docs.strict_json import parse_json

MAX_ENTRIES = 100
"""Entries of one awareness update, and client ids that one owner may announce."""
MAX_STATE_BYTES = 8 * 1024
MAX_STATE_DEPTH = 8
MAX_CLOCK = 1 << 31
MAX_CLIENTS = 10_000
"""Client ids that one room remembers."""
FORGET_AFTER_S = 600.0
"""How long the clock of a client that left is remembered, so that its late messages stay late."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The state of one client at one clock; `state` None: it left."""

    client: int
    clock: int
    state: dict[str, object] | None


def decode_awareness(payload: bytes) -> list[Entry]:
    """The entries of an awareness update; raises `InvalidAwareness`."""
    reader = Reader(payload)
    try:
        count = reader.var_uint()
        if count > MAX_ENTRIES:
            raise InvalidAwareness("awareness.too_many", f"It has {count} entries; {MAX_ENTRIES} are allowed.")
        entries = [_read_entry(reader) for _ in range(count)]
        reader.end()
    except MalformedMessage as error:
        raise InvalidAwareness("awareness.malformed", error.detail) from None
    return entries


def _read_entry(reader: Reader) -> Entry:
    client, clock = reader.var_uint(), reader.var_uint()
    if clock >= MAX_CLOCK:
        raise InvalidAwareness("awareness.clock", f"The clock of client {client} is {clock}; it ends at {MAX_CLOCK}.")
    try:
        state = parse_json(reader.var_bytes(MAX_STATE_BYTES), MAX_STATE_DEPTH)
    except ValueError as error:
        raise InvalidAwareness("awareness.json", f"The state of client {client} is not plain JSON: {error}") from None
    if state is not None and not isinstance(state, dict):
        raise InvalidAwareness("awareness.state", f"The state of client {client} is neither an object nor null.")
    return Entry(client, clock, state)


def encode_awareness(entries: Iterable[Entry]) -> bytes:
    """An awareness update of these entries."""
    encoded = [var_uint(entry.client) + var_uint(entry.clock) + var_string(_to_json(entry.state)) for entry in entries]
    return var_uint(len(encoded)) + b"".join(encoded)


def _to_json(state: dict[str, object] | None) -> str:
    return json.dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(slots=True)
class _Client:
    """The last that is known of a client id; its clock outlives its state, so that late messages stay late."""

    clock: int
    state: dict[str, object] | None
    owner: Hashable
    user_id: object
    changed_at: float


class Presence:
    """The presence of one room. It has no clock of its own: `now` is monotonic seconds.

    An owner is a connection. Clients also repeat what they hear of others, so an entry counts only from the owner
    of its client id: whoever announced it first, until that owner withdraws it or leaves.
    """

    def __init__(self) -> None:
        self._clients: dict[int, _Client] = {}
        self._announced: dict[Hashable, set[int]] = {}

    def apply(self, owner: Hashable, entries: Iterable[Entry], user: Mapping[str, object], now: float) -> list[Entry]:
        """Takes what `owner` announces and returns what counts, with `user` as its identity, to tell everybody.

        The sender must hear it too: an entry may come back with a higher clock, which its sender then goes on from.
        """
        return [accepted for entry in entries if (accepted := self._accept(owner, entry, user, now))]

    def leave(self, owner: Hashable, now: float) -> list[Entry]:
        """Removes what `owner` still owns; returns the removals to tell everybody."""
        removals = []
        for client in sorted(self._announced.pop(owner, ())):
            known = self._clients[client]
            if known.state is not None:
                known.clock, known.state, known.changed_at = known.clock + 1, None, now
                removals.append(Entry(client, known.clock, None))
        return removals

    def snapshot(self) -> list[Entry]:
        """The states of everybody present."""
        return [Entry(id, known.clock, known.state) for id, known in self._clients.items() if known.state is not None]

    def purge(self, now: float) -> None:
        """Forgets clients that left more than `FORGET_AFTER_S` ago."""
        for id, known in list(self._clients.items()):
            if known.state is None and now - known.changed_at > FORGET_AFTER_S:
                del self._clients[id]
                self._announced.get(known.owner, set()).discard(id)

    def _accept(self, owner: Hashable, entry: Entry, user: Mapping[str, object], now: float) -> Entry | None:
        clock = self._clock(owner, entry, user)
        if clock is None or not self._claim(owner, entry.client):
            return None
        state = None if entry.state is None else {**entry.state, "user": dict(user)}
        self._clients[entry.client] = _Client(clock, state, owner, user.get("id"), now)
        return Entry(entry.client, clock, state)

    def _clock(self, owner: Hashable, entry: Entry, user: Mapping[str, object]) -> int | None:
        """The clock at which the entry counts; None if it does not."""
        known = self._clients.get(entry.client)
        if known is None:
            return None if entry.state is None else entry.clock
        if entry.state is None:
            removes = known.state is not None and known.owner == owner and entry.clock >= known.clock
            return entry.clock if removes else None
        if entry.clock > known.clock and (known.state is None or owner == known.owner):
            return entry.clock
        return self._clock_of_returned(owner, entry, known) if known.user_id == user.get("id") else None

    def _clock_of_returned(self, owner: Hashable, entry: Entry, known: _Client) -> int | None:
        """A client that reconnects announces itself on a new connection, often at the clock it had before.

        Its old connection may still seem alive, or have left, which raised the clock.
        """
        speaks_first = owner not in self._announced
        if known.state is None:
            return known.clock + 1 if speaks_first else None
        if known.owner == owner:
            return None
        return entry.clock if entry.clock > known.clock or (speaks_first and entry.clock == known.clock) else None

    def _claim(self, owner: Hashable, client: int) -> bool:
        """Makes `owner` the owner of the client id; returns whether there is room for it."""
        announced = self._announced.setdefault(owner, set())
        known = self._clients.get(client)
        if client not in announced and len(announced) >= MAX_ENTRIES:
            return False
        if known is None and len(self._clients) >= MAX_CLIENTS:
            return False
        if known is not None and known.owner != owner:
            self._announced.get(known.owner, set()).discard(client)
        announced.add(client)
        return True
