"""The fence of a split against every way to write, on every server; and, as red controls, what
would happen without the locking read and with a queue that is emptied up to a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pymysql
import pytest
from pymysql.cursors import Cursor

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.split import source as source_module
from reconciler.edges.mysql.split.source import MysqlSplitSource
from reconciler.edges.server.process import RunningServer
from reconciler.model.server import Flavor
from reconciler.ports.split_servers import SplitSource
from reconciler.reshard import triggers
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.rows import Key
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import admin_cursor
from tests.split_stands import JOB, SplitStand, armed, split_stand
from tests.waiting import until

# MariaDB 11.8 gives this to a locking read in a snapshot that is older than the row.
RECORD_CHANGED = 1020

WRITES = {
    "insert": "INSERT INTO orders (id, customer) VALUES (100, 1)",
    "insert of many": "INSERT INTO orders (customer) VALUES (1), (2), (3)",
    "insert of a query": "INSERT INTO orders (customer) SELECT customer FROM orders",
    "replace": "REPLACE INTO orders (id, customer) VALUES (1, 1)",
    "replace that displaces": "REPLACE INTO orders (id, customer, slot) VALUES (101, 1, 2)",
    "insert on duplicate": (
        "INSERT INTO orders (id, customer) VALUES (102, 1) ON DUPLICATE KEY UPDATE customer = 5"
    ),
    "update on duplicate": (
        "INSERT INTO orders (id, customer) VALUES (1, 1) ON DUPLICATE KEY UPDATE customer = 5"
    ),
    "insert ignore": "INSERT IGNORE INTO orders (id, customer) VALUES (103, 1)",
    "update": "UPDATE orders SET note = 'x' WHERE id = 1",
    "update of the key": "UPDATE orders SET id = 104 WHERE id = 1",
    "update of the shard column": "UPDATE orders SET customer = customer + 1",
    "update of two tables": "UPDATE orders a, orders b SET a.note = 'x' WHERE a.id = b.id",
    "delete": "DELETE FROM orders WHERE id = 1",
    "delete by a join": "DELETE a FROM orders a JOIN orders b ON a.id = b.id",
    "load data": "LOAD DATA LOCAL INFILE '{file}' INTO TABLE orders (id, customer)",
}


@pytest.fixture
def stand(server: RunningServer, fresh_database: FreshDatabase) -> SplitStand:
    made = split_stand(server, fresh_database)
    made.run("INSERT INTO orders (id, customer, slot) VALUES (1, 10, 1), (2, 20, 2)")
    return made


def written(stand: SplitStand, sql: str) -> int:
    """The error that a writer gets; 0 for none."""
    if "{file}" in sql:
        return loaded(stand, sql)
    with stand.cursor() as cursor:
        return error_of(cursor, sql)


def loaded(stand: SplitStand, sql: str) -> int:
    """From a file of the client's: MySQL's servers of the tests read none of their own."""
    file = stand.server.folder / "rows.txt"
    file.write_text("200\t5\n201\t6\n")
    stand.run("SET GLOBAL local_infile = 1")
    try:
        with (
            pymysql.connect(
                host=stand.server.host,
                port=stand.server.port,
                user=stand.server.admin.user,
                password=stand.server.admin.password,
                database=stand.source_database,
                autocommit=True,
                local_infile=True,
                ssl_disabled=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            return error_of(cursor, sql.format(file=file))
    finally:
        stand.run("SET GLOBAL local_infile = 0")


def error_of(cursor: Cursor, sql: str) -> int:
    try:
        cursor.execute(sql)
    except pymysql.err.MySQLError as error:
        return int(error.args[0])
    return 0


def content(stand: SplitStand) -> list[tuple[object, ...]]:
    return stand.rows("SELECT * FROM orders ORDER BY id")


@contextmanager
def old_snapshot(stand: SplitStand) -> Iterator[Cursor]:
    """A writer who has looked at everything before."""
    with stand.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cursor.execute("SELECT * FROM orders")
        yield cursor
        cursor.execute("ROLLBACK")


@pytest.mark.invariant("SP-31")
@pytest.mark.parametrize("form", WRITES)
def test_every_write_is_let_through_and_tracked_or_refused(stand: SplitStand, form: str) -> None:
    with stand.source() as source:
        armed(source)
        assert source.flip(1, budget_s=60) is True
        before = content(stand)
        assert written(stand, WRITES[form]) == triggers.FENCED_ERROR
        assert content(stand) == before
        assert source.read_queue("orders", keys=99) == ()
        assert source.reopen(1) is True
        assert written(stand, WRITES[form]) == 0
        keys = {dirty.key for dirty in source.read_queue("orders", keys=99)}
        assert keys == {key_of(row) for row in {*before} ^ {*content(stand)}}


def key_of(row: Sequence[object]) -> Key:
    return (str(row[0]).encode(),)


@pytest.mark.invariant("SP-31")
def test_an_old_snapshot_does_not_get_past_the_fence(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        with old_snapshot(stand) as writer:
            assert source.flip(1, budget_s=60) is True
            refused = error_of(writer, WRITES["insert"])
            assert refused in (triggers.FENCED_ERROR, RECORD_CHANGED)


def test_a_fence_that_is_read_without_a_lock_lets_an_old_snapshot_through(
    stand: SplitStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control of the two tests around it."""
    body = triggers._fence_body

    def plain(names: HelperNames) -> str:
        return body(names).replace(" LOCK IN SHARE MODE", "")

    monkeypatch.setattr(triggers, "_fence_body", plain)
    with stand.source() as source:
        armed(source)
        with old_snapshot(stand) as writer:
            assert source.flip(1, budget_s=60) is True
            assert error_of(writer, WRITES["insert"]) == 0
        assert source.reopen(1) is True
        with stand.cursor() as writer:
            writer.execute("BEGIN")
            writer.execute(WRITES["insert"])
            assert source.flip(2, budget_s=60) is True  # and waited for nobody
            writer.execute("ROLLBACK")


@pytest.mark.invariant("SP-31")
def test_a_fence_whose_row_is_gone_is_closed(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        stand.run("DELETE FROM _reconciler_split_17_fence")
        assert written(stand, WRITES["insert"]) == triggers.FENCED_ERROR


@pytest.mark.invariant("SP-31")
def test_a_fence_is_as_old_in_every_time_zone(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        assert source.flip(1, budget_s=60) is True
        for zone in ("-12:00", "+00:00", "+12:00"):
            with stand.cursor() as writer:
                writer.execute(f"SET time_zone = '{zone}'")
                assert error_of(writer, WRITES["update"]) == triggers.FENCED_ERROR


@pytest.mark.invariant("SP-31")
def test_a_partitioned_table_is_fenced_and_tracked(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    stand = split_stand(
        server,
        fresh_database,
        "CREATE TABLE orders (id bigint NOT NULL, customer bigint NOT NULL, PRIMARY KEY (id))"
        " ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 4",
    )
    with stand.source() as source:
        armed(source)
        with old_snapshot(stand) as writer:
            assert source.flip(1, budget_s=60) is True
            refused = error_of(writer, WRITES["insert"])
            assert refused in (triggers.FENCED_ERROR, RECORD_CHANGED)
        assert source.reopen(1) is True
        assert written(stand, WRITES["insert"]) == 0
        assert [dirty.key for dirty in source.read_queue("orders", keys=9)] == [(b"100",)]


# XA


@contextmanager
def prepared_xa(stand: SplitStand, name: str, *, is_detached: bool) -> Iterator[None]:
    """A transaction that has written to `orders` and waits for its second phase; it is committed at
    the end."""
    with admin_cursor(stand.server, stand.source_database) as writer:
        writer.execute(f"XA START '{name}'")
        writer.execute("INSERT INTO orders (id, customer) VALUES (900, 1)")
        writer.execute(f"XA END '{name}'")
        writer.execute(f"XA PREPARE '{name}'")
        if not is_detached:
            yield
            writer.execute(f"XA COMMIT '{name}'")
            return
    wait_until_detached(stand, name)
    yield
    with stand.cursor() as cursor:
        cursor.execute(f"XA COMMIT '{name}'")


def wait_until_detached(stand: SplitStand, name: str) -> None:
    """A server takes a moment to notice that a client has gone."""

    def is_detached() -> bool:
        with stand.cursor() as cursor:
            cursor.execute(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE()"
            )
            row = cursor.fetchone()
            return row is not None and int(row[0]) <= 3  # this one, and the two of the source

    until(is_detached, "the client to go")


@pytest.mark.invariant("SP-31")
@pytest.mark.parametrize("is_detached", [False, True], ids=["attached", "detached"])
def test_a_prepared_transaction_is_seen_behind_a_closed_fence(
    stand: SplitStand, is_detached: bool
) -> None:
    """MySQL keeps its locks, so the fence is not closed before it ends. MariaDB gives them up: the
    fence is closed, and the transaction commits behind it, which `prepared` tells."""
    with stand.source() as source:
        armed(source)
        with prepared_xa(stand, "x1", is_detached=is_detached):
            is_closed = source.flip(1, budget_s=60) is True
            assert is_closed == (stand.server.version.flavor is Flavor.MARIADB)
            assert source.prepared() == source.facts().prepared == 1
        assert source.prepared() == 0
        assert source.flip(1, budget_s=60) is True
        assert [dirty.key for dirty in source.read_queue("orders", keys=9)] == [(b"900",)]


@pytest.mark.invariant("SP-30")
def test_a_prepared_transaction_that_nobody_tracked_is_seen_when_the_tracker_is_armed(
    stand: SplitStand,
) -> None:
    """On MariaDB the triggers are made beside one that is detached, and its row is in no queue."""
    with stand.source() as source:
        assert source.make_helpers() is None
        with prepared_xa(stand, "x2", is_detached=True):
            is_armed = source.arm_tracker("orders") is None
            assert is_armed == (stand.server.version.flavor is Flavor.MARIADB)
            assert source.prepared() == 1
        assert source.prepared() == 0
        assert source.arm_tracker("orders") is None
        assert source.read_queue("orders", keys=9) == ()


# The end of its time


@pytest.mark.invariant("SP-38")
def test_a_writer_who_came_in_when_the_time_was_over_keeps_it_from_being_sealed(
    stand: SplitStand,
) -> None:
    with stand.source() as source:
        armed(source)
        source.flip(1, budget_s=0)
        with stand.cursor() as writer:
            writer.execute("BEGIN")
            writer.execute(WRITES["insert"])
            assert source.seal(1) is not True
            writer.execute("COMMIT")
        assert source.seal(1) is False
        assert [dirty.key for dirty in source.read_queue("orders", keys=9)] == [(b"100",)]


# The queue


def left_after_a_late_commit(stand: SplitStand, source: SplitSource) -> list[Key]:
    """Of two writers the first commits last: between the look at the queue and the forgetting."""
    with stand.cursor() as first, stand.cursor() as second:
        first.execute("BEGIN")
        first.execute("INSERT INTO orders (id, customer) VALUES (7, 1)")
        second.execute("INSERT INTO orders (id, customer) VALUES (8, 1)")
        queued = source.read_queue("orders", keys=9)
        assert [dirty.key for dirty in queued] == [(b"8",)]
        first.execute("COMMIT")
    source.forget("orders", [dirty.seq for dirty in queued])
    return [dirty.key for dirty in source.read_queue("orders", keys=9)]


@pytest.mark.invariant("SP-30")
def test_a_key_that_was_committed_late_stays_in_the_queue(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        assert left_after_a_late_commit(stand, source) == [(b"7",)]


def test_a_queue_that_is_emptied_up_to_a_place_loses_a_late_commit(
    stand: SplitStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control of the test before."""

    def up_to(self: MysqlSplitSource, table: str, seqs: Sequence[int]) -> None:
        queue = quote_identifier(HelperNames(JOB).queue(self.shape(table)))
        stand.run(f"DELETE FROM {queue} WHERE seq <= {max(seqs)}")

    monkeypatch.setattr(source_module.MysqlSplitSource, "forget", up_to)
    with stand.source() as source:
        armed(source)
        assert left_after_a_late_commit(stand, source) == []
