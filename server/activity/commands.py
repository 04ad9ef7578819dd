"""`atrium audit verify`, and what other commands do for the log.

They work on the database, so the server may be running or not.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from server.access import FindProject
from server.activity import store
from server.activity.chain import Report, verify
from server.activity.errors import ChainBroken
from server.activity.model import Note, note
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    storage: argparse.ArgumentParser,
    run: Callable[..., int],
) -> None:
    """Adds `audit verify`; it sets `run` as given, and `work`: what `run` is to do with an open database."""
    audit = commands.add_parser("audit", help="prove that nobody has changed the audit log")
    verbs = audit.add_subparsers(required=True, metavar="COMMAND")
    command = verbs.add_parser("verify", parents=[storage], help="check the hash chains")
    command.add_argument("--project", metavar="SLUG", help="only this project's chain")
    command.add_argument(
        "--head", metavar="HASH", action="append", default=[], help="a head printed before: must still be in the log"
    )
    command.set_defaults(run=run, work=verify_log)


async def verify_log(
    database: Database, _events: EventBus, options: argparse.Namespace, find_project: FindProject
) -> None:
    """Prints one line for each chain, with its head; raises `ChainBroken` with what is wrong."""
    chain = await find_project(options.project) if options.project else None

    def work(session: Session) -> tuple[list[Report], set[str]]:
        return verify(store.entries(session, chain), options.head)

    reports, met = await database.read(work)
    for report in reports:
        print(_line(report))
    missing = [head for head in options.head if head not in met]
    for head in missing:
        print(f"missing  head {head} is in no chain: rows at the end were removed, or those up to it were pruned")
    if missing or any(report.faults for report in reports):
        raise ChainBroken


@contextmanager
def recording(database: Database, events: EventBus, clock: Clock) -> Iterator[None]:
    """Writes the acts that a command publishes inside of the block, also when it fails."""
    notes: list[Note] = []
    events.subscribe(Act, lambda act: notes.append(note(act, clock.now())))
    try:
        yield
    finally:
        _append(database, notes)


def _append(database: Database, notes: list[Note]) -> None:
    while notes:
        try:
            database.write_sync(lambda session: store.append(session, notes))
        except IntegrityError:  # a server has appended meanwhile
            continue
        return


def _line(report: Report) -> str:
    name = f"project {report.chain}" if report.chain else "server"
    pruned = f", {report.pruned} pruned before them" if report.pruned else ""
    line = f"{'broken' if report.faults else 'whole'}  {name}  {report.rows} rows{pruned}  head {report.head.hash}"
    return "\n".join([line, *(f"  row {fault.seq} {fault.text}" for fault in report.faults)])
