"""`atrium lock`, `atrium leases` and `atrium git-hook`: for whoever works with a server from a terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from client.atrium import AtriumClient
from client.errors import AtriumClientError, LeaseLost, LeaseRefused
from client.git_hook import HookError, install
from client.guarded_command import run_guarded

DEFAULT_URL = "http://127.0.0.1:8000"
NOT_OBTAINED = 75  # EX_TEMPFAIL in sysexits.h: try again later
LOST = 76

Work = Callable[[AtriumClient, argparse.Namespace], Awaitable[int]]


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands; each sets `run`, to be called with the server's settings and the options."""
    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--url", default=os.environ.get("ATRIUM_URL", DEFAULT_URL), help="the server (ATRIUM_URL)")
    server.add_argument("--token", default=os.environ.get("ATRIUM_TOKEN", ""), help="better in ATRIUM_TOKEN")
    server.add_argument("--project", default=os.environ.get("ATRIUM_PROJECT", ""), help="slug (ATRIUM_PROJECT)")
    _add_lock(commands, server)
    _add_leases(commands, server)
    _add_git_hook(commands, server)


def _add_lock(commands: argparse._SubParsersAction[argparse.ArgumentParser], server: argparse.ArgumentParser) -> None:
    lock = commands.add_parser("lock", parents=[server], help="run a command while holding a lease")
    lock.add_argument("resource", metavar="RESOURCE", help="git:main, file:src/a.py, database:x, project, exclusive")
    lock.add_argument("--wait", type=float, default=30.0, metavar="30", help="seconds to wait for one's turn")
    lock.add_argument("--mode", choices=["s", "x"], default="x", help="shared or exclusive (the default)")
    lock.add_argument("--ttl", type=float, default=300.0, metavar="300", help="seconds it lives without a heartbeat")
    lock.add_argument("command", nargs="+", metavar="CMD", help="after --; finds its fence in ATRIUM_FENCE")
    lock.set_defaults(run=_runner(_lock))


def _add_leases(commands: argparse._SubParsersAction[argparse.ArgumentParser], server: argparse.ArgumentParser) -> None:
    verbs = commands.add_parser("leases", help="see and administer leases").add_subparsers(
        required=True, metavar="COMMAND"
    )
    listing = verbs.add_parser("list", parents=[server], help="what is leased, and who waits")
    listing.set_defaults(run=_runner(_list))
    steal = verbs.add_parser("steal", parents=[server], help="take a lease away from its holder")
    steal.add_argument("resource", metavar="RESOURCE")
    steal.add_argument("--reason", required=True, help="for the holder and the audit log")
    steal.set_defaults(run=_runner(_steal))
    takeover = verbs.add_parser("takeover", parents=[server], help="let this node give out leases: Redis is gone")
    takeover.add_argument("--give-back", action="store_true", help="let the nodes share their leases again")
    takeover.set_defaults(run=_runner(_take_over))
    audit = verbs.add_parser("audit", parents=[server], help="compare the lease store's indices")
    audit.set_defaults(run=_runner(_audit))


def _add_git_hook(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], server: argparse.ArgumentParser
) -> None:
    verbs = commands.add_parser("git-hook", help="refuse pushes to leased branches").add_subparsers(
        required=True, metavar="COMMAND"
    )
    installing = verbs.add_parser("install", parents=[server], help="put the pre-receive hook into a repository")
    installing.add_argument("repository", type=Path, metavar="REPO", help="the repository that is pushed to")
    installing.add_argument("--name", default="", help="what leases call it, as in git:NAME:main")
    installing.set_defaults(run=_install)


def _runner(work: Work) -> Callable[[object, argparse.Namespace], int]:
    def run(_settings: object, options: argparse.Namespace) -> int:
        return asyncio.run(_with_client(work, options))

    return run


async def _with_client(work: Work, options: argparse.Namespace) -> int:
    try:
        async with AtriumClient(options.url, options.token or None, project=options.project) as client:
            return await work(client, options)
    except LeaseRefused as refused:
        print(f"atrium: {refused.detail}", file=sys.stderr)
        return NOT_OBTAINED
    except LeaseLost as lost:
        print(f"atrium: {lost.detail} The command has been stopped.", file=sys.stderr)
        return LOST
    except AtriumClientError as error:
        print(f"atrium: {error.detail}", file=sys.stderr)
        return NOT_OBTAINED if error.retryable else 1


async def _lock(client: AtriumClient, options: argparse.Namespace) -> int:
    async with client.lease(
        options.resource,
        mode=options.mode,
        wait_s=options.wait,
        ttl_s=options.ttl,
        kind="terminal",
        name=" ".join(options.command),
    ) as lease:
        return await run_guarded(options.command, lease.fence)


async def _list(client: AtriumClient, options: argparse.Namespace) -> int:
    leases = await client.leases(options.project)
    for lease in leases.items:
        until = lease.expires_at.isoformat(timespec="seconds")
        print(
            f"{lease.lock_type}:{lease.resource_id}\t{lease.mode}\t{lease.state}\t{lease.user}\t{lease.fence}\t{until}"
        )
    for waiting in leases.waiting:
        print(f"{waiting.lock_type}:{waiting.resource_id}\t{waiting.mode}\twaiting\t{waiting.user}\t{waiting.position}")
    return 0


async def _steal(client: AtriumClient, options: argparse.Namespace) -> int:
    await client.steal_lease(options.project, options.resource, options.reason)
    return 0


async def _take_over(client: AtriumClient, options: argparse.Namespace) -> int:
    if options.give_back:
        await client.give_back_leases()
    else:
        print(await client.take_over_leases())
    return 0


async def _audit(client: AtriumClient, options: argparse.Namespace) -> int:
    faults = await client.audit_leases(options.project)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _install(_settings: object, options: argparse.Namespace) -> int:
    try:
        hook = install(
            options.repository, url=options.url, token=options.token, project=options.project, name=options.name
        )
    except HookError as error:
        print(f"atrium: {error}", file=sys.stderr)
        return 1
    print(hook)
    return 0
