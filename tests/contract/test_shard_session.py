"""What every session of a shard promises, asked of the simulation and of real servers: the proofs
that no crash loses or repeats a statement rest on both being alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest

from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.errors import Unavailable
from reconciler.model.object_id import table_id
from reconciler.model.observation import ObservedShard
from reconciler.model.server import ServerError, ServerSettings
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Applied, Failed, Outcome
from reconciler.ports.shards import ShardSession, ShardSessions
from reconciler.spec.model import Connection, RolloutSpec, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    SERVERS,
    admin_cursor,
    carried_out,
    connection_to,
    observed,
    planned,
    sessions,
    shard,
)
from tests.sim.fleet import Fate, SimFleet, SimSessions
from tests.sim.plans import plan_for
from tests.vitess import Vitess, over_vtgate
from tests.waiting import comes_true

NO_SUCH_COLUMN = Failed(error=ServerError(number=1091, message="no such column"), transient=False)
USERS = table_id("users")
NOBODY = table_id("nobody")
NO_SUCH_SERVER = "another server than the one that answers"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A shard with a table `users`; `change` is a statement that it takes, `refused` one that it
    does not; `settings` are what a look sees of its server."""

    sessions: ShardSessions
    shard: ShardSpec
    change: PlannedStatement
    refused: PlannedStatement
    settings: ServerSettings

    def open(self) -> AbstractContextManager[ShardSession]:
        return self.sessions.open(self.shard)


@pytest.fixture(params=["simulated", *SERVERS, pytest.param("vitess", marks=pytest.mark.vitess)])
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Iterator[Stand]:
    if request.param == "simulated":
        yield simulated()
        return
    if request.param == "vitess":
        yield on_vitess(request.getfixturevalue("vitess"))
        return
    server: RunningServer = request.getfixturevalue(request.param)
    name = fresh_database(server)
    with admin_cursor(server, name) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
    yield Stand(
        sessions=sessions(),
        shard=shard(connection_to(server, name)),
        change=planned("ALTER TABLE `users` ADD COLUMN `a` int", "users"),
        refused=planned("ALTER TABLE `users` DROP COLUMN `nothing`", "users"),
        settings=observed(connection_to(server, name)).settings,
    )


def on_vitess(vitess: Vitess) -> Stand:
    keyspace = vitess.keyspace(shards=1)
    vitess.sql(f"{keyspace}/-", "CREATE TABLE users (id INT PRIMARY KEY)")
    one, reach = over_vtgate(vitess, keyspace), OverVtgate()
    [seen] = MysqlLiveShards(environ={}, root=ROOT, reach=reach).observe([one], parallel=1)
    assert isinstance(seen, ObservedShard)
    return Stand(
        sessions=MysqlShardSessions(environ={}, root=ROOT, reach=reach),
        shard=one,
        change=planned("ALTER TABLE `users` ADD COLUMN `a` int", "users"),
        refused=planned("ALTER TABLE `users` DROP COLUMN `nothing`", "users"),
        settings=seen.settings,
    )


def simulated() -> Stand:
    plan = plan_for(RolloutSpec(), tables=("users",), each=1)
    (change,) = plan.core.change_sets[0].statements
    refused = replace(change, sql="ALTER TABLE `users` DROP COLUMN `nothing`")
    fleet = SimFleet(plan)
    fleet.answer = lambda _, statement: NO_SUCH_COLUMN if statement == refused else None
    name = plan.core.shards[0]
    spec = ShardSpec(name=name, connection=Connection(host="-40.example"))
    return Stand(
        sessions=SimSessions(fleet, Fate()),
        shard=spec,
        change=change,
        refused=refused,
        settings=fleet.settings,
    )


def run(session: ShardSession, statement: PlannedStatement) -> Outcome:
    return carried_out(session, statement, lock_wait_s=5, run_limit_s=60)


def test_what_is_there_is_shown_and_what_is_not_is_none(stand: Stand) -> None:
    with stand.open() as session:
        shown = session.definition(USERS)
        assert shown is not None
        assert session.definitions() == {USERS: shown}
        assert session.definition(NOBODY) is None


@pytest.mark.invariant("ST-10")
def test_a_statement_that_was_applied_has_taken_effect(stand: Stand) -> None:
    with stand.open() as session:
        before = session.definition(USERS)
        assert run(session, stand.change) == Applied()
        assert session.definition(USERS) not in (None, before)
        assert not session.still_running(stand.change.sql)


@pytest.mark.invariant("ST-10")
def test_a_statement_that_was_refused_has_not(stand: Stand) -> None:
    with stand.open() as session:
        before = session.definition(USERS)
        outcome = run(session, stand.refused)
        assert isinstance(outcome, Failed)
        assert not outcome.transient
        assert session.definition(USERS) == before


@pytest.mark.invariant("ST-10")
def test_only_one_session_at_a_time_sends(stand: Stand) -> None:
    with stand.open() as second:
        with stand.open() as first:
            assert first.claim()
            assert first.claim()
            assert not second.claim()
            before = second.definition(USERS)
            outcome = run(second, stand.change)
            assert isinstance(outcome, Failed)
            assert outcome.transient
            assert second.definition(USERS) == before
        assert claimed_soon(second)
        assert run(second, stand.change) == Applied()


def claimed_soon(session: ShardSession) -> bool:
    """A server takes a moment to notice that a session has ended."""
    return comes_true(session.claim)


def test_looking_claims_nothing(stand: Stand) -> None:
    with stand.open() as first, stand.open() as second:
        first.definitions()
        first.vitals()
        assert second.claim()


@pytest.mark.invariant("GD-6")
def test_another_server_than_the_one_that_was_looked_at_is_no_session(stand: Stand) -> None:
    with (
        pytest.raises(Unavailable),
        stand.sessions.open(stand.shard, server=NO_SUCH_SERVER) as session,
    ):
        session.definitions()


@pytest.mark.invariant("ST-21")
def test_settings_that_statements_were_not_proven_under_are_no_session(stand: Stand) -> None:
    with stand.sessions.open(stand.shard, settings=stand.settings) as session:
        assert session.definition(USERS) is not None
    looser = replace(stand.settings, variables=(("sql_mode", ""),))
    with (
        pytest.raises(Unavailable),
        stand.sessions.open(stand.shard, settings=looser) as session,
    ):
        session.definitions()
