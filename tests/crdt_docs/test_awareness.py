from __future__ import annotations

import json

import pytest

from crdt_docs import awareness
from crdt_docs.awareness import (
    FORGET_AFTER_S,
    MAX_CLOCK,
    MAX_ENTRIES,
    Entry,
    Presence,
    decode_awareness,
    encode_awareness,
)
from crdt_docs.errors import InvalidAwareness
from tests.support import hostile

ADA = {"id": "user:ada", "name": "Ada", "hue": 3, "kind": "person"}
BOB = {"id": "user:bob", "name": "Bob", "hue": 7, "kind": "person"}


def announce(client: int, clock: int, **state: object) -> list[Entry]:
    return [Entry(client, clock, dict(state))]


def withdraw(client: int, clock: int) -> list[Entry]:
    return [Entry(client, clock, None)]


@pytest.fixture
def presence() -> Presence:
    return Presence()


# The codec


def test_entries_survive_the_wire() -> None:
    """What is encoded decodes to the same entries."""
    entries = [Entry(1, 0, {"cursor": {"anchor": 1}, "text": "ä😀"}), Entry((1 << 53) - 1, MAX_CLOCK - 1, None)]
    assert decode_awareness(encode_awareness(entries)) == entries


def test_clients_encoding_is_read() -> None:
    """The bytes of y-protocols: count, client, clock, JSON."""
    state = '{"user":{"name":"x"}}'
    assert decode_awareness(hostile.awareness(300, 2, state)) == [Entry(300, 2, json.loads(state))]
    assert decode_awareness(hostile.awareness(300, 3, "null")) == [Entry(300, 3, None)]
    assert decode_awareness(b"\0") == []


@pytest.mark.parametrize("name", hostile.hostile_awareness())
def test_hostile_awareness_is_refused(name: str) -> None:
    """Deep, long, odd and malformed states are refused whole."""
    with pytest.raises(InvalidAwareness):
        decode_awareness(hostile.hostile_awareness()[name])


def test_states_are_allowed_up_to_the_limits() -> None:
    """8 levels and 8 KiB are fine."""
    deep = '{"a":' * 8 + "1" + "}" * 8
    long = json.dumps({"x": "a" * (8 * 1024 - len('{"x": ""}'))})
    assert decode_awareness(hostile.awareness(1, 1, deep))
    assert decode_awareness(hostile.awareness(1, 1, long))


# Presence


def test_the_login_is_the_identity(presence: Presence) -> None:
    """`user` in a state is what the login says, whatever the client claims."""
    [told] = presence.apply("a", announce(1, 1, user={"name": "Bob"}, cursor=5), ADA, now=0)
    assert told == Entry(1, 1, {"cursor": 5, "user": ADA})
    assert presence.snapshot() == [told]


def test_the_latest_clock_wins(presence: Presence) -> None:
    """Stale and repeated states are dropped."""
    presence.apply("a", announce(1, 5, v=1), ADA, now=0)
    assert presence.apply("a", announce(1, 5, v=2), ADA, now=0) == []
    assert presence.apply("a", announce(1, 4, v=3), ADA, now=0) == []
    assert [entry.clock for entry in presence.apply("a", announce(1, 6, v=4), ADA, now=0)] == [6]
    assert [entry.state and entry.state["v"] for entry in presence.snapshot()] == [4]


def test_nobody_speaks_for_others(presence: Presence) -> None:
    """States and removals of somebody else's client id are dropped, with whatever clock."""
    presence.apply("a", announce(1, 1), ADA, now=0)
    assert presence.apply("b", announce(1, 9), BOB, now=0) == []
    assert presence.apply("b", withdraw(1, 9), BOB, now=0) == []
    assert presence.leave("b", now=0) == []
    assert len(presence.snapshot()) == 1


def test_what_clients_repeat_of_others_is_dropped(presence: Presence) -> None:
    """y-websocket sends back what it hears; a second window of the same user must not take the first one's id."""
    presence.apply("a", announce(1, 1), ADA, now=0)
    presence.apply("b", announce(2, 1), ADA, now=0)
    assert presence.apply("b", announce(1, 1), ADA, now=0) == []
    removals = presence.leave("a", now=1)
    assert presence.apply("b", announce(1, 1), ADA, now=1) == []
    assert presence.apply("b", removals, ADA, now=1) == []
    assert [entry.client for entry in presence.snapshot()] == [2]


def test_a_client_withdraws_itself(presence: Presence) -> None:
    """A null state of the owner removes, at the same clock too, once; a later state brings it back."""
    presence.apply("a", announce(1, 1), ADA, now=0)
    assert presence.apply("a", withdraw(1, 1), ADA, now=0) == withdraw(1, 1)
    assert presence.apply("a", withdraw(1, 2), ADA, now=0) == []
    assert presence.leave("a", now=0) == []
    assert [entry.clock for entry in presence.apply("a", announce(1, 2), ADA, now=0)] == [2]


def test_unknown_clients_cannot_be_removed(presence: Presence) -> None:
    """A null state of an id that nobody announced is dropped and claims nothing."""
    assert presence.apply("a", withdraw(1, 3), ADA, now=0) == []
    assert presence.apply("b", announce(1, 0), BOB, now=0) != []


def test_leaving_removes_what_is_owned(presence: Presence) -> None:
    """Everybody is told with a clock that beats the last state, and newcomers hear nothing of who left."""
    presence.apply("a", announce(1, 4), ADA, now=0)
    presence.apply("a", announce(2, 7), ADA, now=0)
    assert presence.leave("a", now=1) == [Entry(1, 5, None), Entry(2, 8, None)]
    assert presence.snapshot() == []
    assert presence.leave("a", now=2) == []


@pytest.mark.parametrize("clock", [4, 5])
def test_a_reconnected_client_takes_over(presence: Presence, clock: int) -> None:
    """On a new connection, before the old one is found dead: the old one's end then removes nothing."""
    presence.apply("old", announce(1, 4), ADA, now=0)
    assert [entry.clock for entry in presence.apply("new", announce(1, clock), ADA, now=1)] == [clock]
    assert presence.leave("old", now=2) == []
    assert len(presence.snapshot()) == 1
    assert presence.leave("new", now=3) == [Entry(1, clock + 1, None)]


def test_another_user_never_takes_over(presence: Presence) -> None:
    """The same from somebody else is spoofing."""
    presence.apply("old", announce(1, 4), ADA, now=0)
    assert presence.apply("new", announce(1, 5), BOB, now=1) == []


def test_a_returning_client_is_heard_at_once(presence: Presence) -> None:
    """After its old connection left, a client announces the clock it had: it gets one that others take as new."""
    presence.apply("old", announce(1, 4), ADA, now=0)
    presence.leave("old", now=1)
    assert [entry.clock for entry in presence.apply("new", announce(1, 4, v=1), ADA, now=2)] == [6]
    assert [entry.clock for entry in presence.apply("new", announce(1, 7, v=2), ADA, now=3)] == [7]


def test_metadata_is_forgotten(presence: Presence) -> None:
    """Ten minutes after a client left its clock is forgotten; of those present nothing is."""
    presence.apply("a", announce(1, 4), ADA, now=0)
    presence.apply("b", announce(2, 4), BOB, now=0)
    presence.leave("a", now=0)
    presence.purge(now=FORGET_AFTER_S)
    assert presence.apply("c", announce(1, 4), BOB, now=FORGET_AFTER_S) == []
    presence.purge(now=FORGET_AFTER_S + 1)
    assert presence.apply("c", announce(1, 4), BOB, now=FORGET_AFTER_S + 1) != []
    assert len(presence.snapshot()) == 2


def test_one_owner_announces_few(presence: Presence) -> None:
    """Ids beyond the limit are dropped, also when those before were withdrawn again."""
    for client in range(MAX_ENTRIES + 10):
        presence.apply("a", announce(client, 1), ADA, now=0)
        presence.apply("a", withdraw(client, 2), ADA, now=0)
    assert presence.apply("a", announce(500, 1), ADA, now=0) == []
    assert presence.apply("a", announce(5, 3), ADA, now=0) != []
    assert presence.apply("b", announce(500, 1), BOB, now=0) != []


def test_a_room_remembers_few(presence: Presence, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that remembers as many ids as it may takes no new ones."""
    monkeypatch.setattr(awareness, "MAX_CLIENTS", 2)
    accepted = [presence.apply(owner, announce(owner, 1), ADA, now=0) for owner in range(3)]
    assert [len(entries) for entries in accepted] == [1, 1, 0]
