"""Requests from other processes that meet each other, or a driver that begins just then."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, cast

import pytest

from reconciler import __version__
from reconciler.ledger.reasons import EndedMeanwhile, NothingNewStarts
from reconciler.ledger.resumes import NotKnownHere
from reconciler.ledger.states import ApplyState, RequestKind, RequestState, UnknownKind
from reconciler.outcomes.apply import ApplyVerdict, ControlOutcome
from reconciler.plan.model import PlannedStatement
from reconciler.ports.ledger import Ledger
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.watching import asked


class Meanwhile:
    """The ledger; right before it is next asked for `method`, somebody else does something."""

    def __init__(self, ledger: Ledger, method: str, somebody: Callable[[], object]) -> None:
        self._ledger = ledger
        self._method = method
        self._somebody: Callable[[], object] | None = somebody

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ledger, name)
        if name == self._method and (somebody := self._somebody):
            self._somebody = None
            somebody()
        return found


def left_behind(rollout: RolloutSpec) -> Simulation:
    """An apply whose driver was killed while it ran."""
    plan = plan_for(rollout)
    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))
    assert sim.is_killed(Fate(kill_at=9))
    sim.fleet.clock.sleep(60)
    return sim


class Later(StrEnum):
    """What a later version may ask."""

    FREEZE = "freeze"


@pytest.mark.invariant("RG-86")
def test_what_a_later_version_asks_is_refused_by_name_and_the_apply_goes_on() -> None:
    sim = left_behind(RolloutSpec(parallel=1))
    kind = cast("RequestKind", Later.FREEZE)
    later = sim.ledger.ask(1, kind, asked_by="a person", now_s=sim.fleet.clock.now_s())
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    (found,) = (one for one in sim.ledger.requests(1) if one.request_id == later.request_id)
    assert (found.kind, found.state) == (UnknownKind("freeze"), RequestState.REFUSED)
    assert found.answer == NotKnownHere("freeze", __version__)


@pytest.mark.invariant("ST-4")
def test_two_people_who_end_an_abandoned_apply_at_once_both_get_an_answer() -> None:
    sim = left_behind(RolloutSpec(parallel=1))
    others: list[ControlOutcome] = []
    between = Meanwhile(
        sim.ledger, "take_over", lambda: others.append(asked(sim, RequestKind.CANCEL))
    )
    answer = asked(sim, RequestKind.CANCEL, between)
    assert [other.state for other in others] == [RequestState.APPLIED]
    assert answer.state is RequestState.REFUSED
    assert answer.answer == EndedMeanwhile()
    (apply,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    assert apply.state is ApplyState.CANCELLED
    assert not sim.ledger.requests(apply.apply_id, RequestState.PENDING)


@pytest.mark.parametrize("kind", list(RequestKind))
def test_a_driver_that_takes_an_apply_up_just_then_is_not_pushed_aside(kind: RequestKind) -> None:
    sim = left_behind(RolloutSpec(parallel=1))

    def resume() -> None:
        lease = sim.ledger.take_over(1, holder="the driver", now_s=sim.fleet.clock.now_s())
        (request,) = sim.ledger.requests(lease.apply_id, RequestState.PENDING)
        sim.ledger.answer(request.request_id, RequestState.APPLIED, NothingNewStarts())

    answer = asked(sim, kind, Meanwhile(sim.ledger, "take_over", resume))
    lease = sim.ledger.lease("production", "commerce")
    assert answer.answer == NothingNewStarts()
    assert lease is not None
    assert lease.holder == "the driver"


def test_a_request_that_comes_too_late_is_refused_and_not_left_open() -> None:
    """Whoever made it may be gone as well."""
    rollout = RolloutSpec(parallel=1)
    plan = plan_for(rollout)
    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))

    def answer(shard: str, statement: PlannedStatement) -> None:
        sent = sum(len(shard.sent) for shard in sim.fleet.shards.values())
        if sent == len(plan.core.change_sets[0].statements) * len(sim.fleet.shards):
            sim.ledger.ask(1, RequestKind.STOP, asked_by="a person", now_s=0.0)

    sim.fleet.answer = answer
    sim.fleet.clock.asleep = lambda seconds: None  # no time to listen
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert [(request.state, request.answer) for request in sim.ledger.requests(1)] == [
        (RequestState.REFUSED, EndedMeanwhile())
    ]
