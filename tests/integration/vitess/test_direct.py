"""The server's own statement behind Vitess: what bounds it, and what is said once a bound has ended
it."""

from __future__ import annotations

import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.shard_session import MysqlShardSession, MysqlShardSessions
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.model import Algorithm, ExecutionClass
from reconciler.ports.engine import Answer, Applied, EngineWork, Failed, Running
from tests.contract.engines.stand import work_of
from tests.contract.engines.vitess import shard_of
from tests.integration.mysql_edges import ROOT, planned
from tests.vitess import Vitess
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.vitess, pytest.mark.invariant("VT-32")]

LOCK_WAIT_S = 1
LONG = "600s"  # what vttablet would let a statement wait for where nothing else bounds it
SHARD = "-"


@pytest.fixture
def keyspace(vitess: Vitess) -> str:
    made = vitess.keyspace(1)
    vitess.on_server(made, SHARD, "CREATE TABLE t (id int NOT NULL PRIMARY KEY, n int, KEY k (n))")
    return made


@contextmanager
def session_of(vitess: Vitess, keyspace: str) -> Iterator[MysqlShardSession]:
    sessions = MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate())
    with sessions.open(shard_of(vitess, keyspace, SHARD)) as session:
        yield session


@contextmanager
def read_by_somebody(vitess: Vitess, keyspace: str) -> Iterator[None]:
    place = vitess.tablet(keyspace, SHARD)
    target = vitess.cluster.server_target(place.server)
    with open_wire(target, program="reader", database=place.database) as reader:
        cursor = reader.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM t")
        yield


def work(sql: str, algorithm: Algorithm) -> EngineWork:
    statement = replace(planned(sql, "t"), execution=ExecutionClass(algorithm=algorithm))
    return replace(work_of(statement), lock_wait_s=LOCK_WAIT_S, apply_id=7, shard=SHARD)


def answered(session: MysqlShardSession, todo: EngineWork) -> Answer:
    """vttablet lets go of a connection whose statement it has ended a moment after it said so: a
    driver tries again."""
    engine, give_up_s = session.engine(EngineName.DIRECT), time.monotonic() + PATIENCE_S
    handle = engine.prepare(todo, None)
    while isinstance(handle, Failed) and handle.transient and time.monotonic() < give_up_s:
        time.sleep(0.2)
        handle = engine.prepare(todo, None)
    assert isinstance(handle, Handle), handle
    answer = engine.start(handle, todo)
    while isinstance(answer, Running):
        answer = engine.look(handle, todo)
    return answer


def columns(vitess: Vitess, keyspace: str) -> set[str]:
    return {str(row[0]) for row in vitess.on_server(keyspace, SHARD, "SHOW COLUMNS FROM t")}


def test_a_change_of_metadata_waits_for_its_lock_as_long_as_the_spec_says(
    vitess: Vitess, keyspace: str
) -> None:
    """vtgate does not pass lock_wait_timeout on; vttablet would let it wait for 30 s, with every
    query of the table behind it."""
    todo = work("ALTER TABLE `t` ALGORITHM=INSTANT, ADD COLUMN `c` int", Algorithm.INSTANT)
    with session_of(vitess, keyspace) as session:
        with read_by_somebody(vitess, keyspace), query_limit(vitess, keyspace, LONG):
            begun_s = time.monotonic()
            answer = answered(session, todo)
            assert isinstance(answer, Failed), answer
            assert (answer.error.number, answer.transient) == (1205, True)
            assert time.monotonic() - begun_s < PATIENCE_S
            assert not session.still_running(todo.statement.sql)
        assert columns(vitess, keyspace) == {"id", "n"}
        assert answered(session, todo) == Applied()
        # No limit of the statement's is left in the session.
        assert "`c` int" in str(session.definitions())
        ((limit,),) = session._shard.looked(
            lambda link: link.query("SELECT @@query_timeout", width=1)
        )
        assert int(str(limit)) == 0
    assert columns(vitess, keyspace) == {"id", "n", "c"}


@pytest.mark.parametrize("clause", ["DROP INDEX `k`", "RENAME INDEX `k` TO `l`"])
def test_so_does_what_is_done_in_place(vitess: Vitess, keyspace: str, clause: str) -> None:
    todo = work(f"ALTER TABLE `t` ALGORITHM=INPLACE, LOCK=NONE, {clause}", Algorithm.INPLACE)
    with session_of(vitess, keyspace) as session:
        with read_by_somebody(vitess, keyspace), query_limit(vitess, keyspace, LONG):
            begun_s = time.monotonic()
            answer = answered(session, todo)
            assert isinstance(answer, Failed), answer
            assert (answer.error.number, answer.transient) == (1205, True)
            assert time.monotonic() - begun_s < PATIENCE_S
        assert indexes(vitess, keyspace) == {"PRIMARY", "k"}
        assert answered(session, todo) == Applied()
    assert "k" not in indexes(vitess, keyspace)


def indexes(vitess: Vitess, keyspace: str) -> set[str]:
    return {str(row[2]) for row in vitess.on_server(keyspace, SHARD, "SHOW INDEX FROM t")}


def test_what_runs_longer_than_vttablet_lets_it_has_failed_and_says_why(
    vitess: Vitess, keyspace: str
) -> None:
    todo = work("ALTER TABLE `t` ALGORITHM=COPY, MODIFY COLUMN `n` bigint", Algorithm.COPY)
    with session_of(vitess, keyspace) as session, query_limit(vitess, keyspace, "2s"):
        with read_by_somebody(vitess, keyspace):
            answer = answered(session, todo)
        assert isinstance(answer, Failed), answer
        assert not answer.transient
        assert "--queryserver-config-query-timeout" in answer.error.message
        assert not session.still_running(todo.statement.sql)
    assert "bigint" not in str(vitess.on_server(keyspace, SHARD, "SHOW CREATE TABLE t"))


@contextmanager
def query_limit(vitess: Vitess, keyspace: str, limit: str) -> Iterator[None]:
    """Of the shard's tablet; it is 30 s as it starts."""
    _set_limit(vitess, keyspace, limit)
    try:
        yield
    finally:
        _set_limit(vitess, keyspace, "30s")


def _set_limit(vitess: Vitess, keyspace: str, limit: str) -> None:
    port = vitess.cluster.daemons[vitess.tablet(keyspace, SHARD).name].ports[0]
    form: dict[str, Any] = {"varname": "QueryTimeout", "value": limit}
    asked = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/env", asked) as answer:
        assert answer.status == 200
