"""The `atrium` command: reads options, prints one-line errors, leaves the work to the features."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import sys
from importlib import import_module
from pathlib import Path

from server.kit.errors import AtriumError
from server.kit.logs import configure_logging
from server.settings import Settings, SettingsError, load_settings

ON_DATA = {
    "token": "server.access.commands",
    "user": "server.accounts.commands",
    "audit": "server.activity.commands",
    "sessions": "server.sessions.commands",
}
"""Commands for whoever has the data directory in hand."""

ON_SERVER = {"lock": "client.commands", "leases": "client.commands", "git-hook": "client.commands"}
"""Commands that talk to a server, wherever it runs."""

CANNOT_START = 2
PRIVATE = 0o077  # what this command writes is for the user who runs it, and for nobody else on the machine
STACK_BYTES = 64 << 20  # nested content that the validator lets through is still recursion for the CRDT engine


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    os.umask(PRIVATE)
    arguments = sys.argv[1:] if argv is None else argv
    options = vars(_parser(arguments).parse_args(arguments))
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


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Knows the command at hand, or all of them when there is none: importing them all takes seconds."""
    word = arguments[0] if arguments else ""
    known = {"serve"} | ON_DATA.keys() | ON_SERVER.keys()
    wanted = {word} if word in known else known
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
    for module in dict.fromkeys(ON_DATA[word] for word in ON_DATA if word in wanted):
        import_module(module).add_parsers(commands, storage, _with_database)
    for module in dict.fromkeys(ON_SERVER[word] for word in ON_SERVER if word in wanted):
        import_module(module).add_parsers(commands)
    return parser


def _with_database(settings: Settings, options: argparse.Namespace) -> int:
    from server.access import RoleService  # commands that talk to a server need nothing of all this
    from server.activity import recording
    from server.kit.clock import SystemClock
    from server.kit.events import EventBus
    from server.migrations import open_database
    from server.projects import ProjectService

    work = options.work
    database = open_database(settings.data_dir, settings.resolved_database_url, settings.durability)
    try:
        events, clock = EventBus(), SystemClock()
        projects = ProjectService(database, events, clock, roles=RoleService(database, events, clock))
        with recording(database, events, clock):
            asyncio.run(work(database, events, options, projects.find_id))
    finally:
        database.close()
    return 0


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    gc.disable()  # next to nothing that is made at start is garbage; `server.app` turns it on when that is over
    import uvloop

    from server.app import serve  # the other commands need none of the web stack
    from server.kit.heap import share_one_heap

    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    share_one_heap()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
