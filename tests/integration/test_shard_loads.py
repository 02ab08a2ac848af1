"""What servers tell of their shards' load, and rows by chance, on real servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from reconciler.edges.mysql.loads import MysqlShardLoads
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.errors import Unavailable
from reconciler.reshard.key_samples import SampledTable, ValueOrder
from reconciler.reshard.loads import Measured, StatementCount
from reconciler.spec.model import Connection, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, account, admin_cursor, admin_of, connection_to

LOADS = MysqlShardLoads(environ={}, root=ROOT)
ROWS = 6_000


@pytest.fixture
def shard(server: RunningServer, fresh_database: FreshDatabase) -> ShardSpec:
    database = fresh_database(server)
    return ShardSpec(name="-", connection=connection_to(server, database, admin_of(server)))


def fill(server: RunningServer, shard: ShardSpec, definition: str, values: Iterator[str]) -> None:
    with admin_cursor(server, shard.connection.database) as cursor:
        cursor.execute(definition)
        cursor.execute(f"INSERT INTO t VALUES {','.join(values)}")
        cursor.execute("ANALYZE TABLE t")


def sampled(shard: ShardSpec, order: ValueOrder, index: str = "PRIMARY") -> Counter[object]:
    table = SampledTable(name="t", shard_by="k", index=index, column="k", order=order, rows=1_000)
    values = LOADS.sample(shard, [table])
    assert len(values) > 900
    return Counter(values)


def measured(shard: ShardSpec) -> Measured:
    [found] = LOADS.measure([shard], parallel=1)
    return found


@pytest.mark.invariant("SP-100")
def test_rows_behind_a_gap_are_met_as_often_as_they_are_there(
    server: RunningServer, shard: ShardSpec
) -> None:
    """A third of the rows lies above 2^40, and one alone far beyond all others."""
    low = [f"({n})" for n in range(2 * ROWS // 3)]
    high = [f"({(1 << 40) + n})" for n in range(ROWS // 3)]
    fill(
        server, shard, "CREATE TABLE t (k BIGINT PRIMARY KEY)", iter([*low, *high, f"({1 << 60})"])
    )
    found = sampled(shard, ValueOrder.NUMBERS)
    share = sum(times for value, times in found.items() if int(str(value)) < 1 << 40)
    assert 0.55 < share / found.total() < 0.78
    assert found[1 << 60] < 0.05 * found.total()


@pytest.mark.invariant("SP-100")
def test_a_key_with_half_of_the_rows_is_half_of_the_sample(
    server: RunningServer, shard: ShardSpec
) -> None:
    rows = (f"({n}, {7 if n % 2 else n})" for n in range(ROWS))
    fill(
        server,
        shard,
        "CREATE TABLE t (id INT PRIMARY KEY, k INT UNSIGNED NOT NULL, KEY by_k (k))",
        rows,
    )
    found = sampled(shard, ValueOrder.NUMBERS, "by_k")
    assert 0.4 < found[7] / found.total() < 0.6


@pytest.mark.parametrize(
    ("definition", "order", "value"),
    [
        ("varchar(40) CHARACTER SET utf8mb4", ValueOrder.TEXT, "'customer-{n:05d}%'"),
        ("char(36) CHARACTER SET ascii COLLATE ascii_bin", ValueOrder.TEXT, "MD5X({n})"),
        ("binary(16)", ValueOrder.BYTES, "UNHEX(LPAD(HEX({n} * 1000003), 32, '0'))"),
        ("bigint unsigned", ValueOrder.NUMBERS, "18446744073709551615 - {n}"),
        ("int", ValueOrder.NUMBERS, "{n} - 3000"),
    ],
)
def test_rows_of_every_order_of_values_are_spread(
    server: RunningServer, shard: ShardSpec, definition: str, order: ValueOrder, value: str
) -> None:
    texts = (value.format(n=n) for n in range(ROWS))
    rows = (f"({hashed(n) if text.startswith('MD5X') else text})" for n, text in enumerate(texts))
    fill(server, shard, f"CREATE TABLE t (k {definition} NOT NULL PRIMARY KEY)", rows)
    found = sampled(shard, order)
    assert max(found.values()) < 35, "no row speaks for many"
    with admin_cursor(server, shard.connection.database) as cursor:
        cursor.execute(f"SELECT k FROM t ORDER BY k LIMIT 1 OFFSET {ROWS // 2}")
        [(middle,)] = cursor.fetchall()
    middle = middle.encode() if isinstance(middle, str) else middle
    below = sum(times for one, times in found.items() if one < middle)  # type: ignore[operator,misc]
    assert 0.4 < below / found.total() < 0.6


def hashed(n: int) -> str:
    digits = f"{n * 2654435761 % (1 << 32):08x}"
    return f"'{digits}-0000-4000-8000-{n:012x}'"


def test_a_table_without_rows_gives_none(server: RunningServer, shard: ShardSpec) -> None:
    with admin_cursor(server, shard.connection.database) as cursor:
        cursor.execute("CREATE TABLE t (k INT PRIMARY KEY)")
    table = SampledTable(
        name="t", shard_by="k", index="PRIMARY", column="k", order=ValueOrder.NUMBERS, rows=10
    )
    assert LOADS.sample(shard, [table]) == ()
    with pytest.raises(Unavailable):
        LOADS.sample(
            shard,
            [
                SampledTable(
                    name="gone",
                    shard_by="k",
                    index="PRIMARY",
                    column="k",
                    order=ValueOrder.NUMBERS,
                    rows=1,
                )
            ],
        )


def test_a_server_without_room_for_statements_says_so() -> None:
    with start_server(options={"performance_schema_digests_size": "1"}) as server:
        with admin_cursor(server) as cursor:
            cursor.execute("CREATE DATABASE shop")
        [reason] = measured(
            ShardSpec(name="-", connection=connection_to(server, "shop", admin_of(server)))
        ).unseen
    assert "raise performance_schema_digests_size" in reason


def test_sizes_rows_and_statements_are_measured(server: RunningServer, shard: ShardSpec) -> None:
    with admin_cursor(server) as cursor:  # other tests may have filled the list
        cursor.execute("TRUNCATE performance_schema.events_statements_summary_by_digest")
    fill(server, shard, "CREATE TABLE t (k INT PRIMARY KEY)", (f"({n})" for n in range(ROWS)))
    first = measured(shard)
    assert first.size_bytes is not None
    assert first.size_bytes >= 16_384
    assert first.rows is not None
    assert abs(first.rows - ROWS) < ROWS / 5
    assert first.unseen == ()
    with admin_cursor(server, shard.connection.database) as cursor:
        for n in range(50):
            cursor.execute(f"SELECT k FROM t WHERE k = {n}")
    second = measured(shard)
    assert isinstance(first.statements, StatementCount)
    assert isinstance(second.statements, StatementCount)
    assert 50 <= second.statements.count - first.statements.count < 150


def test_what_a_login_may_not_see_is_told(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    with account(mysql_server, f"SELECT ON `{database}`.*") as reader:
        shard = ShardSpec(name="-80", connection=connection_to(mysql_server, database, reader))
        found = measured(shard)
    assert found.size_bytes == 0
    assert found.statements is None
    assert "may not read performance_schema" in found.unseen[0]


def test_a_server_that_does_not_answer_is_one_shards_alone(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    here = ShardSpec(
        name="-80", connection=connection_to(mysql_server, database, admin_of(mysql_server))
    )
    gone = ShardSpec(
        name="80-", connection=Connection(host="127.0.0.1", port="1", database="d", user="u")
    )
    one, other = LOADS.measure([gone, here], parallel=2)
    assert one.size_bytes is None
    assert one.shard == "80-"
    assert len(one.unseen) == 1
    assert other.size_bytes == 0
