"""What every engine promises, asked of the simulated one and of real ones on real servers: the
driver takes up, follows and settles statements by these answers alone."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace

import pytest
from _pytest.mark import ParameterSet

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import TRAITS, EngineName, Handle
from reconciler.model.object_id import table_id
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
from reconciler.ports.shards import ShardSession
from tests.conftest import FreshDatabase
from tests.contract.engines.direct import direct
from tests.contract.engines.gh_ost import gh_ost
from tests.contract.engines.pt_osc import pt_osc
from tests.contract.engines.simulated import simulated
from tests.contract.engines.spirit import spirit
from tests.contract.engines.stand import Stand
from tests.contract.engines.vitess import vitess_stand
from tests.integration.mysql_edges import SERVERS
from tests.waiting import PATIENCE_S, until

USERS = table_id("users")


ON_SERVERS = {
    EngineName.DIRECT: direct,
    EngineName.GH_OST: gh_ost,
    EngineName.SPIRIT: spirit,
    EngineName.PT_OSC: pt_osc,
}


def tried(name: EngineName, *servers: str) -> list[ParameterSet]:
    marks = [] if name is EngineName.DIRECT else [pytest.mark.engine(name.value)]
    return [pytest.param((name, server), id=f"{name}-{server}", marks=marks) for server in servers]


@pytest.fixture(
    params=[
        pytest.param((EngineName.SPIRIT, "simulated"), id="simulated"),
        *tried(EngineName.DIRECT, *SERVERS),
        *tried(EngineName.GH_OST, "mysql_server", "mariadb_server"),
        *tried(EngineName.SPIRIT, "mysql_server"),
        *tried(EngineName.PT_OSC, *SERVERS),
        pytest.param((EngineName.VITESS, "vitess"), id="vitess", marks=[pytest.mark.vitess]),
    ]
)
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Stand:
    name, place = request.param
    if place == "simulated":
        return simulated()
    if place == "vitess":
        return vitess_stand(request.getfixturevalue("vitess"))
    server: RunningServer = request.getfixturevalue(place)
    return ON_SERVERS[name](server, fresh_database(server))


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


def begun(stand: Stand, session: ShardSession, work: EngineWork | None = None) -> Begun:
    work = work or stand.work
    engine = session.engine(stand.engine)
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
    give_up_s = time.monotonic() + PATIENCE_S
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
        started = begun(stand, session)
        assert started.end() == Applied()
        assert session.definition(USERS) != before
    until(
        lambda: isinstance(seen_by_another(stand, started.handle), Gone | Applied),
        "the server to let go of it",
    )


@pytest.mark.invariant("ST-10")
def test_what_was_refused_has_failed_and_changed_nothing(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session:
        ended = begun(stand, session, stand.refused).end()
        assert isinstance(ended, Failed)
        assert not ended.transient
    assert definition(stand) == before


@pytest.mark.invariant("EN-2")
def test_preparing_changes_nothing_and_tells_by_what_the_work_is_found(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session:
        engine = session.engine(stand.engine)
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
        refused = second.engine(stand.engine).prepare(stand.work, None)
        assert isinstance(refused, Failed)
        assert refused.transient


@pytest.mark.invariant("EN-2")
def test_what_takes_long_runs_for_everybody_who_looks(stand: Stand) -> None:
    with stand.open() as session:
        with stand.slow():
            started = begun(stand, session)
            assert isinstance(started.answer, Running)
            assert isinstance(started.look(), Running)
            until(
                lambda: isinstance(seen_by_another(stand, started.handle), Running),
                "its program to begin",
            )
        assert started.end() == Applied()


@pytest.mark.invariant("EN-2")
def test_work_is_taken_up_after_the_process_that_recorded_its_handle(stand: Stand) -> None:
    before = definition(stand)
    with stand.slow():
        with stand.open() as session:
            started = begun(stand, session)
            assert isinstance(started.look(), Running)
        if stand.outlives:
            assert isinstance(seen_by_another(stand, started.handle), Running)
        else:
            assert gone_soon(stand, started.handle)
            assert definition(stand) == before
    with stand.open() as session:
        engine = session.engine(started.handle.engine)
        handle = started.handle
        if stand.outlives:
            answer = engine.look(handle, stand.work)
        else:
            prepared = engine.prepare(stand.work, handle)
            assert isinstance(prepared, Handle), prepared
            handle, answer = prepared, engine.start(prepared, stand.work)
        taken_up = Begun(engine, handle, stand.work, answer)
        assert taken_up.end() in (Applied(), Gone())
        assert session.definition(USERS) != before


@pytest.mark.invariant("ST-10")
def test_what_was_killed_is_gone_and_nobody_claims_to_know_more(stand: Stand) -> None:
    before = definition(stand)
    with stand.open() as session, stand.slow():
        started = begun(stand, session)
        stand.kill()
        if not stand.survives_kill:
            assert isinstance(started.end(), Unknown | Gone)
            assert gone_soon(stand, started.handle)
        assert isinstance(seen_by_another(stand, started.handle), Running) is stand.survives_kill
    assert definition(stand) == before


@pytest.mark.parametrize("by_another", [False, True], ids=["by its own", "by another"])
def test_what_is_stopped_ends_without_an_effect(stand: Stand, *, by_another: bool) -> None:
    before = definition(stand)
    with stand.open() as session, stand.open() as other, stand.slow():
        started = begun(stand, session)
        assert isinstance(started.look(), Running)
        stopping = other if by_another else session
        stopping.engine(started.handle.engine).stop(started.handle, stand.work)
        assert isinstance(started.end(), Failed)
    assert definition(stand) == before


def test_a_handle_of_another_version_says_nothing(stand: Stand) -> None:
    with stand.open() as session, stand.slow():
        started = begun(stand, session)
        other = replace(started.handle, version=99)
        answer = session.engine(other.engine).look(other, stand.work)
        assert isinstance(answer, Unknown | Gone)
        started.engine.stop(started.handle, stand.work)
        assert isinstance(started.end(), Failed)


def test_it_slows_down_when_told_to_if_it_can(stand: Stand) -> None:
    with stand.open() as session, stand.slow():
        started = begun(stand, session)
        can = TRAITS[stand.engine].slows_down
        assert started.engine.throttle(started.handle, stand.work, "lag of a replica") is can
        if can:
            answer = started.look()
            assert isinstance(answer, Running)
            assert answer.progress.throttled_by
            assert started.engine.throttle(started.handle, stand.work, "")
        started.engine.stop(started.handle, stand.work)
        assert isinstance(started.end(), Failed)


def test_what_was_given_up_leaves_nothing(stand: Stand) -> None:
    before = tables(stand)
    with stand.open() as session:
        with stand.slow():
            started = begun(stand, session)
            assert isinstance(started.look(), Running)
            started.engine.stop(started.handle, stand.work)
            assert isinstance(started.end(), Failed)
        assert started.engine.discard(started.handle, stand.work) is None
        assert started.engine.discard(started.handle, stand.work) is None, "asked again"
    assert tables(stand) == before


def tables(stand: Stand) -> set[str]:
    with stand.open() as session:
        return {about.name for about in session.definitions()}
