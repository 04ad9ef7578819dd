"""Upgrading a database that the first revision left, with rows in every table."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from server.access import Action as Do
from server.access import Authenticator, Forbidden, Principal, RolePolicy, RoleService, Site, TokenVerifier
from server.kit.clock import ManualClock
from server.kit.database import Database
from server.kit.errors import NotFound
from server.kit.events import EventBus
from server.migrations import upgrade
from server.projects import ProjectService
from server.services import open_services
from server.settings import load_settings

DUMP = Path(__file__).parent / "database_0001.sql"
MADE = datetime(2026, 11, 21, 13, 16, tzinfo=UTC)
TOKENS = {
    "ada": "atr_pat_tgbjd473_iup9vCX6DNHVWDPLb5w9V7TbIvQ8wY6mJtuLqMZxM4S_47ab8bf9",
    "eve": "atr_pat_h9397g5b_QiBbT01jV76ZMfpT5F1SWJ8MJyOilPo4QtCiCM2zMGL_8e352590",
    "bob": "atr_pat_oq9wn5rf_UyBXDtaRzjtKFu78S0Tewrhrv4Rf972HrVzFGihMMMe_22115b84",
    "vera": "atr_pat_7c893m7u_HdGANdCgZXijqoHxN2Y5bSXb6DUcAwegPRvmyNjP66h_b119ad12",
    "root": "atr_pat_fgm1o11j_EfoIa0rYiGQ4IRWHHxnwHsFQTwAgdB4CVjHIcqFdceC_46eb3e57",
    "carol": "atr_pat_cyv8isqe_G1qH2Wk0KiZ71Q2FER8iqSd7Vt2KqzT4yJMV1J0uq0L_a4335f52",
    "agent": "atr_agt_14rfzqd1_Rp37e6XGJiWTWWO3axwwlCm6bX16aG9tUV3BTBmOwKE_d3884e0f",
}  # tokens of a database that was made for this test and serves nobody


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database as the first revision left it."""
    path = tmp_path / "atrium.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(DUMP.read_text())
    connection.close()
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}", durability="process")
    upgrade(database.engine)
    yield database
    database.close()


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = inspect(engine).get_table_names()
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def test_the_fixture_has_rows_everywhere(path: Path) -> None:
    """What is upgraded below is a real database: no table of the first revision is empty."""
    database = Database(f"sqlite:///{path}", durability="process")
    assert all(rows(database.engine).values())
    database.close()


def test_no_row_is_lost(path: Path) -> None:
    """Every row is there after the upgrade, and old users are persons who can sign in."""
    database = Database(f"sqlite:///{path}", durability="process")
    before = rows(database.engine)
    upgrade(database.engine)
    after = rows(database.engine)
    assert {table: after[table] for table in before} == before
    with database.engine.connect() as connection:
        users = connection.execute(text("SELECT DISTINCT kind, disabled_at FROM user_account")).all()
    assert users == [("person", None)]
    database.close()


class Old:
    """Access and projects on the upgraded database, shortly after it was made."""

    def __init__(self, database: Database) -> None:
        events, clock = EventBus(), ManualClock(MADE)
        self.roles = RoleService(database, events, clock)
        self.policy = RolePolicy(self.roles)
        self.projects = ProjectService(database, events, clock, roles=self.roles)
        self._authenticator = Authenticator(TokenVerifier(database, clock), self.roles, Site())

    async def principal(self, name: str) -> Principal:
        return await self._authenticator.token(TOKENS[name])


@pytest.mark.parametrize(
    ("name", "role", "does"),
    [
        ("ada", "owner", set(Do)),
        ("eve", "editor", {Do.READ, Do.WRITE, Do.DELETE}),
        ("bob", "viewer", {Do.READ}),
        ("vera", "viewer", {Do.READ}),
        ("root", "owner", set(Do)),
        ("carol", None, set()),
        ("agent", "owner", {Do.READ}),
    ],
)
async def test_old_roles_decide_as_before(database: Database, name: str, role: str | None, does: set[Do]) -> None:
    """Tokens of before sign in, and members, server roles and narrowed tokens may what they could."""
    old = Old(database)
    principal = await old.principal(name)
    project = await old.projects.get_by_slug("acme")
    can = await old.policy.capabilities(principal, project.id)
    for resource in ("", "file/README.md", "doc/notes"):
        assert {action for action in Do if can.allows(action, resource)} == does
    assert await old.policy.role(principal, project.id) == role
    if Do.READ not in does:
        with pytest.raises(NotFound):
            await old.policy.require(principal, Do.READ, project.id)
    elif Do.ADMIN not in does:
        with pytest.raises(Forbidden):
            await old.policy.require(principal, Do.ADMIN, project.id, "members")


async def test_old_members_are_still_managed(database: Database) -> None:
    """The owner of before makes changes under the new rules."""
    old = Old(database)
    ada, project = await old.principal("ada"), await old.projects.get_by_slug("acme-works")
    assert [member.role for member in await old.roles.members(project.id)] == ["owner", "editor", "viewer"]
    await old.roles.set_role(project.id, "carol", "maintainer", by=ada)
    assert await old.policy.role(await old.principal("carol"), project.id) == "maintainer"


async def test_old_documents_are_read(path: Path) -> None:
    """Snapshot, log and quarantine of before load as they were, in a whole server."""
    async with open_services(load_settings(data_dir=path.parent)) as services:
        project = await services.projects.get_by_slug("acme")
        record = await services.documents.find(project.id, "docs/notes")
        assert record is not None
        loaded = await services.documents.load(record.id)
        assert (loaded.snapshot_seq, loaded.record.head) == (1, 2)
        assert [row.document_id for row in await services.documents.quarantined()] == [record.id]
