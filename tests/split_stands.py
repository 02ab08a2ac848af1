"""Two shards of a split on real servers, for tests: a source with rows, and an empty target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pymysql.cursors import Cursor

from reconciler.edges.mysql.split.servers import MysqlSplitServers
from reconciler.edges.server.process import RunningServer
from reconciler.ports.split_servers import (
    Busy,
    SplitSource,
    SplitTarget,
    SplitWork,
    TableToMove,
)
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to, shard

JOB = 17
ORDERS = (
    "CREATE TABLE orders (id bigint NOT NULL AUTO_INCREMENT, customer bigint NOT NULL,"
    " slot int DEFAULT NULL, note varchar(200) DEFAULT NULL, PRIMARY KEY (id),"
    " UNIQUE KEY slot (slot)) ENGINE=InnoDB"
)


@dataclass(frozen=True, kw_only=True)
class SplitStand:
    """`work` may be changed by a test before it opens a session."""

    server: RunningServer
    source_database: str
    target_database: str
    work: SplitWork

    @contextmanager
    def source(self, work: SplitWork | None = None) -> Iterator[SplitSource]:
        place = shard(connection_to(self.server, self.source_database), "-")
        with servers().source(place, work or self.work) as source:
            yield source

    @contextmanager
    def target(self, work: SplitWork | None = None) -> Iterator[SplitTarget]:
        place = shard(connection_to(self.server, self.target_database), "-80")
        with servers().target(place, work or self.work) as target:
            yield target

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        with admin_cursor(self.server, self.source_database) as cursor:
            yield cursor

    @contextmanager
    def target_cursor(self) -> Iterator[Cursor]:
        with admin_cursor(self.server, self.target_database) as cursor:
            yield cursor

    def run(self, *statements: str) -> None:
        with self.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.cursor() as cursor:
            cursor.execute(sql)
            return [*cursor.fetchall()]

    def target_rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.target_cursor() as cursor:
            cursor.execute(sql)
            return [*cursor.fetchall()]


def servers() -> MysqlSplitServers:
    return MysqlSplitServers(environ={}, root=ROOT)


def work_for(*tables: str, shard_by: str | None = "customer", job: int = JOB) -> SplitWork:
    return SplitWork(
        job=job,
        identity="0123456789abcdef",
        tables=tuple(
            TableToMove(number=number, name=name, shard_by=shard_by)
            for number, name in enumerate(tables, 1)
        ),
    )


def split_stand(
    server: RunningServer, fresh_database: Callable[[RunningServer], str], *definitions: str
) -> SplitStand:
    """One table `orders` unless others are given; each is named by its second word after TABLE."""
    made = definitions or (ORDERS,)
    stand = SplitStand(
        server=server,
        source_database=fresh_database(server),
        target_database=fresh_database(server),
        work=work_for("orders"),
    )
    stand.run(*made)
    return stand


def done(answer: Busy | None) -> None:
    assert answer is None, answer


def armed(source: SplitSource, *tables: str) -> None:
    """Helpers, tracker and fence."""
    done(source.make_helpers())
    for table in tables or ("orders",):
        done(source.arm_tracker(table))
        done(source.arm_fence(table))
