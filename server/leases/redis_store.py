"""Leases in Redis, for several nodes. `acquire.lua` decides; here its arguments and answers are put into words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.leases.errors import LeaseUnavailable
from server.leases.model import (
    Blocker,
    Command,
    Grant,
    Happening,
    Mode,
    Policy,
    Reply,
    Rules,
    State,
    Status,
    StoreEvent,
    Waiter,
)
from server.leases.pipe import TIMEOUT_S, ScriptPipe

SCRIPT = Path(__file__).with_name("acquire.lua").read_text()
KEYS = (
    *("meta", "sessions", "grants", "held", "held_by", "waits"),
    *("queue", "waits_of", "req", "due", "unfinished", "ev"),
)
CHANNELS = "atrium:{*}:lease:ch"
FIELDS = {command: [field.name for field in fields(command)] for command in get_args(Command)}


def prefix(project_id: str) -> str:
    """What all keys of a project start with; the braces make Redis Cluster keep them together."""
    return f"atrium:{{{project_id}}}:lease:"


class RedisLeaseStore:
    """The store that nodes share. Redis's clock decides, unless `now_ms` is given (tests)."""

    def __init__(
        self,
        redis: Redis,
        rules: Rules,
        *,
        timeout_s: float = TIMEOUT_S,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._term = 0
        self._redis = redis
        self._rules = json.dumps({field.name: getattr(rules, field.name) for field in fields(rules)})
        self._pipe = ScriptPipe(redis, SCRIPT, timeout_s)
        self._now_ms = now_ms

    def enter(self, term: int) -> None:
        """Makes the term part of what an epoch is bound to, as Redis's run id is."""
        self._term = term

    async def call(self, project_id: str, command: Command) -> Reply:
        """Carries out `command`; raises `LeaseUnavailable` within half a second when Redis does not answer."""
        words: dict[str, Any] = {
            "op": type(command).__name__.lower(),
            "command": _encoded(command),
            "project": project_id,
            "channel": f"{prefix(project_id)}ch",
        }
        if self._now_ms is not None:
            words["now"] = self._now_ms()

        def body(run: str) -> str:
            return f'{{"rules":{self._rules},{json.dumps(words | {"run": f"{run}/{self._term}"})[1:]}'

        return _reply(json.loads(await self._pipe.call(_keys(project_id), body)))

    async def events_after(self, project_id: str, event_id: int) -> list[StoreEvent]:
        """The last events after `event_id`; raises `LeaseUnavailable`."""
        try:
            entries: Any = await self._redis.xrange(f"{prefix(project_id)}ev", min=f"({event_id}-0")
        except (RedisError, OSError) as error:
            raise LeaseUnavailable from error
        return [decode_event(json.loads(entry[b"event"])) for _, entry in entries]

    async def close(self) -> None:
        """Ends the store's own connection."""
        await self._pipe.close()


@lru_cache(maxsize=1024)
def _keys(project_id: str) -> tuple[bytes, ...]:
    return tuple(f"{prefix(project_id)}{key}".encode() for key in KEYS)


def _encoded(command: Command) -> dict[str, Any]:
    words = {name: getattr(command, name) for name in FIELDS[type(command)]}
    if "fence" in words:
        words["fence"] = str(words["fence"])  # Lua's JSON knows numbers of 14 digits only
    return words


def decode_event(words: dict[str, Any]) -> StoreEvent:
    """An event as the script wrote it."""
    typed = {"id": int(words["id"]), "kind": Happening(words["kind"]), "fence": int(words.get("fence", 0))}
    if "mode" in words:
        typed["mode"] = Mode(words["mode"])
    return StoreEvent(**words | typed)


def _grant(words: dict[str, Any]) -> Grant:
    return Grant(
        **words
        | {
            "mode": Mode(words["mode"]),
            "state": State(words["state"]),
            "policy": Policy(words["policy"]),
            "fence": int(words["fence"]),
            "first": int(words["first"]),
        }
    )


def _waiter(words: dict[str, Any]) -> Waiter:
    return Waiter(**words | {"mode": Mode(words["mode"])})


def _blocker(words: dict[str, Any]) -> Blocker:
    return Blocker(**words | {"mode": Mode(words["mode"])})


DECODERS: dict[str, Callable[[Any], Any]] = {
    "blockers": _blocker,
    "grants": _grant,
    "waiters": _waiter,
    "events": decode_event,
    "cycle": str,
    "gone": str,
    "faults": str,
}


def _reply(words: dict[str, Any]) -> Reply:
    """Lua writes an empty list as an empty object; both are empty when iterated."""
    typed = {name: tuple(map(decode, words[name])) for name, decode in DECODERS.items() if name in words}
    grant = _grant(words["grant"]) if "grant" in words else None
    return Reply(**words | typed | {"status": Status(words["status"]), "grant": grant})
