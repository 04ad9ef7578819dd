"""`atrium user create`, `password`, `disable` and `enable`: for whoever has the data directory in hand.

They work on the database, so the server may be running or not; a running one notices within seconds.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable

from server.access import (
    SERVER,
    FindProject,
    Kind,
    RolePolicy,
    RoleService,
    ServerRole,
    TokenService,
    TokenVerifier,
    User,
)
from server.accounts.accounts import Accounts
from server.accounts.administration import Change
from server.accounts.throttle import SignInThrottle
from server.kit.clock import SystemClock
from server.kit.database import Database
from server.kit.events import EventBus


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    storage: argparse.ArgumentParser,
    run: Callable[..., int],
) -> None:
    """Adds `user create`, `user password`, `user disable` and `user enable`.

    Each sets `run` as given, and `work`: what `run` is to do with an open, migrated database.
    """
    user = commands.add_parser("user", help="make and disable users, set passwords")
    verbs = user.add_subparsers(required=True, metavar="COMMAND")
    create = verbs.add_parser("create", parents=[storage], help="make a user and print the id")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--kind", choices=["person", "agent", "worker"], default="person")
    create.add_argument("--role", choices=[*ServerRole], help="a role on every project; admin for the server itself")
    create.add_argument("--password", action="store_true", help="ask for a password, or read it from standard input")
    create.set_defaults(run=run, work=create_user)
    for name, work, help in (
        ("password", set_password, "set a user's password, asked for or read from standard input"),
        ("disable", disable, "end all that a user has, and let them in no more"),
        ("enable", enable, "let a disabled user sign in again"),
    ):
        verb = verbs.add_parser(name, parents=[storage], help=help)
        verb.add_argument("name", metavar="NAME", help="name or id")
        verb.set_defaults(run=run, work=work)


async def create_user(
    database: Database, events: EventBus, options: argparse.Namespace, _find_project: FindProject
) -> None:
    """Prints the id of a new user; raises `InvalidUser`, `NameTaken`, `PasswordRefused`."""
    password = read_password() if options.password else None
    made = await _accounts(database, events).administration.create(
        SERVER, options.name, Kind(options.kind), password=password, server_role=options.role
    )
    print(made.id)


async def set_password(
    database: Database, events: EventBus, options: argparse.Namespace, _find_project: FindProject
) -> None:
    """Sets the password of `options.name`; raises `UserNotFound`, `PasswordRefused`."""
    await _change(database, events, options.name, lambda: Change(password=read_password()))


async def disable(
    database: Database, events: EventBus, options: argparse.Namespace, _find_project: FindProject
) -> None:
    """Raises `UserNotFound`, `InvalidUser`, `LastAdministrator`."""
    await _change(database, events, options.name, lambda: Change(disabled=True))


async def enable(database: Database, events: EventBus, options: argparse.Namespace, _find_project: FindProject) -> None:
    """Raises `UserNotFound`, `InvalidUser`."""
    await _change(database, events, options.name, lambda: Change(disabled=False))


def read_password() -> str:
    """What is typed, twice alike, without showing it; or one line of standard input, where nobody types."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    while True:
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") == password:
            return password
        print("These were not the same.", file=sys.stderr)


async def _change(database: Database, events: EventBus, name: str, change: Callable[[], Change]) -> User:
    accounts = _accounts(database, events)
    user = await accounts.administration.get(name)
    return await accounts.administration.change(SERVER, user, change())


def _accounts(database: Database, events: EventBus) -> Accounts:
    clock = SystemClock()
    roles = RoleService(database, events, clock)
    return Accounts(
        database,
        events,
        clock,
        roles=roles,
        tokens=TokenService(database, events, clock, TokenVerifier(database, clock)),
        policy=RolePolicy(roles),
        throttle=SignInThrottle(clock, per_name=1, per_address=1),
    )
