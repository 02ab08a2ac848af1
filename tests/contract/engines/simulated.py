"""The engine that simulated rollouts are driven with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from reconciler.model.engine import EngineName
from reconciler.model.server import ServerError
from reconciler.ports.engine import Failed
from reconciler.spec.model import Connection, RolloutSpec, ShardSpec
from tests.contract.engines.stand import REFUSED, Stand, work_of
from tests.sim.fleet import Fate, Online, SimFleet, SimSessions
from tests.sim.plans import plan_for

NO_SUCH_COLUMN = Failed(error=ServerError(number=1091, message="no such column"), transient=False)


def simulated() -> Stand:
    plan = plan_for(RolloutSpec(), tables=("users",), each=1)
    (change,) = plan.core.change_sets[0].statements
    refused = replace(change, sql=REFUSED)
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
        engine=EngineName.SPIRIT,
        sessions=SimSessions(fleet, Fate()),
        shard=ShardSpec(name=name, connection=Connection(host="-40.example")),
        work=work_of(change),
        refused=work_of(refused),
        slow=slow,
        kill=fleet.shards[name].copies.clear,
    )
