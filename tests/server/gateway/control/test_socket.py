from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.server.gateway.control.conftest import House
from tests.support.clients import open_socket
from tests.support.control import control, control_url, refused
from tests.support.waiting import PATIENCE_S


async def test_a_welcome(house: House) -> None:
    """Who comes in is told their session, role and how to come back."""
    async with control(house.url, house.ada, kind="terminal", name="make") as ada:
        assert ada.welcome["type"] == "welcome"
        assert ada.welcome["role"] == "primary"
        assert ada.welcome["heartbeat_s"] == 15
        assert ada.welcome["user"]["name"] == "ada"
        assert ada.welcome["kind"] == "terminal"
        assert ada.welcome["resume_token"]
        assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_ticket_lets_in(house: House) -> None:
    """As for sync sockets: a one-time ticket of the project as a subprotocol."""
    headers = {"Authorization": f"Bearer {house.ada}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers) as http:
        ticket = (await http.post("/api/v1/tickets", json={"project": "acme"})).json()["ticket"]
    protocols = ["atrium.v1", f"atrium.ticket.{ticket}"]
    async with open_socket(control_url(house.url), subprotocols=protocols) as socket:
        assert json.loads(await socket.recv())["type"] == "welcome"


async def test_who_is_not_welcome(house: House) -> None:
    """Without a token, project, or right to read it, the socket closes with the code for it."""
    stranger = await house.server.member(await house.server.project("elsewhere"), "owner", "eve")
    assert await refused(house.url, None) == 4401
    assert await refused(house.url, "nonsense") == 4401
    assert await refused(house.url, stranger) == 4404
    assert await refused(house.url, house.ada, project="nowhere") == 4404
    assert await refused(house.url, house.ada, project="") == 4400


async def test_the_resume_token_brings_back_the_session(house: House) -> None:
    """With it the same session goes on; somebody else's, an unknown one and another project's are refused."""
    async with control(house.url, house.ada) as ada:
        token, id = ada.welcome["resume_token"], ada.session_id
    assert await refused(house.url, house.bob, resume=token) == 4401
    assert await refused(house.url, house.ada, resume="unknown") == 4401
    await house.server.project("other")
    async with control(house.url, house.ada, resume=token) as ada:
        assert (ada.session_id, ada.welcome["resumed"]) == (id, True)


async def test_one_connection_for_each_session(house: House) -> None:
    """Who resumes a session that is connected takes it over: the older socket closes with 4409."""
    async with (
        control(house.url, house.ada) as old,
        control(house.url, house.ada, resume=old.welcome["resume_token"]) as new,
    ):
        assert await old.closed() == 4409
        assert new.session_id == old.session_id
        assert (await new.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize(
    ("sent", "code", "ref"),
    [
        ("{", "control.malformed", None),
        ("[]", "control.malformed", None),
        ("[" * 60_000, "control.malformed", None),
        ('{"id": "1"}', "control.malformed", "1"),
        ('{"type": "dance", "id": "1"}', "control.unknown_type", "1"),
        ('{"type": 7, "id": 2}', "control.unknown_type", 2),
        ('{"type": "lock_request", "id": "1"}', "request.invalid", "1"),
        ('{"type": "lock_request", "id": "1", "resource_id": "main", "mode": "z"}', "request.invalid", "1"),
        ('{"type": "ping", "id": "1", "session_id": "another"}', "control.foreign_session", "1"),
        ('{"type": "subscribe", "id": "1", "topics": ["weather"]}', "request.invalid", "1"),
        ('{"type": "cursor", "id": "1", "file_path": "../x", "line": 1}', "not_found", "1"),
        ('{"type": "conflict_resolved", "id": "1", "conflict_id": "x"}', "conflict.not_found", "1"),
        ('{"type": "switch", "id": "1", "project": "nowhere"}', "not_found", "1"),
    ],
)
async def test_what_is_wrong_with_a_message_is_told(house: House, sent: str, code: str, ref: Any) -> None:
    """Each fault has its code, the sender's reference, and costs nobody the connection."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        await ada.socket.send(sent)
        error = await ada.ask("ping") and next(message for message in ada.said if message["type"] == "error")
        assert (error["code"], error.get("ref"), error["retryable"]) == (code, ref, False)
        assert error["message"]
        assert (await bob.ask("ping"))["type"] == "pong"
        assert not bob.events("error")


@pytest.mark.parametrize(("sent", "code"), [("x" * 70_000, 1009), (b"binary", 1003), (b"x" * 70_000, 1009)])
async def test_what_no_message_is_ends_the_socket(house: House, sent: str | bytes, code: int) -> None:
    """More than 64 KiB, or bytes instead of text; others notice nothing."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        with suppress(ConnectionClosed):
            await ada.socket.send(sent)
        assert await ada.closed() == code
        assert (await bob.ask("ping"))["type"] == "pong"


async def test_losing_the_project_closes(house: House) -> None:
    """Who may not read it any more is out with 4403; the others stay."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        await house.server.leave(house.project, "bob")
        assert await bob.closed() == 4403
        assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_revoked_token_closes(house: House) -> None:
    """What was opened with it ends with 4401."""
    async with control(house.url, house.bob) as bob:
        await house.server.services.tokens.revoke(house.bob.split("_")[2])
        assert await bob.closed() == 4401


async def test_a_deleted_project_closes(house: House) -> None:
    """There is nothing left to be in."""
    async with control(house.url, house.bob) as bob, house.server.client() as admin:
        await admin.delete("/api/v1/projects/acme")
        assert await bob.closed() in (4403, 4404)


async def test_an_ended_session_closes(house: House) -> None:
    """Somebody else has ended it: 4409, and its resume token is of no use any more."""
    async with control(house.url, house.bob) as bob, house.server.client() as admin:
        answer = await admin.delete(f"/api/v1/projects/acme/sessions/{bob.session_id}")
        assert answer.status_code == 204, answer.text
        assert await bob.closed() == 4409
        assert await refused(house.url, house.bob, resume=bob.welcome["resume_token"]) == 4401


async def test_leaving_in_order(house: House) -> None:
    """`leave` ends the session, and frees what it held at once."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        lease = await bob.lock()
        assert (await bob.ask("leave"))["type"] == "left"
        assert await bob.closed() == 1000
        await ada.hears("lock_released", fence=lease["fence"])
        await ada.hears("session_ended", session_id=bob.session_id)
        assert (await ada.lock(wait_s=0))["type"] == "lock_acquired"


async def test_a_lost_connection_keeps_the_lease(house: House) -> None:
    """It goes on with the same fence when its session is back."""
    async with control(house.url, house.bob) as bob:
        lease = await bob.lock()
    async with control(house.url, house.bob, resume=bob.welcome["resume_token"]) as bob:
        again = await bob.ask("lock_renew", lock_type="git", resource_id="main", fence=lease["fence"])
        assert again["type"] == "lock_renewed"


async def test_switching_projects(house: House) -> None:
    """The session of the other project answers; back again, the first one goes on with what it held."""
    other = await house.server.project("other")
    await house.server.member(other, "editor", "bob")
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        first, lease = bob.session_id, await bob.lock()
        there = await bob.ask("switch", project="other")
        assert (there["type"], there["project"], there["session_id"] != first) == ("welcome", "other", True)
        await ada.hears("session_disconnected", session_id=first)
        back = await bob.ask("switch", project="acme")
        assert (back["session_id"], back["resumed"]) == (first, True)
        renewed = await bob.ask("lock_renew", lock_type="git", resource_id="main", fence=lease["fence"])
        assert renewed["type"] == "lock_renewed"


async def test_many_messages_at_once(house: House) -> None:
    """What is pipelined is answered in order, each once."""
    async with control(house.url, house.ada) as ada:
        for number in range(300):
            await ada.socket.send(json.dumps({"type": "ping", "id": number}))
        await asyncio.wait_for(ada.hears_pongs(300), PATIENCE_S)
        assert [message["ref"] for message in ada.said] == list(range(300))
