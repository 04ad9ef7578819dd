"""`atrium sessions`: who is connected, as the database has it.

It works on the database, so the server may be running or not.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from server.access import FindProject
from server.kit.database import Database
from server.kit.events import EventBus
from server.sessions import store
from server.sessions.session import LiveSession

HEAD = ("SESSION", "USER", "KIND", "ROLE", "STATE", "SINCE", "NAME")


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    storage: argparse.ArgumentParser,
    run: Callable[..., int],
) -> None:
    """Adds `sessions`; it sets `run` as given, and `work`: what `run` is to do with an open database."""
    command = commands.add_parser("sessions", parents=[storage], help="list the sessions that have not ended")
    command.add_argument("--project", metavar="SLUG", help="only those in this project")
    command.set_defaults(run=run, work=list_sessions)


async def list_sessions(
    database: Database, _events: EventBus, options: argparse.Namespace, find_project: FindProject
) -> None:
    """Prints one line for each session, the oldest first; raises `NotFound` for an unknown project."""
    project_id = await find_project(options.project) if options.project else None
    found = await database.read(lambda db: store.page(db, project_id, "", None))
    lines = [HEAD, *map(_line, found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _line(session: LiveSession) -> tuple[str, ...]:
    since = session.since.isoformat(timespec="seconds")
    # A name is whatever its client says: no control characters on somebody's terminal.
    name = "".join(sign if sign.isprintable() else "?" for sign in session.name)
    return session.id, session.user_name, session.kind, session.role, session.shown_state, since, name
