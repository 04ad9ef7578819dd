"""Leases over REST."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.leases import LeaseUnavailable
from server.projects import Project
from tests.support.clients import open_socket
from tests.support.control import control, control_url
from tests.support.gateway import Serving, serving

LEASES = "/api/v1/projects/acme/leases"
MAIN = {"lock_type": "git", "resource_id": "main"}


@dataclass(frozen=True)
class House:
    """A server, its project, and the tokens of `ada` (owner), `bob` (editor) and `vic` (viewer)."""

    server: Serving
    project: Project
    tokens: dict[str, str]

    async def call(self, who: str, method: str, url: str, **options: Any) -> httpx.Response:
        async with self.server.client({"Authorization": f"Bearer {self.tokens[who]}"}) as client:
            return await client.request(method, url, **options)

    async def take(self, who: str, **fields: Any) -> httpx.Response:
        return await self.call(who, "POST", LEASES, json=MAIN | fields)

    async def release(self, who: str, fence: Any, resource: str = "git/main") -> httpx.Response:
        return await self.call(who, "DELETE", f"{LEASES}/{resource}", params={"fence": fence})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving(tmp_path / "data") as server:
        project = await server.project()
        roles = {"ada": "owner", "bob": "editor", "vic": "viewer"}
        tokens = {name: await server.member(project, role, name) for name, role in roles.items()}
        yield House(server, project, tokens)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_taking_and_giving_back(house: House) -> None:
    """201 with the fence and the end; it is in the list until it is given back, and the next fence is greater."""
    first = await house.take("bob")
    assert first.status_code == 201, first.text
    lease = first.json()
    assert (lease["lock_type"], lease["resource_id"], lease["user"], lease["state"]) == ("git", "main", "bob", "held")
    assert lease["expires_at"] > lease["since"]
    listed = (await house.call("vic", "GET", LEASES)).json()
    assert [item["fence"] for item in listed["items"]] == [lease["fence"]]
    assert (await house.release("bob", lease["fence"])).status_code == 204
    assert (await house.call("vic", "GET", LEASES)).json()["items"] == []
    assert (await house.take("ada")).json()["fence"] > lease["fence"]


async def test_two_of_one_user_exclude_each_other(house: House) -> None:
    """Without a session each request is alone, also among those of one token; a repeated request is the same one."""
    first = await house.take("bob", request_id="r1")
    assert (await house.take("bob", request_id="r1")).json()["fence"] == first.json()["fence"]
    assert code(await house.take("bob")) == (409, "lease.held")


async def test_waiting(house: House) -> None:
    """With `wait_s` the answer comes when the lease is there, or says that it did not become free."""
    lease = (await house.take("bob")).json()
    assert code(await house.take("ada", wait_s=0.1)) == (409, "lease.timeout")
    headers = {"Authorization": f"Bearer {house.tokens['ada']}"}
    async with control(house.server.url, house.tokens["vic"]) as vic, house.server.client(headers) as client:
        waiting = asyncio.create_task(client.post(LEASES, json=MAIN | {"wait_s": 60}, timeout=60))
        await vic.hears("lock_queued", user_name="ada")
        listed = (await house.call("vic", "GET", LEASES)).json()
        assert [(place["user"], place["position"]) for place in listed["waiting"]] == [("ada", 1)]
        await house.release("bob", lease["fence"])
        answer = await waiting
    assert answer.status_code == 201
    assert answer.json()["fence"] > lease["fence"]


async def test_extending(house: House) -> None:
    """Its end is counted from now."""
    lease = (await house.take("bob", ttl_s=10)).json()
    longer = await house.call("bob", "POST", f"{LEASES}:extend", json=MAIN | {"fence": lease["fence"], "ttl_s": 600})
    assert longer.status_code == 200
    assert longer.json()["expires_at"] > lease["expires_at"]


async def test_refusals(house: House) -> None:
    """Held, not the owner, fenced and lost: each 409 with its code, and who is in the way."""
    lease = (await house.take("bob")).json()
    held = await house.take("ada")
    assert code(held) == (409, "lease.held")
    assert held.json()["waits_for"] == [lease["session_id"]]
    assert code(await house.release("ada", lease["fence"])) == (409, "lease.not_owner")
    assert code(await house.release("bob", lease["fence"] + 1)) == (409, "lease.fenced")
    await house.release("bob", lease["fence"])
    assert code(await house.release("bob", lease["fence"])) == (409, "lease.lease_lost")
    body = MAIN | {"fence": lease["fence"]}
    assert code(await house.call("bob", "POST", f"{LEASES}:extend", json=body)) == (409, "lease.lease_lost")
    assert code(await house.call("bob", "POST", f"{LEASES}:accept", json=body)) == (409, "lease.lease_lost")
    assert code(await house.call("bob", "POST", f"{LEASES}:cancel", json=MAIN)) == (409, "lease.not_waiting")


async def test_a_deadlock(house: House) -> None:
    """Whoever would close the circle is refused, and told who is in it."""
    url, ada, bob = house.server.url, house.tokens["ada"], house.tokens["bob"]
    async with control(url, ada) as one, control(url, bob) as two:
        await one.lock("one")
        await two.lock("two")
        await one.lock("two")
        body = {"lock_type": "git", "resource_id": "one", "wait_s": 60, "session_id": two.session_id}
        refused = await house.call("bob", "POST", LEASES, json=body)
    assert code(refused) == (409, "lease.deadlock")
    assert set(refused.json()["cycle"]) == {one.session_id, two.session_id}


@pytest.mark.parametrize(
    "bad",
    [
        {"lock_type": "weather"},
        {"lock_type": "role", "resource_id": "primary"},
        {"lock_type": "file", "resource_id": "../etc"},
        {"resource_id": ""},
        {"ttl_s": 0},
        {"ttl_s": 1e9},
        {"wait_s": -1},
        {"wait_s": 1e9},
        {"mode": "z"},
        {"request_id": "a|b"},
        {"ttl_s": "soon"},
    ],
)
async def test_malformed_requests(house: House, bad: dict[str, Any]) -> None:
    """422, whatever it is."""
    assert (await house.take("ada", **bad)).status_code == 422


@pytest.mark.parametrize("fence", ["", "0", "-1", "x", str(1 << 60)])
async def test_malformed_fences(house: House, fence: str) -> None:
    """422, with the lease untouched."""
    await house.take("ada")
    assert (await house.release("ada", fence)).status_code == 422
    assert len((await house.call("ada", "GET", LEASES)).json()["items"]) == 1


async def test_without_a_store(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and it may be tried again; over the control channel the same."""

    async def away(*_arguments: object) -> None:
        raise LeaseUnavailable

    async with control(house.server.url, house.tokens["ada"]) as ada:
        monkeypatch.setattr(type(house.server.services.leases._authority), "call", away)
        answer = await house.take("bob")
        assert code(answer) == (503, "lease.unavailable")
        assert answer.json()["retryable"] is True
        error = await ada.lock()
        assert (error["type"], error["code"], error["retryable"]) == ("error", "lease.unavailable", True)


async def test_sessions_of_others(house: House) -> None:
    """One's own session may be named; somebody else's is as good as none."""
    async with control(house.server.url, house.tokens["bob"]) as bob:
        lease = (await house.take("bob", session_id=bob.session_id)).json()
        assert lease["session_id"] == bob.session_id
        await bob.hears("lock_acquired", fence=lease["fence"])
        assert code(await house.take("ada", session_id=bob.session_id)) == (409, "lease.no_session")
        assert code(await house.take("ada", session_id="unknown")) == (409, "lease.no_session")
        assert (await house.release("bob", lease["fence"])).status_code == 204


async def test_rights(house: House) -> None:
    """Viewers look, editors take, owners stop everybody and steal; whoever may not see the project finds nothing."""
    assert (await house.take("vic")).status_code == 403
    assert (await house.take("bob", lock_type="project", resource_id="*")).status_code == 403
    lease = (await house.take("bob")).json()
    theft = MAIN | {"reason": "release day"}
    assert (await house.call("bob", "POST", f"{LEASES}:steal", json=theft)).status_code == 403
    stolen = await house.call("ada", "POST", f"{LEASES}:steal", json=theft)
    assert [item["fence"] for item in stolen.json()] == [lease["fence"]]
    assert code(await house.call("ada", "POST", f"{LEASES}:steal", json=theft)) == (404, "lease.not_found")
    house.tokens["eve"] = await house.server.member(await house.server.project("elsewhere"), "owner", "eve")
    assert (await house.call("eve", "GET", LEASES)).status_code == 404


async def test_only_what_overlaps(house: House) -> None:
    """`?lock_type=&resource_id=` leaves what has to do with it: a whole repository's lease with each branch."""
    for resource in ("main", "web:", "other"):
        assert (await house.take("bob", resource_id=resource)).status_code == 201
    answer = await house.call("vic", "GET", LEASES, params={"lock_type": "git", "resource_id": "web:main"})
    assert [item["resource_id"] for item in answer.json()["items"]] == ["web:"]


async def test_pages(house: House) -> None:
    """The list goes on where it stopped."""
    for number in range(3):
        await house.take("bob", resource_id=f"b{number}")
    first = (await house.call("vic", "GET", LEASES, params={"limit": 2})).json()
    rest = (await house.call("vic", "GET", LEASES, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    found = [item["resource_id"] for item in first["items"] + rest["items"]]
    assert (found, rest["next_cursor"]) == (["b0", "b1", "b2"], None)


async def test_those_who_wait_are_on_the_last_pages(house: House) -> None:
    """They follow the leases, in their order; each is listed once, with the place that it has."""
    url, ada = house.server.url, house.tokens["ada"]
    async with control(url, ada) as one, control(url, ada) as two, control(url, ada) as three:
        for resource in ("one", "two"):
            await one.lock(resource)
        await two.lock("one")
        await three.lock("one")
        found, query = [], {"limit": 1}
        while query.get("cursor") != "":
            page = (await house.call("vic", "GET", LEASES, params=query)).json()
            found += [*page["items"], *page["waiting"]]
            query = {"limit": 1, "cursor": page["next_cursor"] or ""}
    assert [(row["resource_id"], row.get("position")) for row in found] == [
        ("one", None),
        ("two", None),
        ("one", 1),
        ("one", 2),
    ]


async def test_roles_are_no_leases_to_see(house: House) -> None:
    """Who is primary is a lease inside: no list has it, and nobody can ask for it, give it back or steal it."""
    url, ada = house.server.url, house.tokens["ada"]
    async with control(url, ada) as one, control(url, house.tokens["bob"]) as two:
        assert (one.welcome["role"], two.welcome["role"]) == ("primary", "secondary")
        listed = (await house.call("ada", "GET", LEASES)).json()
        assert (listed["items"], listed["waiting"]) == ([], [])
        role = {"lock_type": "role", "resource_id": "primary"}
        assert (await house.call("ada", "GET", LEASES, params=role)).status_code == 422
        assert (await house.release("ada", 1, "role/primary")).status_code == 422
        theft = role | {"reason": "mine"}
        assert (await house.call("ada", "POST", f"{LEASES}:steal", json=theft)).status_code == 422
        mine = MAIN | {"session_id": f"{one.session_id}.role"}
        assert code(await house.call("ada", "POST", LEASES, json=mine)) == (409, "lease.no_session")
        refused = await one.ask("lock_release", resource_id="primary", fence=1)
        assert (refused["type"], refused["code"]) == ("error", "lease.lease_lost")
        assert (await one.lock("primary", "role"))["code"] == "lease.invalid_resource"
        assert not [event for event in one.said if event.get("lock_type") == "role"]


async def test_as_many_as_there_may_be(tmp_path: Path) -> None:
    """409 with a code of its own, over REST and the control channel, until something is given back."""
    limits = {"leases_per_session": 1, "leases_per_project": 2}
    async with serving(tmp_path / "data", limits) as server:
        project = await server.project()
        house = House(server, project, {"bob": await server.member(project, "editor", "bob")})
        async with control(server.url, house.tokens["bob"]) as bob:
            held = await bob.lock("one")
            refused = await bob.lock("two")
            assert (refused["type"], refused["code"], refused["retryable"]) == (
                "lock_refused",
                "lease.too_many",
                False,
            )
            assert "session" in refused["message"]
            assert (await house.take("bob")).status_code == 201
            answer = await house.take("bob", resource_id="other")
            assert code(answer) == (409, "lease.too_many")
            assert "project" in answer.json()["detail"]
            await bob.release(held)
            assert (await bob.lock("two"))["type"] == "lock_acquired"


async def test_the_times_of_who_does_not_say(tmp_path: Path) -> None:
    """How long a lease lives, and how long one waits for it, is a setting."""
    async with serving(tmp_path / "data", lock_default_ttl_s=60, lock_wait_timeout_s=1) as server:
        project = await server.project()
        house = House(server, project, {"bob": await server.member(project, "editor", "bob")})
        lease = (await house.take("bob")).json()
        assert 59 < (moment(lease["expires_at"]) - moment(lease["since"])).total_seconds() <= 61
        async with control(server.url, house.tokens["bob"]) as bob:
            assert (await bob.lock())["type"] == "lock_queued"
            await bob.hears("lock_refused", reason="timeout")


async def test_visitors_are_not_one(tmp_path: Path) -> None:
    """Who did not sign in has leases of their own, by address; a session's leases are asked for on its own socket."""
    proxied = {"trusted_proxies": ("127.0.0.1/32",), "anonymous_role": "editor"}
    async with serving(tmp_path / "data", **proxied) as server:
        await server.project()
        one, two = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2))
        async with server.client(one) as ada, server.client(two) as bob:
            lease = (await ada.post(LEASES, json=MAIN)).json()
            held = {"lock_type": "git", "resource_id": "main", "fence": lease["fence"]}
            assert code(await bob.post(f"{LEASES}:extend", json=held)) == (409, "lease.not_owner")
            released = await bob.delete(f"{LEASES}/git/main", params={"fence": lease["fence"]})
            assert code(released) == (409, "lease.not_owner")
            assert (await ada.post(f"{LEASES}:extend", json=held)).status_code == 200
            async with open_socket(control_url(server.url), additional_headers=one) as socket:
                session = json.loads(await socket.recv())["session_id"]
                other = {"lock_type": "git", "resource_id": "other", "session_id": session}
                assert code(await bob.post(LEASES, json=other)) == (409, "lease.no_session")
            released = await ada.delete(f"{LEASES}/git/main", params={"fence": lease["fence"]})
            assert released.status_code == 204


async def test_administration(house: House) -> None:
    """For administrators: the indices agree; alone, a node has nothing to take over."""
    await house.take("bob")
    async with house.server.client() as admin:
        audit = await admin.get("/api/v1/admin/leases/audit", params={"project": "acme"})
        assert audit.json() == {"ok": True, "faults": [], "node": ""}
        assert code(await admin.post("/api/v1/admin/leases:takeover")) == (409, "lease.owner_changed")
        assert code(await admin.post("/api/v1/admin/leases:give-back")) == (409, "lease.owner_changed")
    for method, path in (("POST", ":takeover"), ("POST", ":give-back"), ("GET", "/audit")):
        assert (await house.call("ada", method, f"/api/v1/admin/leases{path}")).status_code in (403, 404)
