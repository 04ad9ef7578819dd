"""`atrium token create` and `atrium token revoke`: for whoever has the data directory in hand.

They work on the database, so the server may be running or not; a running one notices within seconds.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import timedelta

from server.access.errors import UnknownProject
from server.access.model import FindProject, Role, ServerRole
from server.access.role_service import RoleService
from server.access.token_service import TokenService
from server.access.verifier import TokenVerifier
from server.kit.clock import SystemClock
from server.kit.database import Database
from server.kit.errors import Invalid, NotFound
from server.kit.events import EventBus

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=3650)


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    storage: argparse.ArgumentParser,
    run: Callable[..., int],
) -> None:
    """Adds `token create` and `token revoke`.

    Each sets `run` as given, and `work`: what `run` is to do with an open, migrated database.
    """
    token = commands.add_parser("token", help="make and revoke access tokens")
    verbs = token.add_subparsers(required=True, metavar="COMMAND")
    create = verbs.add_parser("create", parents=[storage], help="make a token and print it")
    create.add_argument("--user", required=True, metavar="NAME", help="whom it is for; created if need be")
    create.add_argument("--role", choices=[*ServerRole], help="with --project there, else on every project")
    create.add_argument("--project", metavar="SLUG", help="make the user a member of this project (editor by default)")
    create.add_argument("--expires", type=duration, metavar="90d", help="days (d), hours (h) or minutes (m)")
    create.set_defaults(run=run, work=create_token)
    revoke = verbs.add_parser("revoke", parents=[storage], help="end a token and all that it opened")
    revoke.add_argument("id", metavar="ID", help="the third part of the token: atr_pat_ID_…")
    revoke.set_defaults(run=run, work=revoke_token)


async def create_token(
    database: Database, events: EventBus, options: argparse.Namespace, find_project: FindProject
) -> None:
    """Prints a new personal token of `options.user`, alone, after giving them the role.

    Raises `UnknownProject`, `InvalidUser`, `LastOwner`, `Invalid`.
    """
    project_id = await _project_id(options, find_project)
    clock = SystemClock()
    roles = RoleService(database, events, clock)
    user = await roles.ensure_user(options.user)
    if project_id is not None:
        await roles.set_role(project_id, user.id, Role(options.role or Role.EDITOR))
    elif options.role is not None:
        await roles.set_server_role(user, ServerRole(options.role))
    tokens = TokenService(database, events, clock, TokenVerifier(database, clock))
    issued = await tokens.create_for(user, "atrium token create", lifetime=options.expires)
    print(issued.text)


async def revoke_token(
    database: Database, events: EventBus, options: argparse.Namespace, _find_project: FindProject
) -> None:
    """Revokes the token `options.id`; raises `TokenNotFound`."""
    clock = SystemClock()
    await TokenService(database, events, clock, TokenVerifier(database, clock)).revoke(options.id)


def duration(text: str) -> timedelta:
    """`90d`, `12h` or `30m`; raises `ArgumentTypeError`."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([mhd])", text)
    length = int(match[1]) * UNITS[match[2]] if match else None
    if length is None or length > LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration like 90d, 12h or 30m, of at most 3650d")
    return length


async def _project_id(options: argparse.Namespace, find_project: FindProject) -> str | None:
    if options.project is None:
        return None
    if options.role == ServerRole.ADMIN:
        raise Invalid("The role admin is for the whole server: leave out --project, or give owner, editor or viewer.")
    try:
        return await find_project(options.project)
    except NotFound:
        raise UnknownProject(
            f"There is no project {options.project!r} in this data directory: check --data-dir, or create the project "
            "in the web editor or with POST /api/v1/projects first."
        ) from None
