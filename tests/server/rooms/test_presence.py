"""Presence as those are told it who may not read every file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crdt_docs.awareness import Entry, decode_awareness
from crdt_docs.protocol import Awareness, ywebsocket
from server.rooms import Onlooker, Peer
from server.rooms.presence import TICK_S, RoomPresence
from tests.support.rooms import ManualRuntime, RecordingLink

Link = RecordingLink


def heard(link: Link) -> list[dict[str, Any] | None]:
    """The states that were sent, without who they are of."""
    states = []
    for body in link.bodies():
        message = ywebsocket.decode(body)
        assert isinstance(message, Awareness)
        states += [entry.state for entry in decode_awareness(message.payload)]
    return [state and {name: value for name, value in state.items() if name != "user"} for state in states]


class Cast:
    """A room's presence with one who speaks, one who may read everything and one who may read `open/` only."""

    def __init__(self) -> None:
        self.runtime = ManualRuntime()
        self.everybody: list[Peer] = []
        self.presence = RoomPresence(self.runtime, lambda: self.everybody)
        self.speaker, _ = self._enter(None)
        self.reader, self.reader_link = self._enter(None)
        self.onlooker, self.onlooker_link = self._enter(lambda path: path.startswith("open/"))
        self._clock = 0

    def _enter(self, sees: Any) -> tuple[Onlooker, Link]:
        link = Link()
        peer = Onlooker(link, sees=sees, author="user:a", user={"id": "user:a"}, writable=True)
        peer.outbox.state(iter(()), (0, {}))
        self.everybody.append(peer)
        return peer, link

    def says(self, state: dict[str, Any] | None) -> None:
        self._clock += 1
        self.presence.apply(self.speaker, [Entry(1, self._clock, state)])
        self.runtime.advance(TICK_S)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"path": "open/a", "cursor": 3}, {"path": "open/a", "cursor": 3}),
        ({"path": "secret/a", "cursor": 3}, {"path": None, "cursor": 3}),
        ({"path": None}, {"path": None}),
        ({"path": ["secret/a"]}, {"path": None}),
        ({"cursor": {"file_path": "secret/a", "line": 1}}, {"cursor": {"file_path": None, "line": 1}}),
        ({"tabs": [{"path": "secret/a"}, {"path": "open/b"}, 1]}, {"tabs": [{"path": None}, {"path": "open/b"}, 1]}),
        ({"name": "secret/a"}, {"name": "secret/a"}),
    ],
)
def test_a_path_is_shown_to_who_may_read_it(said: dict[str, Any], shown: dict[str, Any]) -> None:
    """Wherever in a state a field `path` or `file_path` stands, it is null for who may not read that file."""
    cast = Cast()
    cast.says(said)
    assert heard(cast.reader_link) == [json.loads(json.dumps(said))]
    assert heard(cast.onlooker_link) == [shown]


def test_a_newcomer_is_told_no_more() -> None:
    """What is present already is shown by the same rule, and so is it when somebody asks again."""
    cast = Cast()
    cast.says({"path": "secret/a"})
    for peer, link, path in (
        (cast.reader, cast.reader_link, "secret/a"),
        (cast.onlooker, cast.onlooker_link, None),
    ):
        heard(link)
        cast.presence.send_all(peer)
        assert heard(link) == [{"path": path}]


def test_who_leaves_leaves_for_everybody() -> None:
    """A state that ends has no path to hide."""
    cast = Cast()
    cast.says({"path": "secret/a"})
    cast.says(None)
    assert heard(cast.onlooker_link) == [{"path": None}, None]


def test_rights_may_change_while_one_looks_on() -> None:
    """What somebody may see is asked at every tick."""
    cast = Cast()
    cast.onlooker.sees = None
    cast.says({"path": "secret/a"})
    cast.onlooker.sees = lambda _path: False
    cast.says({"path": "open/a"})
    assert heard(cast.onlooker_link) == [{"path": "secret/a"}, {"path": None}]
