"""Why no engine that follows the binary log is given a JSON column that stays, and why one that is
new, goes, or is generated is no hindrance: rows that are written while a copy waits, on MySQL."""

from __future__ import annotations

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from reconciler.ports.engine import Applied, ReadyToCutOver
from tests.conftest import FreshDatabase
from tests.integration.engines.shard import Shard, begun, to_the_end, until_ready, work

GH_OST, SPIRIT = EngineName.GH_OST, EngineName.SPIRIT
BY_THE_LOG = [pytest.param(name, marks=pytest.mark.engine(name)) for name in (GH_OST, SPIRIT)]
#: Each as an expression, and what JSON_TYPE says of `$.v` where it is kept.
KEPT = {
    """'{"v": 1}'""": "INTEGER",
    """'{"v": 1.5}'""": "DOUBLE",
    """'{"v": "é \\\\n"}'""": "STRING",
    """'{"v": [true, null, {}]}'""": "ARRAY",
}
CHANGED = {
    "JSON_OBJECT('v', 1.500)": "DECIMAL",
    "JSON_OBJECT('v', DATE'2020-01-02')": "DATE",
    "JSON_OBJECT('v', TIME'10:11:12')": "TIME",
    "JSON_OBJECT('v', TIMESTAMP'2020-01-02 03:04:05')": "DATETIME",
}
WRITTEN = list({**KEPT, **CHANGED})


def copied(shard: Shard, name: EngineName, clauses: str, written: list[str]) -> None:
    """By the engine; what is written while the copy waits comes by the binary log alone."""
    change = work(f"MODIFY COLUMN `a` bigint{clauses}")
    with shard.open() as session:
        engine, handle, answer = begun(session, name, change)
        answer = until_ready(engine, handle, change, answer)
        assert isinstance(answer, ReadyToCutOver), answer
        shard.run(*written)
        assert to_the_end(engine, handle, change, answer) == Applied()
        assert engine.discard(handle, change) is None


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize("name", BY_THE_LOG)
def test_values_of_json_come_out_as_something_else(
    name: EngineName, mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """Once one of the engines keeps them all, this fails, and the rule can go."""
    shard = Shard(server=mysql_server, database=fresh_database(mysql_server))
    shard.run("CREATE TABLE t (id INT PRIMARY KEY, a INT, j JSON)")
    rows = [f"INSERT INTO t VALUES ({n}, 1, {sql})" for n, sql in enumerate(WRITTEN)]
    copied(shard, name, "", rows)
    found = [str(kind) for (kind,) in shard.run("SELECT JSON_TYPE(j->'$.v') FROM t ORDER BY id")]
    assert found[: len(KEPT)] == list(KEPT.values())
    for kind, was in zip(found[len(KEPT) :], CHANGED.values(), strict=True):
        assert kind != was


@pytest.mark.invariant("EN-13")
@pytest.mark.parametrize("name", BY_THE_LOG)
@pytest.mark.parametrize(
    ("column", "clauses"),
    [
        ("", ", ADD COLUMN j JSON"),
        ("j JSON, ", ", DROP COLUMN j"),
        ("j JSON GENERATED ALWAYS AS (JSON_OBJECT('v', b, 'w', 1.50)) STORED, ", ""),
    ],
    ids=["new", "gone", "generated"],
)
def test_a_json_column_that_is_not_written_is_no_hindrance(
    name: EngineName,
    column: str,
    clauses: str,
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
) -> None:
    shard = Shard(server=mysql_server, database=fresh_database(mysql_server))
    for table in ("t", "as_it_should_be"):
        shard.run(f"CREATE TABLE {table} (id INT PRIMARY KEY, a INT, {column}b INT)")
    is_written = column == "j JSON, "
    names = "id, a, b, j" if is_written else "id, a, b"
    values = [
        f"({names}) VALUES ({n}, {n}, {n}{f', {sql}' if is_written else ''})"
        for n, sql in enumerate(WRITTEN)
    ]
    copied(shard, name, clauses, [f"INSERT INTO t {row}" for row in values])
    shard.run(*(f"INSERT INTO as_it_should_be {row}" for row in values))
    shard.run(f"ALTER TABLE as_it_should_be MODIFY COLUMN a bigint{clauses}")
    assert shard.run("SELECT * FROM t ORDER BY id") == shard.run(
        "SELECT * FROM as_it_should_be ORDER BY id"
    )
