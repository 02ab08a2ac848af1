"""What an engine needs of a server and of a login is asked before anything is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.engine_ground import unfit
from reconciler.guard.engines import engine_access_refusals, engine_ground_refusals
from reconciler.model.access import (
    EngineGround,
    Grant,
    LockSight,
    LoginTrait,
    Privileges,
    ShardAccess,
)
from reconciler.model.engine import EngineName
from reconciler.plan.model import PlannedStatement
from tests.sim.plans import statement

SERVER = {
    "binlog_format": "ROW",
    "binlog_order_commits": "1",
    "binlog_row_image": "FULL",
    "binlog_row_value_options": "",
    "binlog_transaction_compression": "0",
    "log_bin": "1",
    "log_bin_compress": "OFF",
    "log_bin_trust_function_creators": "0",
    "log_replica_updates": "1",
    "performance_schema": "1",
    "sql_mode": "STRICT_TRANS_TABLES",
}
FIT = EngineGround(variables=tuple(SERVER.items()), log_is_whole=True)
ENGINES = [EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC]
ROWS_AND_TABLES = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "UPDATE")
FOLLOWERS = [EngineName.GH_OST, EngineName.SPIRIT]


def of(engine: EngineName) -> PlannedStatement:
    return replace(statement("t", 0), engine=engine)


def having(**variables: str) -> EngineGround:
    return replace(FIT, variables=tuple({**SERVER, **variables}.items()))


def open_to_all(ground: EngineGround) -> ShardAccess:
    return ShardAccess(database="d", privileges=None, ground=ground)


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", EngineName)
def test_a_server_and_a_login_as_they_should_be_refuse_nothing(engine: EngineName) -> None:
    assert not list(engine_access_refusals("-40", open_to_all(FIT), [of(engine)]))


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", EngineName)
def test_what_a_server_does_not_have_is_not_set_otherwise(engine: EngineName) -> None:
    assert not list(unfit(engine, EngineGround(), "d"))


GH_OST, SPIRIT, PT_OSC = ENGINES
#: What is so on a shard, the engines that cannot work there, and a word of the reason.
UNFIT = [
    (having(log_bin="0"), FOLLOWERS, "which is off (log_bin is 0, not ON)"),
    (having(binlog_format="MIXED"), FOLLOWERS, "binlog_format is MIXED, not ROW"),
    (having(binlog_row_image="MINIMAL"), FOLLOWERS, "binlog_row_image is MINIMAL, not FULL"),
    (having(binlog_row_value_options="PARTIAL_JSON"), FOLLOWERS, "parts of JSON documents"),
    (having(binlog_transaction_compression="1"), FOLLOWERS, "compressed transactions"),
    (having(log_bin_compress="ON"), FOLLOWERS, "compressed events"),
    (having(log_replica_updates="0"), [SPIRIT], "what replication brings"),
    (having(binlog_order_commits="0"), [SPIRIT], "the order of commits"),
    (having(performance_schema="0"), [SPIRIT], "performance_schema is 0, not ON"),
    (having(sql_mode="ansi,pipes_as_concat"), [SPIRIT], "sql_mode has PIPES_AS_CONCAT"),
    (replace(FIT, log_is_whole=False), FOLLOWERS, "leaves out databases"),
    (replace(FIT, locks=LockSight.OFF), [GH_OST], "performance_schema is off"),
    (replace(FIT, locks=LockSight.INSTRUMENT_OFF), [GH_OST], "not both enabled and timed"),
    (replace(FIT, locks=LockSight.HIDDEN), [GH_OST], "may not ask"),
]
CONNECTED = [
    (LoginTrait.SOCKET, [GH_OST, SPIRIT], "unix socket"),
    (LoginTrait.CLIENT_CERTIFICATE, [SPIRIT], "client certificate"),
    (LoginTrait.NO_AUTHORITIES, [SPIRIT], "no file of authorities"),
    (LoginTrait.COLON_IN_USER, [GH_OST, SPIRIT], "colon"),
    (LoginTrait.CONTROL_CHARACTER, [SPIRIT, PT_OSC], "no line of a file can hold"),
    (LoginTrait.VARIABLE, [SPIRIT], "%("),
]
DATABASES = [
    ("shop", [], ""),
    ("shop~1.x", [PT_OSC], "letters, digits"),
    ("shop-$1", [GH_OST], "letters, digits"),
    ("a`b", ENGINES, "a"),
    ("é" * 12, [GH_OST, PT_OSC], "letters, digits"),
    ("x" + "é" * 12, ENGINES, "a"),
    ("a%(b", ENGINES, "a"),
]


@pytest.mark.invariant("EN-14")
@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("engine", EngineName)
@pytest.mark.parametrize(("ground", "cannot", "why"), UNFIT)
def test_a_server_that_an_engine_cannot_work_with_is_refused_by_shard_and_reason(
    engine: EngineName, ground: EngineGround, cannot: list[EngineName], why: str
) -> None:
    found = list(engine_ground_refusals("-40", open_to_all(ground), [of(engine)]))
    assert len(found) == (engine in cannot)
    assert all(why in r.message and r.shard == "-40" for r in found)
    assert {r.code for r in found} <= {"engine-server-unfit", "engine-connection-unfit"}


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("engine", EngineName)
@pytest.mark.parametrize(("trait", "cannot", "why"), CONNECTED)
def test_so_is_a_connection_that_it_cannot_make(
    engine: EngineName, trait: LoginTrait, cannot: list[EngineName], why: str
) -> None:
    access = open_to_all(replace(FIT, login=frozenset({trait})))
    found = list(engine_ground_refusals("-40", access, [of(engine)]))
    assert len(found) == (engine in cannot)
    assert all(r.code == "engine-connection-unfit" and why in r.message for r in found)


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("engine", EngineName)
@pytest.mark.parametrize(("database", "cannot", "why"), DATABASES)
def test_so_is_a_database_whose_name_it_would_misread_and_the_name_is_not_told(
    engine: EngineName, database: str, cannot: list[EngineName], why: str
) -> None:
    access = replace(open_to_all(FIT), database=database)
    found = list(engine_ground_refusals("-40", access, [of(engine)]))
    assert bool(found) is (engine in cannot)
    assert all(why in r.message and database not in r.message for r in found)


def test_every_trait_of_a_login_and_every_sight_of_locks_keeps_some_engine_away() -> None:
    assert {trait for trait, _, _ in CONNECTED} == set(LoginTrait)
    assert {ground.locks for ground, _, _ in UNFIT} == set(LockSight)


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("engine", ENGINES)
def test_each_privilege_that_is_lacking_is_named(engine: EngineName) -> None:
    may_look = Grant(privileges=frozenset({"SELECT"}), database="d")
    ground = having(log_bin_trust_function_creators="1")
    access = ShardAccess(database="d", privileges=Privileges(grants=(may_look,)), ground=ground)
    (refusal,) = engine_access_refusals("-40", access, [of(engine)])
    assert refusal.code == "privilege-missing"
    for privilege in ("CREATE on the database", "INSERT on the database"):
        assert privilege in refusal.message
    assert "SELECT" not in refusal.message
    assert ("REPLICATION SLAVE on *.*" in refusal.message) is (engine in FOLLOWERS)
    assert "TRIGGER on the database" in refusal.message


def granted(*grants: Grant) -> ShardAccess:
    return ShardAccess(database="a_b", privileges=Privileges(grants=grants), ground=FIT)


ON_DATABASE = frozenset({*ROWS_AND_TABLES, "LOCK TABLES", "TRIGGER"})
EVERYTHING = ON_DATABASE | {"ALTER ROUTINE", "CREATE VIEW", "EVENT", "EXECUTE", "REFERENCES"}
FOLLOWS = Grant(privileges=frozenset({"REPLICATION SLAVE", "REPLICATION CLIENT", "RELOAD"}))


@pytest.mark.invariant("EN-14")
def test_on_mariadb_gh_ost_does_not_know_the_privilege_by_its_name() -> None:
    on_database = Grant(privileges=ON_DATABASE, database="a_b")
    for name, is_enough in (("BINLOG MONITOR", False), ("SUPER", True)):
        follows = Grant(privileges=frozenset({"REPLICATION SLAVE", name}))
        access = granted(on_database, follows)
        found = [r.message for r in engine_access_refusals("-40", access, [of(GH_OST)])]
        assert (not found) is is_enough, found


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize(
    ("grants", "cannot"),
    [
        ([Grant(privileges=ON_DATABASE, database="a_b"), FOLLOWS], []),
        ([Grant(privileges=ON_DATABASE | FOLLOWS.privileges)], []),
        ([Grant(privileges=ON_DATABASE, database="a\\_b"), FOLLOWS], [GH_OST]),
        ([Grant(privileges=EVERYTHING, database="a\\_b"), FOLLOWS], []),
        ([Grant(privileges=ON_DATABASE, database="a%"), FOLLOWS], [GH_OST]),
        (
            [
                Grant(privileges=ON_DATABASE - {"SELECT"}, database="a_b"),
                Grant(privileges=FOLLOWS.privileges | {"SELECT"}),
            ],
            FOLLOWERS,
        ),
    ],
    ids=["by name", "on everything", "escaped", "all, escaped", "a pattern", "in two lines"],
)
def test_what_an_engine_does_not_see_in_the_grants_is_not_granted(
    grants: list[Grant], cannot: list[EngineName]
) -> None:
    for engine in FOLLOWERS:
        found = list(engine_access_refusals("-40", granted(*grants), [of(engine)]))
        assert [r.code for r in found] == ["privilege-missing"] * (engine in cannot)
        assert all("line by line" in r.message for r in found)


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
    access = ShardAccess(database="d", privileges=Privileges(grants=grants), ground=FIT)
    (refusal,) = engine_access_refusals("-40", access, [of(EngineName.PT_OSC)])
    assert refusal.code == "engine-server-unfit"
    assert "log_bin_trust_function_creators" in refusal.recovery
    for fine in (having(log_bin_trust_function_creators="1"), having(log_bin="0")):
        trusted = replace(access, ground=fine)
        assert not list(engine_access_refusals("-40", trusted, [of(EngineName.PT_OSC)]))


def test_an_engine_is_asked_about_once_and_only_where_it_is_used() -> None:
    log = open_to_all(having(log_bin="0"))
    twice = [of(EngineName.GH_OST), of(EngineName.GH_OST), of(EngineName.DIRECT)]
    assert len(list(engine_ground_refusals("-40", log, twice))) == 1
    assert not list(engine_ground_refusals("-40", log, [of(EngineName.DIRECT)]))
    assert not list(engine_ground_refusals("-40", None, twice))
