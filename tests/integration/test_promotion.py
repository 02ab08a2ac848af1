"""What the spec measures before a wave, on real servers: what is an answer, and a whole apply."""

from __future__ import annotations

import pytest

from reconciler.edges.promotion import MeasuredByServers
from reconciler.rollout.promotion import CheckAnswer, Measured, Unmeasured
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.promotion import Expected, PromotionCheck, ShardQuery
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to

NUMBERS = {
    "SELECT COUNT(*) FROM t": 2.0,
    "SELECT SUM(a) / 4 FROM t": 0.75,
    "WITH x AS (SELECT a FROM t) SELECT MAX(a) FROM x": 2.0,
}
NO_NUMBERS = {
    "SELECT a FROM t WHERE a = 9": "it answered something else than was asked",
    "SELECT a FROM t": "it answered something else than was asked",
    "SELECT 'secret'": "the answer is no number",
    "SELECT NULL": "the answer is no number",
    "SELECT none FROM t": "the server refuses the question (error 1054)",
    "SELECT writes()": "the server refuses the question (error 1792)",
}


@pytest.mark.invariant("RG-72")
@pytest.mark.parametrize("flavor", ["mysql_server", "mariadb_server"])
def test_one_number_of_one_row_is_an_answer_and_nothing_else_is(
    flavor: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    server = request.getfixturevalue(flavor)
    database = fresh_database(server)
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE t (a int)")
        cursor.execute("INSERT INTO t VALUES (1), (2)")
        cursor.execute(
            "CREATE FUNCTION writes() RETURNS int DETERMINISTIC MODIFIES SQL DATA"
            " BEGIN INSERT INTO t VALUES (3); RETURN 1; END"
        )
    here = ShardSpec(name="-80", connection=connection_to(server, database))
    away = ShardSpec(
        name="80-", connection=Connection(host="127.0.0.1", port="1", database="d", user="u")
    )
    checks = MeasuredByServers(environ={}, root=ROOT)

    def ask(sql: str, *shards: ShardSpec) -> tuple[CheckAnswer, ...]:
        check = PromotionCheck(name="c", asks=ShardQuery(sql), expected=Expected(at_least=1))
        return checks.ask(check, shards, parallel=2)

    for sql, number in NUMBERS.items():
        assert ask(sql, here) == (Measured(number, "-80"),)
    for sql, because in NO_NUMBERS.items():
        assert ask(sql, here) == (Unmeasured(because, "-80"),), sql
    answered, lost = ask("SELECT COUNT(*) FROM t", here, away)
    assert answered == Measured(2.0, "-80")
    assert isinstance(lost, Unmeasured)
    assert lost.shard == "80-"


@pytest.mark.invariant("RG-70")
@pytest.mark.invariant("RG-71")
@pytest.mark.invariant("RG-72")
def test_a_wave_begins_once_the_check_holds_on_the_shards_before_it(fleet: Fleet) -> None:
    fleet.sql("-40", "INSERT INTO users (id, name) VALUES (4711, 'Ada')")
    check = {
        "name": "Ada is there",
        "query": "SELECT MAX(id) FROM users",
        "expect": {"max": 4710},
        "every": "1s",
    }
    fleet.environment["rollout"] = {"canary": ["-40"], "promote_if": [check]}
    fleet.write_spec()
    fleet.edit(
        "schemas/shop/users.sql", "  PRIMARY KEY (id)\n", "  PRIMARY KEY (id),\n  KEY k (name)\n"
    )
    fleet.plan_and_commit()
    ended = fleet.run("apply")
    assert ended.code == 4, ended.said
    assert "'Ada is there' of promote_if" in ended.said
    assert "4711" not in ended.said
    looked = fleet.run("status")
    assert "'Ada is there' of promote_if" in looked.said
    changed = {s for s, found in fleet.all_definitions().items() if "`k`" in found["users"]}
    assert changed == {"-40"}

    fleet.sql("-40", "DELETE FROM users WHERE id = 4711")
    fleet.sql("-40", "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert all("`k`" in found["users"] for found in fleet.all_definitions().values())
