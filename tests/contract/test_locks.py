"""What held locks promise, asked of the simulation and of a real server: every proof that a rollout
stops where its lock is gone rests on both being alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from reconciler.edges.clock import SystemClock
from reconciler.edges.mysql.locks import MysqlShardLocks, lock_name
from reconciler.edges.server.process import RunningServer
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.edges.workers import ThreadWorkers
from reconciler.ports.shards import HeldLocks
from reconciler.spec.model import RolloutSpec, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.sim.fleet import SimFleet, SimLocks
from tests.sim.plans import plan_for
from tests.vitess import Vitess, over_vtgate

pytestmark = pytest.mark.invariant("ST-16")


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The locks of one shard, and how they are taken away from whoever holds them."""

    locks: HeldLocks
    shard: str
    take_away: Callable[[], None]


@pytest.fixture(
    params=[
        "simulated",
        "mysql_server",
        "mariadb_server",
        pytest.param("vitess", marks=pytest.mark.vitess),
    ]
)
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Iterator[Stand]:
    if request.param == "simulated":
        yield simulated()
        return
    if request.param == "vitess":
        yield from on_vitess(request.getfixturevalue("vitess"))
        return
    server: RunningServer = request.getfixturevalue(request.param)
    database = fresh_database(server)
    shard = ShardSpec(name="-40", connection=connection_to(server, database))
    locks = MysqlShardLocks(environ={}, root=ROOT, clock=SystemClock(), workers=ThreadWorkers())

    def kill_the_holder() -> None:
        with admin_cursor(server, "mysql") as cursor:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [lock_name(database)])
            ((holder,),) = cursor.fetchall()
            cursor.execute(f"KILL {holder}")

    with locks.take([shard], keyspace="commerce", holder="a test") as held:
        yield Stand(locks=held, shard="-40", take_away=kill_the_holder)


def on_vitess(vitess: Vitess) -> Iterator[Stand]:
    keyspace = vitess.keyspace(shards=1)
    database = vitess.tablet(keyspace, "-").database

    def kill_the_holder() -> None:
        asked = f"SELECT IS_USED_LOCK('{lock_name(database)}')"
        ((holder,),) = vitess.on_server(keyspace, "-", asked)
        vitess.on_server(keyspace, "-", f"KILL {holder}")

    locks = MysqlShardLocks(
        environ={}, root=ROOT, clock=SystemClock(), workers=ThreadWorkers(), reach=OverVtgate()
    )
    with locks.take([over_vtgate(vitess, keyspace)], keyspace=keyspace, holder="a test") as held:
        yield Stand(locks=held, shard="-", take_away=kill_the_holder)


def simulated() -> Stand:
    fleet = SimFleet(plan_for(RolloutSpec(), tables=("users",), each=1))

    def take_away() -> None:
        fleet.is_locked = False

    return Stand(locks=SimLocks(fleet), shard=next(iter(fleet.shards)), take_away=take_away)


def test_a_lock_is_held_as_often_as_one_asks(stand: Stand) -> None:
    assert [stand.locks.is_held(stand.shard) for _ in range(3)] == [True, True, True]


def test_a_shard_that_was_never_locked_is_not_held(stand: Stand) -> None:
    assert not stand.locks.is_held("another")


def test_a_lock_that_was_taken_away_is_not_held_and_does_not_come_back(stand: Stand) -> None:
    stand.take_away()
    assert not stand.locks.is_held(stand.shard)
    assert not stand.locks.is_held(stand.shard)
