from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crdt_docs.shapes.live import LiveConflict, LiveLease, LiveSession, read_live
from server.access import Kind, Principal
from server.leases import Lease, LeaseHeld, Resource
from server.sessions import Connected
from tests.support.gateway import Serving, serving
from tests.support.waiting import eventually

MAIN = Resource.of("git", "main")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "data") as server:
        yield server


async def join(server: Serving, project_id: str, name: str, kind: Kind = Kind.TERMINAL) -> Connected:
    user = await server.services.roles.ensure_user(name)
    await server.services.roles.set_role(project_id, user.id, "editor")
    principal = Principal(user.id, user.name, user.hue)
    return await server.services.sessions.connect(principal, project_id, kind=kind)


async def head(server: Serving, project_id: str) -> int:
    """How often the document has been written."""
    record = await server.services.documents.find(project_id, "live")
    if record is None:
        return 0
    async with server.services.rooms.hold(record.id) as room:
        await room.flushed()
    record = await server.services.documents.find(project_id, "live")
    assert record is not None
    return record.head


async def live(server: Serving, project_id: str) -> Any:
    """The document as it is now."""
    record = await server.services.documents.find(project_id, "live")
    assert record is not None
    async with server.services.rooms.hold(record.id) as room:
        return room.document().raw


async def sessions(server: Serving, project_id: str) -> dict[str, LiveSession]:
    if await server.services.documents.find(project_id, "live") is None:
        return {}
    return read_live(await live(server, project_id), LiveSession)


async def come(server: Serving, project_id: str, states: list[str]) -> dict[str, LiveSession]:
    """The sessions in the document, once their states are these."""
    return await eventually(
        lambda: sessions(server, project_id), lambda found: sorted(one.state for one in found.values()) == states
    )


async def test_it_says_who_is_here(server: Serving) -> None:
    """Sessions come, fall silent and go, with their role."""
    project = await server.project()
    ada, bob = await join(server, project.id, "ada"), await join(server, project.id, "bob", Kind.AGENT)
    found = await come(server, project.id, ["active", "active"])
    first, second = found[ada.session.id], found[bob.session.id]
    assert (first.user, first.kind, first.role) == ("ada", "terminal", "primary")
    assert (second.user, second.kind, second.role) == ("bob", "agent", "secondary")
    await server.services.sessions.disconnect(bob.session.id)
    await come(server, project.id, ["active", "disconnected"])
    await server.services.sessions.end(ada.session.id, by=Principal(ada.session.user_id, "ada", 0))
    await come(server, project.id, ["disconnected"])


async def test_it_says_what_is_held_and_contested(server: Serving) -> None:
    """Leases and open conflicts are in it, the role's lease is not; what is over is gone."""
    project, leases = await server.project(), server.services.leases
    ada, bob = await join(server, project.id, "ada"), await join(server, project.id, "bob")
    held = await leases.acquire(project.id, ada.session.id, MAIN)
    assert isinstance(held, Lease)
    with pytest.raises(LeaseHeld):
        await leases.acquire(project.id, bob.session.id, MAIN)
    await come(server, project.id, ["active", "active"])
    await server.services.live.tick()
    raw = await live(server, project.id)
    [(name, lease)] = read_live(raw, LiveLease).items()
    assert (name, lease.session, lease.user, lease.mode, lease.fence) == (
        "git:main",
        ada.session.id,
        "ada",
        "x",
        held.fence,
    )
    assert list(read_live(raw, LiveConflict).values()) == [LiveConflict("resource_lock", "git:main", "notified")]
    await leases.release(project.id, ada.session.id, MAIN, held.fence)
    await leases.acquire(project.id, bob.session.id, MAIN)
    await server.services.live.tick()
    raw = await live(server, project.id)
    assert [lease.user for lease in read_live(raw, LiveLease).values()] == ["bob"]
    assert read_live(raw, LiveConflict) == {}


async def test_signs_of_life_write_nothing(server: Serving) -> None:
    """Neither a heartbeat nor looking again changes the document."""
    project = await server.project()
    ada = await join(server, project.id, "ada")
    await server.services.leases.acquire(project.id, ada.session.id, MAIN)
    await come(server, project.id, ["active"])
    await server.services.live.tick()
    before = await head(server, project.id)
    for _ in range(50):
        server.services.sessions.beat(ada.session.id)
        server.services.live.changed(project.id)
        await server.services.live.tick()
    assert await head(server, project.id) == before


async def test_a_burst_is_one_edit(server: Serving) -> None:
    """However much happens before the writer looks, it writes once; what came and went is not written at all."""
    project, leases = await server.project(), server.services.leases
    ada = await join(server, project.id, "ada")
    await come(server, project.id, ["active"])
    await server.services.live.stop()
    before = await head(server, project.id)
    for number in range(20):
        lease = await leases.acquire(project.id, ada.session.id, Resource.of("git", f"b{number}"))
        assert isinstance(lease, Lease)
        if number % 2:
            await leases.release(project.id, ada.session.id, lease.resource, lease.fence)
    await server.services.live.tick()
    assert await head(server, project.id) == before + 1
    assert len(read_live(await live(server, project.id), LiveLease)) == 10


async def test_a_restart_puts_it_right(tmp_path: Path) -> None:
    """What a former process left in the document and is not so any more is taken out at the start."""
    async with serving(tmp_path / "data") as server:
        project = await server.project()
        ada = await join(server, project.id, "ada")
        await server.services.leases.acquire(project.id, ada.session.id, MAIN)
        await come(server, project.id, ["active"])
    async with serving(tmp_path / "data") as server:
        found = await come(server, project.id, ["disconnected"])
        assert list(found) == [ada.session.id]
        assert read_live(await live(server, project.id), LiveLease) == {}


async def test_a_deleted_project_is_left_alone(server: Serving) -> None:
    """Its sessions end, and nobody writes to its document."""
    project = await server.project()
    await join(server, project.id, "ada")
    await come(server, project.id, ["active"])
    await server.services.projects.delete(project.id)
    await server.services.sessions.settled()
    before = await head(server, project.id)
    await server.services.live.tick()
    assert await head(server, project.id) == before


async def test_it_is_for_who_may_read_it(server: Serving) -> None:
    """A member reads it over REST; a stranger is told that there is nothing."""
    project = await server.project()
    await join(server, project.id, "ada")
    await come(server, project.id, ["active"])
    token = await server.member(project, "viewer")
    stranger = await server.member(await server.project("elsewhere"), "owner", "eve")
    for secret, status in ((token, 200), (stranger, 404)):
        async with server.client({"Authorization": f"Bearer {secret}"}) as client:
            answer = await client.get("/api/v1/documents/acme/live", params={"format": "json"})
            assert answer.status_code == status
