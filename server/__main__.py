"""The `atrium` command: reads options, prints one-line errors, leaves the work to the features."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import resource
import sys
from pathlib import Path

import uvloop

from client import commands as client_commands
from server.access import RoleService
from server.access import commands as access_commands
from server.accounts import commands as account_commands
from server.activity import commands as activity_commands
from server.activity import recording
from server.kit.clock import SystemClock
from server.kit.errors import AtriumError
from server.kit.events import EventBus
from server.kit.logs import configure_logging
from server.projects import ProjectService
from server.sessions import commands as session_commands
from server.settings import Settings, SettingsError, load_settings

CANNOT_START = 2
PRIVATE = 0o077  # what this command writes is for the user who runs it, and for nobody else on the machine
M_ARENA_MAX = -8  # malloc.h
STACK_BYTES = 64 << 20  # nested content that the validator lets through is still recursion for the CRDT engine


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    os.umask(PRIVATE)
    options = vars(_parser().parse_args(argv))
    run = options.pop("run")
    try:
        settings = load_settings(**{name: options.pop(name, None) for name in SETTINGS_OPTIONS})
    except SettingsError as error:
        print(f"atrium cannot start, these settings are bad:\n{error}", file=sys.stderr)
        return CANNOT_START
    configure_logging(settings.log_format, settings.log_level, secrets=settings.secrets)
    try:
        return int(run(settings, argparse.Namespace(**options)))
    except AtriumError as error:
        print(f"atrium: {error.detail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


SETTINGS_OPTIONS = ("host", "port", "data_dir", "database_url", "redis_url")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atrium", description="Self-hosted CRDT collaboration server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    storage = argparse.ArgumentParser(add_help=False)
    storage.add_argument("--data-dir", type=Path, help="where the database and blobs live (ATRIUM_DATA_DIR)")
    storage.add_argument("--database-url", help="SQLite or PostgreSQL; SQLite in the data directory by default")
    serve = commands.add_parser("serve", parents=[storage], help="run the server")
    serve.add_argument("--host", help="address to listen on, 127.0.0.1 by default")
    serve.add_argument("--port", help="port to listen on, 8000 by default, 0 for any free one")
    serve.add_argument("--redis-url", help="Redis for more than one node")
    serve.set_defaults(run=_serve)
    access_commands.add_parsers(commands, storage, _with_database)
    account_commands.add_parsers(commands, storage, _with_database)
    activity_commands.add_parsers(commands, storage, _with_database)
    client_commands.add_parsers(commands)
    session_commands.add_parsers(commands, storage, _with_database)
    return parser


def _with_database(settings: Settings, options: argparse.Namespace) -> int:
    from server.services import open_database

    work = options.work
    database = open_database(settings)
    try:
        events, clock = EventBus(), SystemClock()
        projects = ProjectService(database, events, clock, roles=RoleService(database, events, clock))
        with recording(database, events, clock):
            asyncio.run(work(database, events, options, projects.find_id))
    finally:
        database.close()
    return 0


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    from server.app import serve  # the other commands need none of the web stack

    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    _share_one_heap()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings))


def _share_one_heap() -> None:
    """glibc keeps a heap for each thread and gives little of it back; Python allocates in one thread at a time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


if __name__ == "__main__":
    sys.exit(main())
