"""Tests of `server.migrations`, on both databases."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

import server
from server.kit.database import create_database_engine
from server.migrations import DatabaseTooNew, upgrade
from tests.support.repository import ROOT

VERSION_TABLE = "alembic_version"


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = create_database_engine(empty_database_url)
    yield engine
    engine.dispose()


def import_all_tables() -> None:
    for tables in Path(server.__file__).parent.glob("*/tables.py"):
        importlib.import_module(f"server.{tables.parent.name}.tables")


def test_upgrading_an_empty_database_makes_the_tables_of_the_code(engine: Engine) -> None:
    """All revisions together leave nothing that `SQLModel.metadata` has otherwise: tables, columns, types, indexes."""
    import_all_tables()
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    """A start on an up-to-date database keeps what is in it."""
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO policy_version (id, version) VALUES (1, 7)"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version FROM policy_version")).scalar_one() == 7


def test_nodes_that_start_together_all_succeed(empty_database_url: str) -> None:
    """Concurrent upgrades of one empty database wait for each other."""
    engines = [create_database_engine(empty_database_url) for _ in range(4)]
    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(upgrade, engines))
    assert VERSION_TABLE in inspect(engines[0]).get_table_names()
    for engine in engines:
        engine.dispose()


def test_a_newer_database_is_refused(engine: Engine) -> None:
    """A revision that this version does not know stops the start with a clear error, and nothing is changed."""
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="newer version of Atrium"):
        upgrade(engine)


def test_a_failing_upgrade_leaves_nothing(engine: Engine) -> None:
    """Tables and version are one transaction: half an upgrade is never there at the next start."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE token (other INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(engine)
    assert inspect(engine).get_table_names() == ["token"]


def test_an_up_to_date_database_is_left_alone(engine: Engine) -> None:
    """The newest file names the newest revision: a start that finds it does not import alembic."""
    upgrade(engine)
    url = engine.url.render_as_string(hide_password=False)
    program = (
        "import sys; from server.kit.database import create_database_engine; from server.migrations import upgrade;"
        f"upgrade(create_database_engine({url!r})); print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "False\n"
