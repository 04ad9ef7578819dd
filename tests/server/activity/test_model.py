"""What the log keeps of an act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from server.activity.model import MAX_DETAIL, MAX_TEXT, canonical, note
from server.kit.audit import Act, Actor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_note_has_everything_of_its_act() -> None:
    """Who, where from, what, on what, how it ended and when, in UTC."""
    act = Act("file.moved", Actor("user:1", "mia", "person", "abcd1234", "::1"), "p", "file/a", detail={"to": "b"})
    taken = note(act, NOW.astimezone(timezone(timedelta(hours=2))))
    assert (taken.chain, taken.at, taken.at.tzinfo) == ("p", NOW, UTC)
    assert (taken.actor_id, taken.actor_name, taken.actor_kind) == ("user:1", "mia", "person")
    assert (taken.token_id, taken.address) == ("abcd1234", "::1")
    assert (taken.area, taken.action, taken.resource, taken.outcome) == ("file", "file.moved", "file/a", "done")
    assert taken.detail == '{"to":"b"}'


def test_nothing_in_an_act_can_keep_it_out_of_the_log() -> None:
    """What databases refuse is replaced, what is endless is cut, what is not JSON is written as text."""
    act = Act("a.b", Actor("\ud800", "x" * 10_000, "person"), "p", "file/\0", detail={"at": NOW, "nul": "\0\ud800"})
    taken = note(act, NOW)
    assert (taken.actor_id, taken.resource, len(taken.actor_name)) == ("?", "file/\ufffd", MAX_TEXT)
    assert taken.detail == r'{"at":"2026-01-01 00:00:00+00:00","nul":"\u0000\ud800"}'


def test_a_detail_is_canonical_and_small() -> None:
    """The same content is the same text; one that is too long says that it was left out."""
    assert (
        canonical({"b": [1, "é"], "a": None}) == canonical({"a": None, "b": [1, "é"]}) == r'{"a":null,"b":[1,"\u00e9"]}'
    )
    assert canonical({"a": "x" * MAX_DETAIL}) == '{"left_out":"too long"}'
