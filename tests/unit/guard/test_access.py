"""What a plan needs is asked of the login's grants before anything is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.access import access_refusals, are_judged_by_grants, grouped
from reconciler.model.access import (
    EngineGround,
    EventGround,
    Grant,
    Privileges,
    RoutineGround,
    ShardAccess,
)
from reconciler.model.engine import EngineName
from reconciler.model.server import Flavor
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import RolloutSpec
from tests.sim.plans import statement

PLAIN = RolloutSpec()


def of(sql: str) -> PlannedStatement:
    return replace(statement("t", 0), sql=sql)


def access(*privileges: str, everywhere: tuple[str, ...] = ("PROCESS",)) -> ShardAccess:
    grants = (
        Grant(privileges=frozenset(privileges), database="d"),
        Grant(privileges=frozenset(everywhere)),
    )
    return ShardAccess(database="d", privileges=Privileges(grants=grants))


def refused(
    found: ShardAccess | None,
    *sql: str,
    flavor: Flavor = Flavor.MYSQL,
    rollout: RolloutSpec = PLAIN,
) -> list[tuple[str, str]]:
    statements = [of(text) for text in sql]
    refusals = access_refusals("-40", found, statements, flavor=flavor, rollout=rollout)
    assert all(r.shard == "-40" and "shard -40" in r.message for r in refusals)
    return [(refusal.code, refusal.message) for refusal in refusals]


@pytest.mark.invariant("GD-13")
@pytest.mark.parametrize(
    ("sql", "needed"),
    [
        ("ALTER TABLE t ADD COLUMN a int, DROP COLUMN b, ADD KEY k (a)", {"ALTER"}),
        ("CREATE TABLE t (id int PRIMARY KEY)", {"CREATE"}),
        ("DROP TABLE t", {"DROP"}),
        ("RENAME TABLE t TO u", {"ALTER", "DROP", "CREATE", "INSERT"}),
        ("ALTER TABLE t RENAME TO u", {"ALTER", "DROP", "CREATE", "INSERT"}),
        ("ALTER TABLE t DROP PARTITION p0", {"ALTER", "DROP"}),
        (
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id)",
            {"ALTER", "REFERENCES"},
        ),
        (
            "CREATE TABLE t (a int, CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id))",
            {"CREATE", "REFERENCES"},
        ),
    ],
)
def test_exactly_what_a_statement_needs_is_enough(sql: str, needed: set[str]) -> None:
    assert refused(access(*needed), sql) == []
    for missing in needed:
        found = refused(access(*(needed - {missing})), sql)
        assert [code for code, _ in found] == ["privilege-missing"]
        assert missing in found[0][1]


TABLE_STATEMENTS = (
    "ALTER TABLE t ADD COLUMN a int",
    "ALTER TABLE t DROP PARTITION p0",
    "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id)",
    "CREATE TABLE t (id int PRIMARY KEY)",
    "DROP TABLE t",
    "RENAME TABLE t TO u",
)
OTHERS = (
    "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW `v` AS select 1 AS `a`",
    "DROP VIEW `v`",
    "DROP TRIGGER `x`",
    "DROP PROCEDURE `p`",
    "DROP EVENT `e`",
)


@pytest.mark.invariant("FZ-30")
@pytest.mark.parametrize("sql", TABLE_STATEMENTS)
@pytest.mark.parametrize("has", [(), ("ALTER",), ("ALTER", "DROP", "CREATE", "REFERENCES")])
def test_what_is_not_asked_for_a_table_statement_decides_nothing(
    sql: str, has: tuple[str, ...]
) -> None:
    """Whatever stands there, of which each is what some other statement is refused for."""
    assert are_judged_by_grants([of(sql)])
    asked = replace(access(*has), read_only=("read_only",))
    told = replace(
        asked,
        ground=EngineGround(variables=(("log_bin", "ON"), ("binlog_format", "STATEMENT"))),
        account="own",
        accounts=frozenset(),
        protected=frozenset({"own"}),
        routines=RoutineGround(trusts_functions=False, granted=None),
        events=EventGround(runs=False, off_as_on_replicas=("e",)),
    )
    assert refused(asked, sql) == refused(told, sql)


@pytest.mark.invariant("FZ-30")
@pytest.mark.parametrize("sql", OTHERS)
def test_programs_are_judged_by_more_than_grants(sql: str) -> None:
    assert not are_judged_by_grants([of(TABLE_STATEMENTS[0]), of(sql)])


@pytest.mark.invariant("FZ-30")
@pytest.mark.parametrize("engine", [name for name in EngineName if name is not EngineName.DIRECT])
def test_an_engine_is_judged_by_its_ground(engine: EngineName) -> None:
    assert not are_judged_by_grants([replace(of(TABLE_STATEMENTS[0]), engine=engine)])


@pytest.mark.invariant("GD-13")
def test_who_drops_a_trigger_is_told_where_the_right_is_missing() -> None:
    assert refused(access("TRIGGER"), "DROP TRIGGER `x`") == []
    ((code, message),) = refused(access("ALTER"), "DROP TRIGGER `x`")
    assert code == "privilege-missing"
    assert "shard -40, triggers: the login may not TRIGGER in the database" in message


@pytest.mark.invariant("GD-13")
def test_a_parent_in_another_database_is_asked_for_there() -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES `other`.`p` (id)"
    (found,) = refused(access("ALTER", "REFERENCES"), sql)
    assert "table other.p" in found[1]


def test_mariadb_lets_refer_who_may_read() -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id)"
    assert refused(access("ALTER", "SELECT"), sql, flavor=Flavor.MARIADB) == []
    assert refused(access("ALTER", "SELECT"), sql, flavor=Flavor.MYSQL) != []


@pytest.mark.invariant("GD-13")
def test_a_table_that_refers_to_itself_needs_no_more() -> None:
    sql = "CREATE TABLE t (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES t (id))"
    assert refused(access("CREATE"), sql) == []


@pytest.mark.invariant("GD-13")
def test_what_nobody_asked_counts_as_missing() -> None:
    assert [code for code, _ in refused(None, "DROP TABLE t")] == ["access-unmeasured"]


@pytest.mark.invariant("GD-13")
def test_a_read_only_server_refuses_whatever_the_login_may() -> None:
    everything = ShardAccess(database="d", privileges=None, read_only=("read_only",))
    ((code, message),) = refused(everything, "DROP TABLE t")
    assert code == "server-read-only"
    assert "read_only is on" in message


@pytest.mark.invariant("GD-13")
def test_without_process_nobody_can_tell_what_still_runs() -> None:
    ((code, message),) = refused(access("DROP", everywhere=()), "DROP TABLE t")
    assert code == "privilege-missing"
    assert "PROCESS" in message


@pytest.mark.invariant("GD-10")
@pytest.mark.parametrize(
    ("flavor", "privilege"),
    [(Flavor.MYSQL, "CONNECTION_ADMIN"), (Flavor.MARIADB, "CONNECTION ADMIN")],
)
def test_kill_blockers_is_not_ignored_for_want_of_a_privilege(
    flavor: Flavor, privilege: str
) -> None:
    kills = RolloutSpec(kill_blockers_after_s=5)
    found = refused(access("DROP"), "DROP TABLE t", flavor=flavor, rollout=kills)
    assert {code for code, _ in found} == {"privilege-missing"}
    assert all("kill_blockers" in message for _, message in found)
    assert privilege in found[0][1]
    may = access("DROP", everywhere=("PROCESS", "SELECT", privilege))
    assert refused(may, "DROP TABLE t", flavor=flavor, rollout=kills) == []


@pytest.mark.invariant("GD-7")
def test_one_reason_on_many_shards_is_told_once_with_their_names() -> None:
    statements = [of("DROP TABLE t")]
    found = [
        refusal
        for shard in ("-40", "40-80")
        for refusal in access_refusals(
            shard, access(), statements, flavor=Flavor.MYSQL, rollout=PLAIN
        )
    ]
    (refusal,) = grouped(found)
    assert refusal.message.startswith("shards -40, 40-80, table t: the login may not DROP")


@pytest.mark.invariant("GD-7")
def test_a_right_that_is_missing_on_many_tables_is_one_reason() -> None:
    """One grant gives it on all of them: who read a reason a table saw nothing else."""
    tables = [f"t{number}" for number in range(9)]
    alters = [f"ALTER TABLE {table} ADD COLUMN a int" for table in tables]
    many, other = refused(access(), *alters, "DROP TABLE gone")
    named = "shard -40, tables t0, t1, t2, t3, t4 and 4 more: the login may not ALTER there"
    assert many[1].startswith(named)
    assert other[1].startswith("shard -40, table gone: the login may not DROP there")
    two = access_refusals(
        "-40", access(), [of(one) for one in alters[:2]], flavor=Flavor.MYSQL, rollout=PLAIN
    )
    assert [one.object_id for one in two] == [None]


@pytest.mark.invariant("GD-7")
def test_what_is_missing_in_another_database_or_of_another_kind_is_another_reason() -> None:
    key = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES "
    found = refused(access("ALTER"), f"{key}`one`.`p` (id)", f"{key}`two`.`p` (id)", f"{key}q (id)")
    assert [message.partition(":")[0] for _, message in found] == [
        "shard -40, table one.p",
        "shard -40, table two.p",
        "shard -40, table q",
    ]
    events = refused(access("ALTER"), "DROP EVENT `a`", "DROP EVENT `b`")
    assert [message.partition(":")[0] for _, message in events] == ["shard -40, events a, b"]


@pytest.mark.invariant("GD-7")
def test_shards_that_lack_a_right_on_other_tables_are_told_apart() -> None:
    found = [
        refusal
        for shard, tables in (("-40", "ab"), ("40-80", "ab"), ("80-", "a"))
        for refusal in access_refusals(
            shard,
            access(),
            [of(f"DROP TABLE {table}") for table in tables],
            flavor=Flavor.MYSQL,
            rollout=PLAIN,
        )
    ]
    assert [one.message.partition(":")[0] for one in grouped(found)] == [
        "shards -40, 40-80, tables a, b",
        "shard 80-, table a",
    ]
