"""One SQL database: SQLite (WAL) by default, PostgreSQL by URL."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection
from sqlmodel import Session

logger = logging.getLogger(__name__)
T = TypeVar("T")
Durability = Literal["power", "process"]

SQLITE_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL"}
WRITES = {"atrium_writes": True}
CONNECT_TIMEOUT_S = 5
CHECKPOINT_S = 1.0
WAL_PAGES = 8_000
"""Of 4 KB. When SQLite's write-ahead log is that long all the same, a commit moves it into the database, and waits."""


class Database:
    """Runs functions in transactions on a few threads, off the event loop.

    ``power`` durability survives a power cut (fsync at every commit), ``process`` survives the death of the process.
    """

    def __init__(self, url: str, *, durability: Durability = "power", threads: int = 4) -> None:
        self.engine = create_database_engine(url, durability)
        self._kept: PoolProxiedConnection | None = None
        self._driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        # SQLite has one writer; its busy handler polls with sleeps, a lock hands over at once.
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    async def read(self, work: Callable[[Session], T]) -> T:
        """Runs `work` in one transaction that only reads; never waits for a writer on SQLite."""
        return await self._in_thread(self.read_sync, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Runs `work` in one transaction: committed when it returns, rolled back when it raises."""
        return await self._in_thread(self.write_sync, work)

    def read_sync(self, work: Callable[[Session], T]) -> T:
        """`read` on the calling thread (commands, tests)."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            return work(session)

    def write_sync(self, work: Callable[[Session], T]) -> T:
        """`write` on the calling thread (commands, migrations, tests)."""
        with self._writer, Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options=WRITES)
            return work(session)

    @contextmanager
    def writing(self) -> Iterator[DBAPICursor]:
        """The driver's own cursor in one write transaction on the calling thread, for the update log's hot path.

        Its connection is kept for the next time: SQLAlchemy's, and a visit to the pool, cost more than the statements.
        Raises SQLAlchemy's errors all the same.
        """
        with self._writer, ExitStack() as on_failure:
            connection, self._kept = self._kept or self.engine.raw_connection(), None
            on_failure.callback(connection.close)  # rolls back
            try:
                cursor = connection.cursor()
                if self.is_sqlite:
                    cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                connection.commit()
            except self._driver_error as error:
                raise DBAPIError.instance(
                    None, None, error, self._driver_error, hide_parameters=True, dialect=self.engine.dialect
                ) from error
            on_failure.pop_all()
            self._kept = connection

    async def _in_thread(self, run: Callable[[Callable[[Session], T]], T], work: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, run, work)

    async def checkpoint_forever(self) -> None:
        """Moves what SQLite's write-ahead log holds into the database, beside the writers.

        Left to SQLite, the commit that fills the log does it: some 10 ms, every second under load, for all rooms.
        """
        while self.is_sqlite:
            await asyncio.sleep(CHECKPOINT_S)
            try:
                await asyncio.get_running_loop().run_in_executor(self._threads, self.checkpoint)
            except (
                SQLAlchemyError,
                self._driver_error,
            ) as error:  # a supervised loop: SQLite does it itself when the log gets long
                logger.warning("database.not_checkpointed", extra={"error": type(error).__name__})

    def checkpoint(self) -> None:
        """One round of `checkpoint_forever`, on the calling thread."""
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Waits for running work and closes every connection."""
        self._threads.shutdown(wait=True)
        if self._kept is not None:
            self._kept.close()
        self.engine.dispose()


def create_database_engine(url: str, durability: Durability = "power") -> Engine:
    """An engine with Atrium's pragmas (SQLite) or commit setting (PostgreSQL)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options = "-c synchronous_commit=" + ("on" if durability == "power" else "off")
        connect = {"options": options, "connect_timeout": CONNECT_TIMEOUT_S}
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=connect)
    # hide_parameters: an error's text must not carry a document's bytes into the log.
    engine = create_engine(parsed, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 30})
    _prepare_sqlite(engine, SQLITE_SYNCHRONOUS[durability])
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        # sqlite3 begins transactions by itself, too late for BEGIN IMMEDIATE: we begin them ourselves.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "busy_timeout=30000",
            f"wal_autocheckpoint={WAL_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # IMMEDIATE: a read that turns into a write inside an old WAL snapshot would fail at once.
        writes = connection.get_execution_options().get("atrium_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
