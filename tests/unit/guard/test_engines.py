"""What an engine needs of a server and of a login is asked before anything is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.engines import engine_access_refusals, engine_server_refusals
from reconciler.model.access import BinaryLog, Grant, Privileges, ShardAccess
from reconciler.model.engine import EngineName
from reconciler.plan.model import PlannedStatement
from tests.sim.plans import statement

ROWS = BinaryLog(is_on=True, format="ROW", row_image="FULL")
ENGINES = [EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC]
ROWS_AND_TABLES = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "UPDATE")
FOLLOWERS = [EngineName.GH_OST, EngineName.SPIRIT]


def of(engine: EngineName) -> PlannedStatement:
    return replace(statement("t", 0), engine=engine)


def open_to_all(log: BinaryLog) -> ShardAccess:
    return ShardAccess(database="d", privileges=None, binary_log=log)


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", EngineName)
def test_a_server_and_a_login_as_they_should_be_refuse_nothing(engine: EngineName) -> None:
    assert not list(engine_access_refusals("-40", open_to_all(ROWS), [of(engine)]))


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize(
    ("log", "why"),
    [
        (replace(ROWS, is_on=False), "log_bin"),
        (replace(ROWS, format="MIXED"), "binlog_format is MIXED"),
        (replace(ROWS, row_image="MINIMAL"), "binlog_row_image is MINIMAL"),
    ],
)
@pytest.mark.parametrize("engine", EngineName)
def test_a_log_that_cannot_be_followed_refuses_those_that_follow_it(
    engine: EngineName, log: BinaryLog, why: str
) -> None:
    found = list(engine_server_refusals("-40", open_to_all(log), [of(engine)]))
    assert [r.code for r in found] == ["engine-server-unfit"] * (engine in FOLLOWERS)
    assert all(why in r.message and r.shard == "-40" for r in found)


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", EngineName)
def test_a_server_that_shows_no_locks_refuses_the_one_that_looks_at_them(
    engine: EngineName,
) -> None:
    blind = replace(open_to_all(ROWS), shows_locks=False)
    found = [r.message for r in engine_server_refusals("-40", blind, [of(engine)])]
    assert ["performance_schema is off" in said for said in found] == (
        [True] if engine is EngineName.GH_OST else []
    )


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", ENGINES)
def test_each_privilege_that_is_lacking_is_named(engine: EngineName) -> None:
    may_look = Grant(privileges=frozenset({"SELECT"}), database="d")
    log = replace(ROWS, trusts_creators=True)
    access = ShardAccess(database="d", privileges=Privileges(grants=(may_look,)), binary_log=log)
    (refusal,) = engine_access_refusals("-40", access, [of(engine)])
    assert refusal.code == "privilege-missing"
    for privilege in ("CREATE on the database", "INSERT on the database"):
        assert privilege in refusal.message
    assert "SELECT" not in refusal.message
    assert ("REPLICATION SLAVE on *.*" in refusal.message) is (engine in FOLLOWERS)
    assert ("TRIGGER on the database" in refusal.message) is (engine is not EngineName.GH_OST)


def test_mariadb_has_another_name_for_one_of_them() -> None:
    grants = (
        Grant(privileges=frozenset({"ALL"}), database="d"),
        Grant(privileges=frozenset({"REPLICATION SLAVE", "BINLOG MONITOR"})),
    )
    access = ShardAccess(database="d", privileges=Privileges(grants=grants), binary_log=ROWS)
    found = [r.message for r in engine_access_refusals("-40", access, [of(EngineName.GH_OST)])]
    assert "BINLOG" not in "".join(found)
    assert "REPLICATION" not in "".join(found)


@pytest.mark.invariant("EN-14")
def test_triggers_need_trust_or_super_where_there_is_a_binary_log() -> None:
    grants = (
        Grant(
            privileges=frozenset(
                [
                    "ALTER",
                    "CREATE",
                    "DELETE",
                    "DROP",
                    "INDEX",
                    "INSERT",
                    "SELECT",
                    "UPDATE",
                    "TRIGGER",
                ]
            ),
            database="d",
        ),
    )
    access = ShardAccess(database="d", privileges=Privileges(grants=grants), binary_log=ROWS)
    (refusal,) = engine_access_refusals("-40", access, [of(EngineName.PT_OSC)])
    assert refusal.code == "engine-server-unfit"
    assert "log_bin_trust_function_creators" in refusal.recovery
    for fine in (replace(ROWS, trusts_creators=True), replace(ROWS, is_on=False)):
        trusted = replace(access, binary_log=fine)
        assert not list(engine_access_refusals("-40", trusted, [of(EngineName.PT_OSC)]))


def test_an_engine_is_asked_about_once_and_only_where_it_is_used() -> None:
    log = open_to_all(replace(ROWS, is_on=False))
    twice = [of(EngineName.GH_OST), of(EngineName.GH_OST), of(EngineName.DIRECT)]
    assert len(list(engine_server_refusals("-40", log, twice))) == 1
    assert not list(engine_server_refusals("-40", log, [of(EngineName.DIRECT)]))
    assert not list(engine_server_refusals("-40", None, twice))
