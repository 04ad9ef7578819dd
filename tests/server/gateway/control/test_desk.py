from __future__ import annotations

from typing import Any

import pytest

from tests.server.gateway.control.conftest import House
from tests.support.control import control, named


async def test_a_lease_is_handed_over_with_its_fence(house: House) -> None:
    """The second in the queue is offered it the moment it is free, accepts, and has a greater fence."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        first = await ada.lock(request_id="r1")
        assert (first["type"], first["session_id"], first["request_id"]) == ("lock_acquired", ada.session_id, "r1")
        queued = await bob.lock()
        assert (queued["type"], queued["position"], queued["waits_for"]) == ("lock_queued", 1, [ada.session_id])
        released = await ada.release(first)
        assert (released["type"], released["held"]) == ("lock_released", False)
        offer = await bob.hears("lock_offered")
        second = await bob.ask("lock_accept", **named(offer), fence=offer["fence"])
        assert second["type"] == "lock_acquired"
        assert second["fence"] > first["fence"]


async def test_everybody_is_told_and_the_asker_once(house: House) -> None:
    """Others get events, numbered upwards; whoever asked gets the answer instead."""
    async with control(house.url, house.ada) as ada, control(house.url, house.vic) as vic:
        lease = await ada.lock()
        await ada.release(lease)
        await vic.hears("lock_released", fence=lease["fence"], session_id=ada.session_id, user_name="ada")
        ids = [event["event_id"] for event in vic.events("lock_acquired", "lock_released")]
        assert len(ids) == 2
        assert ids == sorted(ids)
        await ada.ask("ping")
        assert ada.events("lock_acquired", "lock_released") == []


async def test_a_repeated_request_is_answered_the_same(house: House) -> None:
    """A client that has missed the answer asks again, and does not get it twice."""
    async with control(house.url, house.ada) as ada:
        first, again = await ada.lock(request_id="r1"), await ada.lock(request_id="r1")
        assert first["fence"] == again["fence"]
        assert (await ada.release(first))["held"] is False


async def test_a_lease_taken_twice_is_given_back_twice(house: House) -> None:
    """Until then the session has it."""
    async with control(house.url, house.ada) as ada:
        lease = await ada.lock()
        await ada.lock()
        assert (await ada.release(lease))["held"] is True
        assert (await ada.release(lease))["held"] is False


async def test_leaving_the_queue(house: House) -> None:
    """A waiter that cancels is not offered anything."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        lease = await ada.lock()
        await bob.lock()
        assert (await bob.ask("lock_cancel", lock_type="git", resource_id="main"))["type"] == "lock_cancelled"
        await ada.release(lease)
        await bob.ask("ping")
        assert not bob.events("lock_offered")


async def test_what_is_one_s_own_needs_no_type(house: House) -> None:
    """Releasing names a lease by its id alone, or as on the command line."""
    async with control(house.url, house.ada) as ada:
        for name in ("main", "git:main"):
            lease = await ada.lock()
            released = await ada.ask("lock_release", resource_id=name, fence=lease["fence"])
            assert (released["type"], released["lock_type"]) == ("lock_released", "git")
        assert (await ada.ask("lock_request", resource_id="database:orders"))["type"] == "lock_acquired"
        assert (await ada.ask("lock_request", resource_id="main"))["code"] == "lease.invalid_resource"
        assert (await ada.ask("lock_release", resource_id="none", fence=1))["code"] == "lease.lease_lost"


MALFORMED: list[dict[str, Any]] = [
    {"lock_type": "weather"},
    {"lock_type": "role", "resource_id": "primary"},
    {"lock_type": "file", "resource_id": "../etc"},
    {"lock_type": "file", "resource_id": ""},
    {"ttl_s": 0},
    {"ttl_s": 1e9},
    {"ttl_s": "soon"},
    {"wait_s": -1},
    {"wait_s": 1e9},
    {"mode": "z"},
    {"request_id": "a|b"},
]


@pytest.mark.parametrize("bad", MALFORMED)
async def test_malformed_requests(house: House, bad: dict[str, Any]) -> None:
    """Each is refused as malformed, with nothing changed."""
    async with control(house.url, house.ada) as ada:
        answer = await ada.ask("lock_request", **({"lock_type": "git", "resource_id": "main"} | bad))
        assert answer["type"] == "error"
        assert answer["code"] in ("lease.invalid", "lease.invalid_resource", "request.invalid")
        assert answer["retryable"] is False


async def test_refusals(house: House) -> None:
    """Held, not the owner, fenced and lost: each has its code."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        lease = await ada.lock()
        held = await bob.lock(wait_s=0)
        assert (held["type"], held["code"], held["waits_for"]) == ("lock_refused", "lease.held", [ada.session_id])
        assert (await bob.release(lease))["code"] == "lease.not_owner"
        assert (await ada.ask("lock_release", **named(lease), fence=lease["fence"] + 1))["code"] == "lease.fenced"
        assert (await ada.ask("lock_release", **named(lease), fence=0))["code"] == "lease.invalid"
        await ada.release(lease)
        assert (await ada.release(lease))["code"] == "lease.lease_lost"
        assert (await ada.ask("lock_renew", **named(lease), fence=lease["fence"]))["code"] == "lease.lease_lost"
        assert (await ada.ask("lock_cancel", **named(lease)))["code"] == "lease.not_waiting"


async def test_a_deadlock_is_refused(house: House) -> None:
    """Whoever would close the circle is told who is in it."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        await ada.lock("one")
        await bob.lock("two")
        await ada.lock("two")
        refusal = await bob.lock("one")
        assert (refusal["type"], refusal["code"]) == ("lock_refused", "lease.deadlock")
        assert set(refusal["cycle"]) == {ada.session_id, bob.session_id}


async def test_a_stolen_lease(house: House) -> None:
    """Its holder hears of it with the reason, and what it does with the fence afterwards is refused."""
    async with control(house.url, house.bob) as bob, house.server.client() as admin:
        lease = await bob.lock()
        body = named(lease) | {"reason": "release day"}
        await admin.post("/api/v1/projects/acme/leases:steal", json=body)
        await bob.hears("lock_stolen", fence=lease["fence"], reason="release day")
        assert (await bob.release(lease))["code"] == "lease.lease_lost"


async def test_asking_the_holder(house: House) -> None:
    """The holder hears who asks for what; a viewer may not ask, and nobody is asked for what nobody has."""
    async with (
        control(house.url, house.ada) as ada,
        control(house.url, house.bob) as bob,
        control(house.url, house.vic) as vic,
    ):
        lease = await ada.lock()
        about = {"session_id": bob.session_id, "user_name": "bob", "sessions": [ada.session_id]} | named(lease)
        answer = await bob.ask("lock_ask", **named(lease))
        assert answer["type"] == "lock_asked"
        assert about.items() <= answer.items()
        await ada.hears("lock_asked", **about)
        assert not bob.events("lock_asked")
        assert (await vic.ask("lock_ask", **named(lease)))["code"] == "access.denied"
        assert (await ada.ask("lock_ask", **named(lease)))["code"] == "lease.not_found"


async def test_rights_to_leases(house: House) -> None:
    """Viewers take none; editors take what they may change; only who administers leases stops everybody."""
    async with (
        control(house.url, house.ada) as ada,
        control(house.url, house.bob) as bob,
        control(house.url, house.vic) as vic,
    ):
        assert (await vic.lock())["code"] == "access.denied"
        assert (await bob.lock())["type"] == "lock_acquired"
        assert (await bob.lock("*", "project"))["code"] == "access.denied"
        assert (await bob.lock("*", "exclusive"))["code"] == "access.denied"
        assert (await ada.lock("x", "exclusive"))["type"] == "lock_queued"


async def test_leases_on_files_one_may_not_read(house: House) -> None:
    """Neither taken nor heard of, nor are cursors in them; the rest is."""
    async with house.server.client() as admin:
        for path in ("open.txt", "secret.txt"):
            url = f"/api/v1/projects/acme/files/{path}"
            await admin.put(url, content=b"text", headers={"If-None-Match": "*"})
        grant = {"user": "bob", "resource": "file/secret.txt", "actions": ["read"], "effect": "deny"}
        answer = await admin.post("/api/v1/projects/acme/grants", json=grant)
        assert answer.status_code == 201, answer.text
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        assert (await bob.lock("secret.txt", "file"))["type"] == "error"
        await ada.lock("secret.txt", "file")
        await ada.socket.send('{"type": "cursor", "file_path": "secret.txt", "line": 3}')
        await ada.socket.send('{"type": "cursor", "file_path": "open.txt", "line": 4, "column": 2}')
        await bob.hears("cursor", file_path="open.txt", line=4, column=2, session_id=ada.session_id)
        await ada.lock("open.txt", "file")
        await bob.hears("lock_acquired", resource_id="open.txt")
        assert "secret" not in str(bob.events("lock_acquired", "cursor"))
        assert not ada.events("cursor")


async def test_topics(house: House) -> None:
    """Only what one subscribes to; what concerns one's own session always."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        assert (await bob.ask("subscribe", topics=["sessions"]))["topics"] == ["sessions"]
        lease = await ada.lock()
        assert (await bob.lock())["type"] == "lock_queued"
        await ada.release(lease)
        await bob.hears("lock_offered")
        assert not bob.events("lock_acquired", "lock_released")


async def test_a_conflict_is_told_and_resolved(house: House) -> None:
    """A refusal becomes a conflict, which whoever is concerned says is settled."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        await ada.lock()
        await bob.lock(wait_s=0)
        conflict = await ada.hears("conflict_detected", resource="git:main", conflict_type="resource_lock")
        assert set(conflict["sessions"]) == {ada.session_id, bob.session_id}
        id = conflict["conflict_id"]
        answer = await bob.ask("conflict_resolved", conflict_id=id, resolution="after lunch")
        assert (answer["type"], answer["state"], answer["resolution"]) == (
            "conflict_updated",
            "resolved",
            "after lunch",
        )
        await ada.hears("conflict_updated", conflict_id=id, state="resolved")


async def test_moving_files_is_told(house: House) -> None:
    """The tree is another."""
    async with control(house.url, house.ada) as ada, house.server.client() as admin:
        files = "/api/v1/projects/acme/files"
        await admin.put(f"{files}/a.txt", content=b"text", headers={"If-None-Match": "*"})
        await admin.post(f"{files}:move", json={"from": "a.txt", "to": "b.txt"})
        await ada.hears("file_changed", change_type="moved")


BAD_TIMES = [{"ttl_s": 0}, {"ttl_s": 1e9}, {"wait_s": -1}, {"wait_s": 1e9}]
BAD_RESOURCES = [
    {"resource_id": ""},
    {"lock_type": "weather"},
    {"lock_type": "role", "resource_id": "primary"},
    {"lock_type": "file", "resource_id": "../etc"},
    {"lock_type": "database", "resource_id": "a/b"},
    {"lock_type": None, "resource_id": "weather:main"},
]
BAD_FORMS = [{"ttl_s": "soon"}, {"mode": "z"}, {"policy": "keep"}, {"resource_id": 7}, {"request_id": "x" * 200}]


@pytest.mark.parametrize(
    ("type", "fields", "code"),
    [
        *(("lock_request", fields, "lease.invalid") for fields in (*BAD_TIMES, {"request_id": "a|b"})),
        *(("lock_request", fields, "lease.invalid_resource") for fields in BAD_RESOURCES),
        *(("lock_request", fields, "request.invalid") for fields in BAD_FORMS),
        *(("lock_release", {"fence": fence}, "lease.invalid") for fence in (0, -1, 1 << 60)),
        *(("lock_release", {"fence": fence}, "request.invalid") for fence in (None, "x", 1.5)),
        ("lock_renew", {"fence": 1, "ttl_s": 0}, "lease.invalid"),
        ("lock_accept", {}, "request.invalid"),
        ("lock_release", {"fence": 1}, "lease.fenced"),
        ("lock_renew", {"fence": 1}, "lease.fenced"),
        ("lock_release", {"fence": 1, "resource_id": "other"}, "lease.lease_lost"),
        ("lock_renew", {"fence": 1, "resource_id": "other"}, "lease.lease_lost"),
        ("lock_accept", {"fence": 1, "resource_id": "other"}, "lease.lease_lost"),
        ("lock_cancel", {}, "lease.not_waiting"),
        ("lock_request", {"session_id": "another"}, "control.foreign_session"),
        ("file_change", {}, "control.unknown_type"),
        ("task_result", {}, "control.unknown_type"),
        ("task_progress", {}, "control.unknown_type"),
        ("folder_grant", {}, "control.unknown_type"),
    ],
)
async def test_what_is_asked_wrongly_changes_nothing(
    house: House, type: str, fields: dict[str, Any], code: str
) -> None:
    """Each misuse has its code, and the holder of the lease still has it."""
    async with control(house.url, house.ada) as ada:
        lease = await ada.lock()
        answer = await ada.ask(type, **{"lock_type": "git", "resource_id": "main"} | fields)
        assert (answer["type"], answer["code"], answer["retryable"]) == ("error", code, False)
        renewed = await ada.ask("lock_renew", **named(lease), fence=lease["fence"])
        assert (renewed["type"], renewed["fence"]) == ("lock_renewed", lease["fence"])


async def test_the_lease_of_another(house: House) -> None:
    """It is not one's own to give back, to renew or to accept, whatever its fence."""
    async with control(house.url, house.ada) as ada, control(house.url, house.bob) as bob:
        lease = await ada.lock()
        for type in ("lock_release", "lock_renew", "lock_accept"):
            answer = await bob.ask(type, **named(lease), fence=lease["fence"])
            assert (answer["type"], answer["code"]) == ("error", "lease.not_owner")
