"""A shard whose table `t` an engine works on: made, looked at, and followed to the end."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.model.engine import EngineName, Handle
from reconciler.ports.engine import Answer, Engine, EngineWork, Failed, ReadyToCutOver, Running
from tests.contract.engines.stand import work_of
from tests.integration.mysql_edges import admin_cursor, connection_to, planned, sessions, shard
from tests.waiting import PATIENCE_S

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40) COLLATE utf8mb4_bin)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    server: RunningServer
    database: str

    def made(self, rows: int, table: str = TABLE) -> Shard:
        with admin_cursor(self.server, self.database) as cursor:
            cursor.execute(table)
            values = [(number, f"v{number}") for number in range(rows)]
            cursor.executemany("INSERT INTO t (id, v) VALUES (%s, %s)", values)
        return self

    def open(self) -> AbstractContextManager[MysqlShardSession]:
        return sessions().open(shard(connection_to(self.server, self.database)))

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """The rows of the last."""
        with admin_cursor(self.server, self.database) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    @property
    def rows(self) -> dict[int, str]:
        return {int(str(n)): str(v) for n, v in self.run("SELECT id, v FROM t")}

    @property
    def tables(self) -> set[str]:
        return {str(name) for (name,) in self.run("SHOW TABLES")}

    @property
    def columns(self) -> list[str]:
        return [str(row[0]) for row in self.run("SHOW COLUMNS FROM t")]


def work(clauses: str) -> EngineWork:
    return work_of(planned(f"ALTER TABLE `t` {clauses}", "t"))


def begun(
    session: MysqlShardSession, name: EngineName, work: EngineWork, earlier: Handle | None = None
) -> tuple[Engine, Handle, Answer]:
    engine = session.engine(name)
    handle = engine.prepare(work, earlier)
    assert isinstance(handle, Handle), handle
    return engine, handle, engine.start(handle, work)


def until_ready(engine: Engine, handle: Handle, work: EngineWork, answer: Answer) -> Answer:
    give_up_s = time.monotonic() + PATIENCE_S
    while isinstance(answer, Running):
        assert time.monotonic() < give_up_s, answer
        answer = engine.look(handle, work)
    return answer


def to_the_end(engine: Engine, handle: Handle, work: EngineWork, answer: Answer) -> Answer:
    """As the driver does it, without what it checks."""
    while isinstance(answer := until_ready(engine, handle, work, answer), ReadyToCutOver):
        answer = engine.cut_over(handle, work)
    return answer


def prepared(engine: Engine, work: EngineWork, earlier: Handle | None) -> Handle:
    """As soon as nothing of an earlier run is seen any more."""
    while isinstance(handle := engine.prepare(work, earlier), Failed):
        assert handle.transient, handle
    return handle
