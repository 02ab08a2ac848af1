"""What every engine promises, asked of the simulated one and of the server's own DDL: the driver
takes up, follows and settles statements by these answers alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle
from reconciler.model.object_id import table_id
from reconciler.model.server import ServerError
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
    Unknown,
)
from reconciler.ports.shards import ShardSession, ShardSessions
from reconciler.spec.model import Connection, RolloutSpec, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    SERVERS,
    admin_cursor,
    connection_to,
    planned,
    sessions,
    shard,
    wait_until_waiting,
)
from tests.sim.fleet import Fate, Online, SimFleet, SimSessions
from tests.sim.plans import plan_for

USERS = table_id("users")
NO_SUCH_COLUMN = Failed(error=ServerError(number=1091, message="no such column"), transient=False)
CHANGE = "ALTER TABLE `users` ADD COLUMN `a` int"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A shard with a table `users`, and work for it. Within `slow()` it takes until that ends; with
    `kill` its process, or its connection, is killed where it runs."""

    sessions: ShardSessions
    shard: ShardSpec
    work: EngineWork
    refused: EngineWork
    slow: Callable[[], AbstractContextManager[None]]
    kill: Callable[[], None]

    def open(self) -> AbstractContextManager[ShardSession]:
        return self.sessions.open(self.shard)


@pytest.fixture(params=["simulated", *SERVERS])
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Stand:
    if request.param == "simulated":
        return simulated()
    server: RunningServer = request.getfixturevalue(request.param)
    return real(server, fresh_database(server))


def real(server: RunningServer, database: str) -> Stand:
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")

    @contextmanager
    def slow() -> Iterator[None]:
        """Somebody reads the table, so that the statement waits for its lock."""
        with admin_cursor(server, database) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM users")
            yield

    def kill() -> None:
        wait_until_waiting(server, CHANGE)
        with admin_cursor(server) as cursor:
            cursor.execute("SHOW FULL PROCESSLIST")
            for number in [row[0] for row in cursor.fetchall() if row[7] == CHANGE]:
                cursor.execute(f"KILL {number}")

    return Stand(
        sessions=sessions(),
        shard=shard(connection_to(server, database)),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned("ALTER TABLE `users` DROP COLUMN `nothing`", "users")),
        slow=slow,
        kill=kill,
    )


def simulated() -> Stand:
    plan = plan_for(RolloutSpec(), tables=("users",), each=1)
    (change,) = plan.core.change_sets[0].statements
    refused = replace(change, sql="ALTER TABLE `users` DROP COLUMN `nothing`")
    fleet, name = SimFleet(plan), plan.core.shards[0]
    looks = [2]
    fleet.answer = lambda _, sent: NO_SUCH_COLUMN if sent == refused else Online(looks=looks[0])

    @contextmanager
    def slow() -> Iterator[None]:
        looks[0] = 10**9
        yield
        for copy in fleet.shards[name].copies.values():
            copy.online.looks = 1

    return Stand(
        sessions=SimSessions(fleet, Fate()),
        shard=ShardSpec(name=name, connection=Connection(host="-40.example")),
        work=work_of(change),
        refused=work_of(refused),
        slow=slow,
        kill=fleet.shards[name].copies.clear,
    )


def work_of(statement: PlannedStatement) -> EngineWork:
    return EngineWork(statement=statement, lock_wait_s=60, run_limit_s=600)


@dataclass(frozen=True)
class Begun:
    """A statement on its way."""

    engine: Engine
    handle: Handle
    work: EngineWork
    answer: Answer

    def look(self) -> Answer:
        return self.engine.look(self.handle, self.work)

    def end(self) -> Answer:
        """As the driver does it, without what it checks."""
        answer = self.answer
        while isinstance(answer, Running | ReadyToCutOver):
            is_ready = isinstance(answer, ReadyToCutOver)
            ask = self.engine.cut_over if is_ready else self.engine.look
            answer = ask(self.handle, self.work)
        return answer


def begun(session: ShardSession, work: EngineWork) -> Begun:
    engine = session.engine(EngineName.DIRECT)
    handle = engine.prepare(work, None)
    assert isinstance(handle, Handle), handle
    return Begun(engine, handle, work, engine.start(handle, work))


def seen_by_another(stand: Stand, handle: Handle) -> Answer:
    """As a later process finds it, by what the ledger holds."""
    with stand.open() as session:
        stored = Handle(engine=handle.engine, version=handle.version, content=handle.content)
        return session.engine(handle.engine).look(stored, stand.work)


def gone_soon(stand: Stand, handle: Handle) -> bool:
    """A server takes a moment to notice that a session has ended."""
    give_up_s = time.monotonic() + 20
    while (answer := seen_by_another(stand, handle)) != Gone():
        assert not isinstance(answer, ReadyToCutOver | Applied | Failed), answer
        if time.monotonic() > give_up_s:
            return False
        time.sleep(0.05)
    return True


def definition(stand: Stand) -> str | None:
    with stand.open() as session:
        return session.definition(USERS)


@pytest.mark.invariant("ST-10")
def test_what_was_started_is_followed_to_its_end(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session:
        started = begun(session, stand.work)
        assert started.end() == Applied()
        assert session.definition(USERS) != before
    assert isinstance(seen_by_another(stand, started.handle), Gone | Applied)


@pytest.mark.invariant("ST-10")
def test_what_was_refused_has_failed_and_changed_nothing(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session:
        ended = begun(session, stand.refused).end()
        assert isinstance(ended, Failed)
        assert not ended.transient
    assert definition(stand) == before


@pytest.mark.invariant("EN-2")
def test_preparing_changes_nothing_and_tells_by_what_the_work_is_found(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session:
        engine = session.engine(EngineName.DIRECT)
        handle = engine.prepare(stand.work, None)
        assert isinstance(handle, Handle)
        assert handle.engine is engine.name
        assert isinstance(json.loads(handle.content), dict)
        for secret in (stand.shard.connection.password, stand.shard.connection.user):
            assert not secret or secret not in handle.content
        assert not isinstance(engine.look(handle, stand.work), Running | Applied | Failed)
    assert gone_soon(stand, handle), "nothing was sent"
    assert definition(stand) == before


@pytest.mark.invariant("ST-16")
def test_nothing_is_prepared_while_another_may_send(stand: Stand) -> None:
    with stand.open() as first, stand.open() as second:
        assert first.claim()
        refused = second.engine(EngineName.DIRECT).prepare(stand.work, None)
        assert isinstance(refused, Failed)
        assert refused.transient


@pytest.mark.invariant("EN-2")
def test_what_takes_long_runs_for_everybody_who_looks(stand: Stand) -> None:
    with stand.open() as session:
        with stand.slow():
            started = begun(session, stand.work)
            assert isinstance(started.answer, Running)
            assert isinstance(started.look(), Running)
            assert isinstance(seen_by_another(stand, started.handle), Running)
        assert started.end() == Applied()


@pytest.mark.invariant("EN-2")
def test_work_outlives_the_process_that_recorded_its_handle(stand: Stand) -> None:
    before = definition(stand)
    with stand.slow():
        with stand.open() as session:
            started = begun(session, stand.work)
            assert isinstance(started.look(), Running)
        assert isinstance(seen_by_another(stand, started.handle), Running)
    with stand.open() as session:
        engine = session.engine(started.handle.engine)
        taken_up = Begun(
            engine, started.handle, stand.work, engine.look(started.handle, stand.work)
        )
        assert taken_up.end() in (Applied(), Gone())
        assert session.definition(USERS) != before


@pytest.mark.invariant("ST-10")
def test_what_was_killed_is_gone_and_nobody_claims_to_know_more(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session, stand.slow():
        started = begun(session, stand.work)
        stand.kill()
        assert isinstance(started.end(), Unknown | Gone)
        assert gone_soon(stand, started.handle)
    assert definition(stand) == before


@pytest.mark.parametrize("by_another", [False, True], ids=["by its own", "by another"])
def test_what_is_stopped_ends_without_an_effect(stand: Stand, *, by_another: bool) -> None:
    before = definition(stand)
    with stand.open() as session, stand.open() as other, stand.slow():
        started = begun(session, stand.work)
        assert isinstance(started.look(), Running)
        stopping = other if by_another else session
        stopping.engine(started.handle.engine).stop(started.handle, stand.work)
        assert isinstance(started.end(), Failed)
    assert definition(stand) == before


def test_a_handle_of_another_version_says_nothing(stand: Stand) -> None:
    with stand.open() as session, stand.slow():
        started = begun(session, stand.work)
        other = replace(started.handle, version=99)
        answer = session.engine(other.engine).look(other, stand.work)
        assert isinstance(answer, Unknown | Gone)
        started.engine.stop(started.handle, stand.work)
        assert isinstance(started.end(), Failed)
