"""What the tests of the edges to MySQL share: shards on real servers, accounts, bad networks."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymysql import MySQLError
from pymysql.constants import ER
from pymysql.cursors import Cursor

from reconciler.diff.model import Operation
from reconciler.diff.session import StatementSession
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.plan.model import ExecutionClass, PlannedStatement
from reconciler.ports.engine import Applied, EngineWork, Failed, Outcome, Running, Unknown
from reconciler.ports.shards import ShardSession
from reconciler.spec.model import Connection, ShardSpec
from tests.connections import admin_connection
from tests.waiting import PATIENCE_S, until

ROOT = Path("/")
SERVERS = ("mysql_server", "mariadb_server", "mariadb_10_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    user: str
    password: str


def admin_of(server: RunningServer) -> Account:
    return Account(user=server.admin.user, password=server.admin.password)


@contextmanager
def admin_cursor(server: RunningServer, database: str | None = None) -> Iterator[Cursor]:
    connection = admin_connection(server, database)
    with connection, connection.cursor() as cursor:
        yield cursor


def end_session(cursor: Cursor, number: int) -> None:
    """It may have ended by itself since it was seen."""
    try:
        cursor.execute(f"KILL {number}")
    except MySQLError as gone:
        if gone.args[0] != ER.NO_SUCH_THREAD:
            raise


def wait_until_waiting(server: RunningServer, statement: str) -> None:
    """Until a session is at `statement` and waits for a table's lock."""

    def waits() -> bool:
        cursor.execute("SHOW FULL PROCESSLIST")
        return any(
            str(running).startswith(statement) and "metadata lock" in str(state)
            for *_, state, running in (process[:8] for process in cursor.fetchall())
        )

    with admin_cursor(server) as cursor:
        until(waits, f"a session to wait at {statement!r}")


@contextmanager
def account(server: RunningServer, *grants: str, requires: str = "") -> Iterator[Account]:
    """An account of its own; `grants` are like `SELECT ON d.*`."""
    made = Account(user=f"u{secrets.token_hex(4)}", password=secrets.token_hex(8))
    name = f"'{made.user}'@'127.0.0.1'"
    with admin_cursor(server) as cursor:
        cursor.execute(f"CREATE USER {name} IDENTIFIED BY '{made.password}' {requires}")
        try:
            for grant in grants:
                cursor.execute(f"GRANT {grant} TO {name}")
            yield made
        finally:
            cursor.execute(f"DROP USER {name}")


def connection_to(
    server: RunningServer,
    database: str | None,
    login: Account | None = None,
    *,
    port: int | None = None,
    connect_timeout_s: int = 10,
    read_timeout_s: int = 60,
) -> Connection:
    login = login or admin_of(server)
    return Connection(
        host=server.host,
        port=str(port or server.port),
        database=database,
        user=login.user,
        password=login.password,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
    )


def observe(*connections: Connection, parallel: int = 4) -> list[Observation]:
    """Shards named 0, 1, 2, ..."""
    shards = [ShardSpec(name=str(n), connection=one) for n, one in enumerate(connections)]
    return MysqlLiveShards(environ={}, root=ROOT).observe(shards, parallel=parallel)


def observed(connection: Connection) -> ObservedShard:
    [seen] = observe(connection)
    assert isinstance(seen, ObservedShard), seen
    return seen


def unreachable(connection: Connection) -> Unreachable:
    [seen] = observe(connection)
    assert isinstance(seen, Unreachable), "the shard was observed"
    return seen


def sessions() -> MysqlShardSessions:
    return MysqlShardSessions(environ={}, root=ROOT)


def shard(connection: Connection, name: str = "-40") -> ShardSpec:
    return ShardSpec(name=name, connection=connection)


def planned(sql: str, table: str = "t", *, foreign_key_checks: bool = True) -> PlannedStatement:
    return PlannedStatement(
        object_id=table_id(table),
        operation=Operation.ALTER_TABLE,
        sql=sql,
        session=StatementSession(foreign_key_checks=foreign_key_checks),
        execution=ExecutionClass(),
        effects=(),
    )


def carried_out(
    session: ShardSession, statement: PlannedStatement, *, lock_wait_s: int, run_limit_s: int
) -> Outcome:
    """By the server's own DDL, to its end."""
    work = EngineWork(statement=statement, lock_wait_s=lock_wait_s, run_limit_s=run_limit_s)
    engine = session.engine(EngineName.DIRECT)
    handle = engine.prepare(work, None)
    if isinstance(handle, Failed):
        return handle
    answer = engine.start(handle, work)
    while isinstance(answer, Running):
        answer = engine.look(handle, work)
    assert isinstance(answer, Applied | Failed | Unknown), answer
    return answer


@contextmanager
def silent_listener() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


class Wire:
    """A TCP proxy to a server that can go deaf: nothing of what the server says comes back. It can
    also swallow what is on its way on the connections that are open, and serve new ones well."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._deaf = threading.Event()
        self._swallowed: set[socket.socket] = set()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def go_deaf(self) -> None:
        self._deaf.set()

    def swallow_answers(self) -> None:
        self._swallowed = {*self._open}

    def hear_again(self) -> None:
        self._deaf.clear()
        self._swallowed.clear()

    def cut(self) -> None:
        """Every connection through it ends for its client; the server's side stays."""
        for end in self._open[::2]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._server.host, self._server.port))
                self._open += [client, server]
                for source, sink, can_be_lost in ((client, server, False), (server, client, True)):
                    thread = threading.Thread(
                        target=self._pump, args=(source, sink, can_be_lost), daemon=True
                    )
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, can_be_lost: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                is_lost = self._deaf.is_set() or source in self._swallowed
                if not (can_be_lost and is_lost):
                    sink.sendall(data)
