"""`atrium audit verify`, and the acts of other commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pytest

from server.activity import ChainBroken, recording
from server.activity.commands import add_parsers, verify_log
from server.kit.errors import NotFound
from server.kit.events import EventBus
from tests.support.activity import AuditLog, act


async def find_project(slug: str) -> str:
    """The slug of the project `p` is acme."""
    if slug != "acme":
        raise NotFound
    return "p"


async def verify(log: AuditLog, *arguments: str) -> None:
    """`atrium audit verify`, as the command line has it."""
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(), argparse.ArgumentParser(add_help=False), lambda: 0)
    await verify_log(log.database, EventBus(), parser.parse_args(["audit", "verify", *arguments]), find_project)


async def failing(log: AuditLog, capsys: pytest.CaptureFixture[str], *arguments: str) -> Sequence[str]:
    """What it prints before it fails."""
    with pytest.raises(ChainBroken):
        await verify(log, *arguments)
    return capsys.readouterr().out.splitlines()


async def test_a_line_for_each_chain(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole chains are printed with their length and head, and the command succeeds."""
    await log.record(act(), act(project="p"), act(project="p"))
    await verify(log)
    reports, _met = log.verify()
    assert capsys.readouterr().out.splitlines() == [
        f"whole  server  1 rows  head {reports[''].head.hash}",
        f"whole  project p  2 rows  head {reports['p'].head.hash}",
    ]


async def test_an_empty_log_is_whole(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to print and nothing to complain about."""
    await verify(log)
    assert capsys.readouterr().out == ""


async def test_what_is_wrong_is_named(any_log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """The broken chain, the rows, and what happened to them; the others are checked all the same."""
    await any_log.record(*[act(project="p")] * 6, act())
    any_log.tamper("UPDATE audit SET actor_name = 'bob' WHERE chain = 'p' AND seq = 2")
    any_log.tamper("DELETE FROM audit WHERE chain = 'p' AND seq = 4")
    lines = await failing(any_log, capsys)
    assert [line.split("  ")[0] for line in lines if line] == ["whole", "broken", "", ""]
    assert lines[2:] == ["  row 2 was changed", "  row 5 rows 4 to 4 are missing"]


async def test_one_project(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the chain of the project that is named by its slug."""
    await log.record(act(), act(project="p"))
    log.tamper("DELETE FROM audit WHERE chain = ''")
    await verify(log, "--project", "acme")
    assert len(capsys.readouterr().out.splitlines()) == 1
    with pytest.raises(NotFound):
        await verify(log, "--project", "nowhere")


async def test_a_head_that_was_kept(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """It is still in the log after more has happened, and missing when the end was cut off."""
    await log.record(act(project="p"), act(project="p"))
    head = log.verify()[0]["p"].head.hash
    await log.record(act(project="p"))
    await verify(log, "--head", head)
    capsys.readouterr()
    log.tamper("DELETE FROM audit WHERE seq > 1")
    await verify(log)
    capsys.readouterr()
    lines = await failing(log, capsys, "--head", head)
    assert lines[-1].startswith(f"missing  head {head} is in no chain")


async def test_pruned_rows_are_counted(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says how many rows went before those that are there."""
    await log.record(*[act(project="p")] * 3)
    log.tamper("UPDATE audit SET action = 'audit.checkpoint' WHERE seq = 3")
    log.tamper("DELETE FROM audit WHERE seq < 3")
    lines = await failing(log, capsys)
    assert lines[0].startswith("broken  project p  0 rows, 3 pruned before them  head ")
    assert lines[1] == "  row 3 rows before it were removed, and the log does not say so"


async def test_commands_record_what_they_do(any_log: AuditLog) -> None:
    """Acts that a command publishes are in the log when it ends, also when it fails."""
    events = EventBus()
    with recording(any_log.database, events, any_log.clock):
        events.publish(act("token.created"))
    with pytest.raises(NotFound), recording(any_log.database, events, any_log.clock):  # noqa: PT012 publishing and failing is one command
        events.publish(act("token.revoked"))
        raise NotFound
    assert any_log.stored()[:2] == ["token.created", "token.revoked"]
    assert any_log.faults() == []
