"""Connections to the ledger's database, and the sharing of transactions.

Rule: no text of a driver's error that could name a host or a user leaves this module (PL-12).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from pymysql.constants import CLIENT
from sqlalchemy import Connection, Engine, Transaction, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from reconciler.edges.client.opening import SessionOptions, open_wire
from reconciler.edges.client.wire import Wire
from reconciler.edges.ledger.address import mysql_target, parse_address
from reconciler.edges.ledger.limits import (
    LEDGER_ANSWER_BYTES_MAX,
    LEDGER_BUSY_S_MAX,
    LEDGER_CONNECTIONS_MAX,
)
from reconciler.edges.ledger.problems import (
    OF_DRIVERS,
    cannot_be_used,
    outcome_unknown,
    unavailable,
)

_UPGRADE_LOCK = "reconciler.ledger.upgrade"

# A pool that cannot roll back over a dead connection would print the driver's error with its trace.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())

Work = Callable[[Connection], None]


def engine_for(url: str | None, *, default_file: Path) -> Engine:
    """`url` None means `default_file`, which is made if it is missing."""
    if url is None:
        _make_folder(default_file.parent)
        return _sqlite(URL.create("sqlite", database=str(default_file)))
    parsed = parse_address(url)
    return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _mysql(parsed)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction, durable when the block has ended."""
    with _plain_errors(), engine.begin() as connection:
        _begin(connection, is_writer=True)
        yield connection


@contextmanager
def deciding(engine: Engine) -> Iterator[Connection]:
    """As `writing`, for what nobody may take for undone only because no answer came. Raises
    OutcomeUnknown from the moment at which the server was asked to commit."""
    with _plain_errors(), engine.connect() as connection:
        with _undone_if_it_fails(connection.begin()) as transaction:
            _begin(connection, is_writer=True)
            yield connection
        try:
            transaction.commit()
        except SQLAlchemyError as error:
            raise outcome_unknown(error) from None


@contextmanager
def _undone_if_it_fails(transaction: Transaction) -> Iterator[Transaction]:
    try:
        yield transaction
    except BaseException:
        with suppress(SQLAlchemyError):  # the connection is gone, and with it the transaction
            transaction.rollback()
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look; keeps no writer out."""
    with _plain_errors(), engine.connect() as connection:
        _begin(connection, is_writer=False)
        yield connection


def _begin(connection: Connection, *, is_writer: bool) -> None:
    """SQLite begins a transaction where it is told to, MySQL by itself."""
    if connection.dialect.name == "sqlite":
        # A writer that began as a reader could be refused at its first write (SQLITE_BUSY).
        begin = "BEGIN IMMEDIATE" if is_writer else "BEGIN"
        connection.connection.cursor().execute(begin)  # past SQLAlchemy, as in `compiled`


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Keeps other processes out while tables are made: MySQL commits each DDL on its own, SQLite
    has the database locked by the transaction already."""
    if connection.dialect.name == "sqlite":
        yield
        return
    lock = {"name": _UPGRADE_LOCK, "wait_s": LEDGER_BUSY_S_MAX}
    if connection.execute(text("SELECT GET_LOCK(:name, :wait_s)"), lock).scalar() != 1:
        raise cannot_be_used(
            "another process is making or upgrading its tables",
            recovery="wait until it is done, then run the same command again",
        )
    try:
        yield
    finally:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _UPGRADE_LOCK})


class GroupCommit:
    """Writers that come while a transaction is being committed share the next one."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction
        self._turn = threading.Lock()
        self._door = threading.Lock()
        self._waiting: list[_Job] = []

    def submit(self, work: Work) -> None:
        """Returns when `work` is durable; raises what it raised, and then nothing of it is."""
        job = _Job(work)
        with self._door:
            self._waiting.append(job)
        with self._turn:
            if not job.settled:
                with self._door:
                    batch, self._waiting = self._waiting, []
                self._commit(batch)
        if job.error is not None:
            raise job.error

    def _commit(self, batch: list[_Job]) -> None:
        error = self._try([job.work for job in batch])
        for job in batch:
            # One writer's conflict must not fail the others: each then gets a turn of its own.
            job.error = self._try([job.work]) if error and len(batch) > 1 else error
            job.settled = True

    def _try(self, works: list[Work]) -> BaseException | None:
        try:
            with self._transaction() as connection:
                for work in works:
                    work(connection)
        except BaseException as error:  # carried to those whose work is not durable for it
            return error
        return None


class _Job:
    """One writer's work and what became of it; guarded by the turn."""

    __slots__ = ("error", "settled", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.settled = False
        self.error: BaseException | None = None


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": LEDGER_BUSY_S_MAX})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `_begin` says, not by guess
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # WAL alone may lose the last commits

    return engine


def _mysql(url: URL) -> Engine:
    """Over the client that shards have, too: the same rules of TLS, of answers and of files."""
    target = mysql_target(url)
    options = SessionOptions(
        autocommit=False,
        client_flag=CLIENT.FOUND_ROWS,  # a row that is written as it was counts as written
        answer_bytes_max=LEDGER_ANSWER_BYTES_MAX,
    )

    def connect() -> Wire:
        program = "reconciler, ledger"
        return open_wire(target, program=program, database=target.database, options=options)

    return create_engine(
        "mysql+pymysql://",
        creator=connect,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=LEDGER_CONNECTIONS_MAX,
        max_overflow=0,
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, *OF_DRIVERS) as error:
        raise unavailable(error) from None


def _make_folder(folder: Path) -> None:
    """A folder made for a ledger hides itself from git: it is not part of what is reviewed."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise cannot_be_used(
            f"its folder cannot be made: {error.strerror}",
            recovery="see that this user may write there, or say in the spec where the ledger is"
            " (`ledger:`), then run the same command again",
        ) from None
