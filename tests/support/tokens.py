"""Tokens made beside a running server, as `atrium token create` does, without the seconds that a process takes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from server.access import Role, RoleService, TokenService, TokenVerifier
from server.kit.clock import SystemClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.projects import ProjectService


def new_token(database_url: str, project: str, role: str, user: str) -> str:
    """A token of `user`, who has `role` in `project` from now on; also from within a running event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_new_token(database_url, project, role, user))).result()


async def _new_token(database_url: str, project: str, role: str, user: str) -> str:
    database, events, clock = Database(database_url), EventBus(), SystemClock()
    try:
        roles = RoleService(database, events, clock)
        member = await roles.ensure_user(user)
        project_id = await ProjectService(database, events, clock, roles=roles).find_id(project)
        await roles.set_role(project_id, member.id, Role(role))
        tokens = TokenService(database, events, clock, TokenVerifier(database, clock))
        return (await tokens.create_for(member, "test")).text
    finally:
        database.close()
