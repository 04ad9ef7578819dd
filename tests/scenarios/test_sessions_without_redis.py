"""Redis is configured, and gone: sessions go on, leases do not; when it is back, so are they, without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.access import Kind, Principal
from server.leases import (
    Lease,
    LeaseReleased,
    LeasesAvailable,
    LeasesUnavailable,
    LeaseUnavailable,
    NoSession,
    Resource,
)
from server.sessions import SessionRole
from tests.support.gateway import Serving, serving
from tests.support.redis import redis_server
from tests.support.waiting import eventually, until

MAIN = Resource.of("git", "main")
PRIMARY, SECONDARY = SessionRole


async def join(server: Serving, name: str) -> str:
    """The id of a new session of a new member."""
    project = await server.project()
    user = await server.services.roles.ensure_user(name)
    await server.services.roles.set_role(project.id, user.id, "editor")
    principal = Principal(user.id, user.name, user.hue)
    return (await server.services.sessions.connect(principal, project.id, kind=Kind.TERMINAL)).session.id


async def test_sessions_go_on_without_redis(tmp_path: Path) -> None:
    """Roles stay, new sessions come, text is edited, leases are refused; an empty Redis takes everything up again."""
    with redis_server("redis-6.2") as redis:
        async with serving(tmp_path / "data", redis_url=redis.url) as server:
            services, told = server.services, list[object]()
            for kind in (LeasesAvailable, LeasesUnavailable, LeaseReleased):
                services.events.subscribe(kind, told.append)
            project = await server.project()
            ada, bob = await join(server, "ada"), await join(server, "bob")

            async def roles() -> list[SessionRole]:
                return [(await services.sessions.get(id)).role for id in (ada, bob)]

            assert await roles() == [PRIMARY, SECONDARY]
            redis.kill()
            with pytest.raises(LeaseUnavailable):
                await services.leases.acquire(project.id, ada, MAIN)
            cy = await join(server, "cy")
            async with server.client() as client:
                path, new = "/api/v1/projects/acme/files/a.txt", {"If-None-Match": "*"}
                (await client.put(path, content=b"text", headers=new)).raise_for_status()
            await until(lambda: any(isinstance(event, LeasesUnavailable) for event in told))
            assert await roles() == [PRIMARY, SECONDARY]

            redis.empty()
            redis.start()
            await until(lambda: any(isinstance(event, LeasesAvailable) for event in told))

            async def obtained() -> Lease | None:
                for id in (ada, bob, cy):
                    services.sessions.beat(id)
                try:
                    return await services.leases.obtain(project.id, cy, MAIN, wait_s=30)
                except (LeaseUnavailable, NoSession):
                    return None

            assert await eventually(obtained, lambda lease: lease is not None)
            await services.sessions.end(ada, by=Principal("admin", "admin", 0))
            first = await eventually(lambda: services.sessions.get(bob), lambda session: session.role is PRIMARY)
            assert first.id == bob
